package report_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
	"wcme/deploy/lab"
)

// sendmail writes a program that stands for sendmail, and returns a reporter that
// mails by it. In the program, $DIR is a directory of the test's own.
func sendmail(t *testing.T, program string) (r *report.Reporter, spool *spool, log *logged, dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "sendmail")
	lab.WriteProgram(t, path, []byte("#!/bin/sh\nDIR="+dir+"\n"+program+"\n"))
	spool, log = newSpool(), &logged{}
	s := report.Settings{Host: "web1.example.org", Mail: report.Mail{To: []string{"root", "system@example.org"}, Sendmail: path}}
	return report.New(s, spool, log.logger()), spool, log, dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestSendmailGetsTheMail(t *testing.T) {
	t.Setenv("WCME_PASSWORD", "in the environment")
	r, spool, _, dir := sendmail(t, `for last; do :; done; printf '%s\n' "$@" >$DIR/args.$last; cat >$DIR/mail.$last; env >$DIR/env; pwd >$DIR/pwd`)
	tell(t, r, failed("a", "dns"))
	if names := spool.names("mail"); len(names) != 0 {
		t.Errorf("got %q in the spool, want nothing", names)
	}
	for to, header := range map[string]string{"root": "<root@web1.example.org>", "system@example.org": "<system@example.org>"} {
		if got, want := read(t, filepath.Join(dir, "args."+to)), "-i\n-f\nwcme@web1.example.org\n--\n"+to+"\n"; got != want {
			t.Errorf("got the arguments %q, want %q", got, want)
		}
		text := read(t, filepath.Join(dir, "mail."+to))
		if strings.Contains(text, "\r") {
			t.Errorf("got CR in %q, want lines of Unix", text)
		}
		if got := decode(t, text); got.header.Get("To") != header || got.subject != "wcme web1.example.org: a failed" || !strings.Contains(got.text, "hint: is port 80 open?") {
			t.Errorf("got %+v, want the report", got)
		}
	}
	if got := read(t, filepath.Join(dir, "env")); strings.Contains(got, "in the environment") || !strings.Contains(got, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n") {
		t.Errorf("got the environment %q, want a fixed one", got)
	}
	if got := read(t, filepath.Join(dir, "pwd")); got != "/\n" {
		t.Errorf("got the directory %q, want the root", got)
	}
}

func TestSendmailThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		program string
		kind    acmecore.Kind
		want    string
	}{
		"M03 no such user":        {`echo "root... User unknown"; exit 67`, acmecore.Refused, "exit status 67: root... User unknown"},
		"M03 later":               {"echo queue is full >&2; exit 75", acmecore.Limited, "queue is full"},
		"M08 not configured":      {"exit 78", acmecore.Limited, "exit status 78"},
		"killed":                  {"kill -9 $$", acmecore.Limited, "killed"},
		"reads nothing":           {"exec <&-; exit 1", acmecore.Limited, "exit status 1"},
		"says too much":           {"head -c 10000000 /dev/zero | tr '\\0' x; exit 1", acmecore.Limited, "exit status 1: xxx"},
		"says control characters": {`printf 'a\033[31mb\r\nc'; exit 1`, acmecore.Limited, "exit status 1: a?[31mb  c"},
	} {
		t.Run(name, func(t *testing.T) {
			r, spool, _, _ := sendmail(t, test.program)
			_, err := r.TestMail(t.Context())
			if err == nil || acmecore.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.want) || acmecore.HintOf(err) == "" {
				t.Errorf("got %v, %s, want %q, %s and a hint", err, acmecore.KindOf(err), test.want, test.kind)
			}
			if len(err.Error()) > 4096 {
				t.Errorf("got an error of %d bytes, want it short", len(err.Error()))
			}
			tell(t, r, failed("a", "dns"))
			if names := spool.names("mail"); len(names) != 2 {
				t.Errorf("got %q in the spool, want the reports to wait", names)
			}
		})
	}
}

func TestSendmailIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		mode os.FileMode
		kind acmecore.Kind
		hint string
	}{
		"M08 missing":       {0, acmecore.NotFound, "install a mail system"},
		"M08 cannot be run": {0o600, acmecore.Denied, "may the overseer's user run it"},
	} {
		t.Run(name, func(t *testing.T) {
			r, spool, log, dir := sendmail(t, "")
			path := filepath.Join(dir, "sendmail")
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			if test.mode == 0 {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			tell(t, r, failed("a", "dns"))
			if names := spool.names("mail"); len(names) != 2 || !strings.Contains(log.String(), test.hint) {
				t.Errorf("got %q in the spool and the log %q, want the reports to wait and a hint", names, log)
			}
			if _, err := r.TestMail(t.Context()); acmecore.KindOf(err) != test.kind || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, %s, want %s and the path", err, acmecore.KindOf(err), test.kind)
			}
		})
	}
}

// TestSendmailThatHangs is M02 for the local mail system: what it has started ends
// with it. A FIFO tells when the last of them is gone.
func TestSendmailThatHangs(t *testing.T) {
	r, _, _, dir := sendmail(t, `exec 3>$DIR/alive; (read x <$DIR/never); exit 0`)
	for _, name := range []string{"alive", "never"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := r.TestMail(ctx)
		result <- err
	}()
	alive, err := os.Open(filepath.Join(dir, "alive")) // which waits for the program
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	cancel()
	if err := <-result; err == nil {
		t.Error("got no error, want one of the end")
	}
	alive.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadAll(alive); err != nil {
		t.Errorf("got %v, want all that it has started gone", err)
	}
}
