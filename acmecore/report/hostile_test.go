package report_test

import (
	"fmt"
	"math/rand/v2"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"wcme/acmecore"
	"wcme/acmecore/report"
)

// hostile makes texts of what is dangerous somewhere: ends of lines, headers,
// escapes of terminals, other directions, the markup of logs, mails and chats.
func hostile(random *rand.Rand) string {
	parts := []string{"\r\n", "\n", "\r", "\x00", "\x1b[2J", "\u202e", "\u2028", "\u0085", "\x7f", "\xff\xfe", "\r\nBcc: victim@example.org", "\r\n\r\n.\r\nMAIL FROM:<x@y>",
		"\n.\n", "=?utf-8?q?=0D=0ABcc:_x?=", "<13>Jan  1 00:00:00 sshd[1]: Accepted", "\nPRIORITY=0\n", "MESSAGE\n\x05\x00\x00\x00\x00\x00\x00\x00", "<script>", "@everyone",
		"%s%n%d", "\"", "\\", "'; rm -rf /", "-oQ/tmp", "a", " ", "\t", "é", "日本", strings.Repeat("x", 300), "$(id)", "`id`"}
	var b strings.Builder
	for range random.IntN(12) {
		b.WriteString(parts[random.IntN(len(parts))])
	}
	return b.String()
}

// hostileEvent has something hostile in each field.
func hostileEvent(random *rand.Rand, kind acmecore.EventKind) acmecore.Event {
	return acmecore.Event{Kind: kind, Subject: hostile(random), Cause: hostile(random), Text: hostile(random), Hint: hostile(random),
		Lines: []string{hostile(random), hostile(random)}, Run: hostile(random)}
}

// plainLine matches what one line of a system log may be.
var plainLine = regexp.MustCompile(`^<\d{1,3}>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d wcme\[\d+\]: [^\n\r\x00]*$`)

// TestHostileTextIsOneLine is M05 and T8: 10,000 events, as many lines.
func TestHostileTextIsOneLine(t *testing.T) {
	const number, batch = 10_000, 200
	random := rand.New(rand.NewPCG(1, 2))
	path := socketPath(t)
	conn, lines := listen(t, path)
	told := make(chan error, 1)
	for i := range number / batch {
		r, log := consoled(path, socketPath(t), "daemon")
		r.SetOpcomTime(time.Minute) // the reader is no daemon that always has a processor
		var events []acmecore.Event
		for j := range batch {
			events = append(events, hostileEvent(random, acmecore.EventKind(fmt.Sprint("failed ", i*batch+j))))
		}
		go func() { told <- r.Tell(events...) }() // a socket holds few lines that nobody has read
		for _, line := range lines(batch) {
			checkLine(t, line)
		}
		if err := <-told; err != nil {
			t.Fatal(err)
		}
		if more(conn) || log.String() != "" {
			t.Fatalf("got more than %d lines, or the log %q", batch, log)
		}
	}
}

func checkLine(t *testing.T, line string) {
	t.Helper()
	bad := func(r rune) bool { return !unicode.IsPrint(r) }
	if !plainLine.MatchString(line) || strings.ContainsFunc(line, bad) || len(line) > 1024 {
		t.Fatalf("got %q, want one line of printable text, of 1024 bytes at most", line)
	}
}

// TestHostileTextIsOneEntryOfTheJournal has each field in its place.
func TestHostileTextIsOneEntryOfTheJournal(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	path := socketPath(t)
	_, entries := listen(t, path)
	r, _ := consoled(path, path, "daemon")
	names := regexp.MustCompile(`^MESSAGE=[^\n]*\nPRIORITY=4\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=wcme\nSYSLOG_PID=\d+\nWCME_EVENT=[^\n]*\nWCME_CERTIFICATE=[^\n]*\n(WCME_RUN=[^\n]*\n)?$`)
	for i := range 300 {
		if err := r.Tell(hostileEvent(random, acmecore.EventKind(fmt.Sprint(hostile(random), i)))); err != nil {
			t.Fatal(err)
		}
		if got := entries(1)[0]; !names.MatchString(got) {
			t.Fatalf("got %q, want each field once", got)
		}
	}
}

// TestHostileTextAddsNoHeader is M05 for mail, in each field of the settings too.
func TestHostileTextAddsNoHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(5, 6))
		server := &mailServer{}
		r, _, _ := mailed(t, server, nil)
		const number = 200
		for i := range number {
			events := []acmecore.Event{hostileEvent(random, acmecore.EventKind(fmt.Sprint("failed ", i)))}
			for j := range i % 7 {
				events = append(events, hostileEvent(random, acmecore.EventKind(fmt.Sprint(hostile(random), i, j))))
			}
			tell(t, r, events...)
		}
		if len(server.mails) != number {
			t.Errorf("got %d mails, want %d", len(server.mails), number)
		}
		for _, mail := range server.mails {
			checkMail(t, mail)
		}
	})
}

// headers are all that a mail has.
var headers = []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}

func checkMail(t *testing.T, got received) {
	t.Helper()
	for line := range strings.SplitSeq(got.text, "\r\n") {
		if bad := func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }; strings.ContainsFunc(line, bad) || len(line) > 998 {
			t.Fatalf("got the line %q, want printable ASCII", line)
		}
	}
	parsed, err := mail.ReadMessage(strings.NewReader(got.text))
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.Header) != len(headers) {
		t.Fatalf("got the headers %v, want %q", parsed.Header, headers)
	}
	for _, name := range headers {
		if len(parsed.Header[name]) != 1 {
			t.Fatalf("got %s: %q, want it once", name, parsed.Header[name])
		}
	}
	if strings.Count(got.from, "<") != 1 || strings.Count(got.to, "<") != 1 || strings.Contains(got.to, "victim") {
		t.Fatalf("got %q, %q, want one sender and one recipient", got.from, got.to)
	}
}

func TestHostileHostAddsNoHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(7, 8))
		for range 100 {
			server := &mailServer{}
			r, _, log := mailed(t, server, func(s *report.Settings) { s.Host = hostile(random) })
			tell(t, r, failed("a", "dns"))
			if len(server.mails) != 1 {
				t.Fatalf("got %d mails and the log %q, want 1", len(server.mails), log)
			}
			checkMail(t, server.mails[0])
		}
	})
}

func TestHostileAddressIsRefused(t *testing.T) {
	for _, address := range []string{"", "-oQ/tmp", "-oQ/tmp@example.org", "a@example.org\r\nBcc: victim@example.org", "a b@example.org", "a@example.org,b@example.org",
		"\"a\\\"b\"@example.org", "\"a b\"@example.org", "a@exam\x00ple.org", "<a@example.org> SIZE=1", "a@[192.0.2.1]\n", "é@example.org", "a@exämple.org", ".a", "a;b",
		"|/bin/sh", "/etc/passwd", ":include:/etc/passwd", strings.Repeat("a", 65), "$(id)@example.org\t", "a@b>c"} {
		if err := report.CheckAddress(address); err == nil || acmecore.HintOf(err) == "" || strings.ContainsAny(err.Error(), "\r\n\x00") {
			t.Errorf("%q: got %v, want it refused with a hint, on one line", address, err)
		}
		synctest.Test(t, func(t *testing.T) {
			server := &mailServer{}
			r, spool, _ := mailed(t, server, func(s *report.Settings) { s.Mail.To = []string{address} })
			tell(t, r, failed("a", "dns"))
			r.Configure(report.Settings{Mail: report.Mail{To: []string{"a@example.org"}, From: address + " ", Server: "mail.example.org"}})
			if address != "" && (server.dialed != 0 || len(spool.kept) != 1) {
				t.Errorf("%q: got %d connections, want none", address, server.dialed)
			}
		})
	}
	for _, address := range []string{"root", "wcme-admin", "a@example.org", "The Crew <a@example.org>", "a+b.c@example.org", "a@[192.0.2.1]"} {
		if err := report.CheckAddress(address); err != nil {
			t.Errorf("%q: got %v, want it taken", address, err)
		}
	}
}

// TestHostileTextIsNoArgument has hostile events reach a program.
func TestHostileTextIsNoArgument(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	r, spool, log, dir := sendmail(t, `printf '%s\n' "$@" >>$DIR/args; cat >/dev/null`)
	for range 10 {
		tell(t, r, hostileEvent(random, acmecore.EventFailed))
	}
	got := read(t, filepath.Join(dir, "args"))
	for _, to := range []string{"root", "system@example.org"} {
		got = strings.ReplaceAll(got, "-i\n-f\nwcme@web1.example.org\n--\n"+to+"\n", "")
	}
	if got != "" || len(spool.kept) != 0 {
		t.Errorf("got the arguments %q and the log %q, want nothing of the events in them", got, log)
	}
}

// TestNoSecretInWhatIsTold is I6: what the settings hold is in no message, no log
// and not in the spool.
func TestNoSecretInWhatIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, to := &mailServer{}, &hooks{}
		r, spool, log := mailed(t, server, func(s *report.Settings) {
			signIn(s)
			s.Webhooks = []string{hook, "https://other.example/T0SECRET"}
		})
		r.SetTransport(to)
		kept := ""
		for i, outage := range []map[string]string{{"banner": "421 busy"}, {"AUTH": "535 no " + password}, {"RCPT": "550 no"}, nil} {
			server.say = outage
			to.status = func(string) (int, error) { return []int{500, 403, 302, 200}[i], nil }
			tell(t, r, failed(fmt.Sprint("c", i), "dns"), event(acmecore.EventRenewed, fmt.Sprint("d", i)))
			for name, message := range spool.kept {
				kept += name + string(message)
			}
			synctest.Wait()
		}
		kept += string(spool.told) + log.String() + fmt.Sprint(server.mails, to.got)
		for _, secret := range []string{password, "T0SECRET", "xyzzy", "PRIVATE KEY"} {
			if strings.Contains(kept, secret) {
				t.Errorf("got %q in what was kept, logged or sent, want it nowhere", secret)
			}
		}
		if len(server.mails) == 0 || len(to.got) == 0 {
			t.Errorf("got %d mails and %d messages, want some", len(server.mails), len(to.got))
		}
	})
}

// FuzzSpool has a spool whose files were damaged: nothing of it ends the reporter,
// and what is news is told all the same.
func FuzzSpool(f *testing.F) {
	f.Add([]byte(`{"format":1,"serial":3,"told":{"a":{"b":{"kind":"failed","at":"2020-01-01T00:00:00Z"}}}}`), []byte(`{"format":1,"channel":"webhook","target":"x","tries":3}`))
	f.Add([]byte(`{"format":1,"told":{"a":null}}`), []byte(`{"format":1,"channel":"mail","target":"root","next":"9999-01-01T00:00:00Z","events":[{}]}`))
	f.Add([]byte(nil), []byte("\x00"))
	dir := f.TempDir()
	program := filepath.Join(dir, "sendmail")
	if err := os.WriteFile(program, []byte("#!/bin/false\n"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, told, message []byte) {
		spool, to := newSpool(), &hooks{}
		spool.told, spool.kept["19990101T000000-000000000-x-mail-y"] = told, message
		s := settings()
		s.Mail = report.Mail{To: []string{"root"}, Sendmail: program}
		r, _ := reporter(t, s, spool, to)
		tell(t, r, failed("fuzz", "news"))
		if got := to.titles(); len(got) == 0 {
			t.Error("got no report, want the one that is news")
		}
	})
}

// FuzzEvent has events of any text, on the channels whose framing text could break.
func FuzzEvent(f *testing.F) {
	random := rand.New(rand.NewPCG(11, 12))
	for range 20 {
		f.Add(hostile(random), hostile(random), hostile(random), hostile(random))
	}
	path := filepath.Join(f.TempDir(), "s")
	f.Fuzz(func(t *testing.T, host, subject, text, line string) {
		os.Remove(path)
		_, lines := listen(t, path)
		server := &mailServer{}
		r, _, _ := mailed(t, server, func(s *report.Settings) {
			s.Host, s.Opcom, s.Syslog, s.Journal = host, []string{"daemon"}, path, path+".none"
		})
		tell(t, r, acmecore.Event{Kind: acmecore.EventFailed, Subject: subject, Text: text, Lines: []string{line}})
		checkLine(t, lines(1)[0])
		server.mu.Lock()
		defer server.mu.Unlock()
		if len(server.mails) != 1 {
			t.Fatalf("got %d mails, want 1", len(server.mails))
		}
		checkMail(t, server.mails[0])
	})
}
