package report_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
	"wcme/deploy/lab"
)

// listen returns a datagram socket, and what reads n datagrams from it.
func listen(t *testing.T, path string) (*net.UnixConn, func(n int) []string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, func(n int) (all []string) {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		buffer := make([]byte, 1<<16)
		for range n {
			size, err := conn.Read(buffer)
			if err != nil {
				t.Fatalf("%v after %d of %d lines", err, len(all), n)
			}
			all = append(all, string(buffer[:size]))
		}
		return all
	}
}

// more tells whether there is another datagram.
func more(conn *net.UnixConn) bool {
	conn.SetReadDeadline(time.Unix(1, 0))
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	found := false
	raw.Control(func(fd uintptr) { found = waits(int(fd)) })
	return found
}

// consoled returns a reporter that writes to the sockets.
func consoled(syslog, journal string, facilities ...string) (*report.Reporter, *logged) {
	log := &logged{}
	s := report.Settings{Host: "web1.example.org", Opcom: facilities, Syslog: syslog, Journal: journal}
	return report.New(s, newSpool(), log.logger()), log
}

func TestSystemLogGetsALineForEachEventAndFacility(t *testing.T) {
	path := socketPath(t)
	conn, lines := listen(t, path)
	r, log := consoled(path, socketPath(t), "daemon", "LOCAL7")
	at := time.Date(2026, 11, 2, 3, 4, 5, 0, time.Local)
	trouble := acmecore.Event{Kind: acmecore.EventFailed, At: at, Subject: "a", Cause: "connection", Text: "the CA could not reach a", Hint: "is port 80 open?", Next: at}
	if err := r.Tell(trouble, acmecore.Event{Kind: acmecore.EventRenewed, At: at, Subject: "b"}, trouble); err != nil {
		t.Fatal(err)
	}
	pid := os.Getpid()
	want := []string{
		fmt.Sprintf("<27>Nov  2 03:04:05 wcme[%d]: a failed: the CA could not reach a; cause: connection; next try 2026-11-02 03:04:05; hint: is port 80 open?", pid),
		fmt.Sprintf("<187>Nov  2 03:04:05 wcme[%d]: a failed: the CA could not reach a; cause: connection; next try 2026-11-02 03:04:05; hint: is port 80 open?", pid),
		fmt.Sprintf("<30>Nov  2 03:04:05 wcme[%d]: b renewed", pid),
		fmt.Sprintf("<190>Nov  2 03:04:05 wcme[%d]: b renewed", pid),
	}
	if got := lines(4); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if more(conn) || log.String() != "" {
		t.Errorf("got another line, or the log %q, want no more", log)
	}
}

func TestPrioritiesSayHowBadItIs(t *testing.T) {
	path := socketPath(t)
	_, lines := listen(t, path)
	for kind, want := range map[acmecore.EventKind]string{acmecore.EventRenewed: "<30>", acmecore.EventRecovered: "<29>", acmecore.EventFailed: "<27>",
		acmecore.EventNotServed: "<27>", acmecore.EventExpiring: "<28>", acmecore.EventCrashed: "<28>", acmecore.EventNotice: "<28>"} {
		r, _ := consoled(path, socketPath(t), "daemon")
		skip := 0
		if kind == acmecore.EventRecovered {
			skip = 1
			tell(t, r, failed("a", "dns"))
		}
		tell(t, r, event(kind, "a"))
		if got := lines(skip + 1)[skip]; !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, want %s", kind, got, want)
		}
	}
}

func TestJournalIsPreferred(t *testing.T) {
	syslog, journal := socketPath(t), socketPath(t)
	conn, _ := listen(t, syslog)
	_, entries := listen(t, journal)
	r, _ := consoled(syslog, journal, "local0")
	trouble := failed("www_example_org", "dns")
	trouble.Run, trouble.Next = "20000101-1", time.Time{}
	tell(t, r, trouble)
	want := fmt.Sprintf("MESSAGE=www_example_org failed: the CA could not reach www_example_org; cause: dns; hint: is port 80 open?\nPRIORITY=3\nSYSLOG_FACILITY=16\n"+
		"SYSLOG_IDENTIFIER=wcme\nSYSLOG_PID=%d\nWCME_EVENT=failed\nWCME_CERTIFICATE=www_example_org\nWCME_RUN=20000101-1\n", os.Getpid())
	if got := entries(1)[0]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if more(conn) {
		t.Error("got a line in the system log too, want it in the journal alone")
	}
}

// TestSystemLogThatIsAway is M09, but for the log file.
func TestSystemLogThatIsAway(t *testing.T) {
	t.Run("M09 absent: said once, and nothing waits for it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			path := socketPath(t)
			r, log := consoled(path, path, "daemon")
			began := time.Now()
			for _, subject := range []string{"a", "b", "c"} {
				tell(t, r, failed(subject, "dns"))
			}
			if took := time.Since(began); took != 0 { // in virtual time
				t.Errorf("got an end after %s, want it at once", took)
			}
			if got := strings.Count(log.String(), "takes no lines"); got != 1 || !strings.Contains(log.String(), "hint=") {
				t.Errorf("got the log %q, want one line with a hint", log)
			}
		})
	})
	t.Run("M09 restarted: found again", func(t *testing.T) {
		path := socketPath(t)
		conn, lines := listen(t, path)
		r, log := consoled(path, socketPath(t), "daemon")
		tell(t, r, failed("a", "dns"))
		lines(1)
		conn.Close()
		tell(t, r, failed("b", "dns"))
		os.Remove(path)
		tell(t, r, failed("c", "dns"))
		_, lines = listen(t, path)
		tell(t, r, failed("d", "dns"))
		if got := lines(1)[0]; !strings.Contains(got, ": d failed") {
			t.Errorf("got %q, want the one on d", got)
		}
		if got := strings.Count(log.String(), "takes no lines"); got != 1 || !strings.Contains(log.String(), "takes lines again") {
			t.Errorf("got the log %q, want one line at the beginning and one at the end", log)
		}
	})
	t.Run("M09 full: given up after a second", func(t *testing.T) {
		path := socketPath(t)
		listen(t, path) // and nobody reads
		r, log := consoled(path, socketPath(t), "daemon", "local0", "local1", "local2")
		var events []acmecore.Event
		for i := range 1000 {
			events = append(events, failed(fmt.Sprint("c", i), "dns"))
		}
		began := time.Now()
		tell(t, r, events...)
		if took := time.Since(began); took < time.Second || took > time.Minute { // a second for each line would be ten minutes
			t.Errorf("got an end after %s, want it after a second", took)
		}
		if got := strings.Count(log.String(), "takes no lines"); got != 1 || !strings.Contains(log.String(), "i/o timeout") {
			t.Errorf("got the log %q, want one line, on a time that is over", log)
		}
	})
}

func TestSystemLogGetsACountOfManyEvents(t *testing.T) {
	path := socketPath(t)
	_, lines := listen(t, path)
	r, _ := consoled(path, socketPath(t), "daemon")
	r.SetOpcomTime(time.Minute) // the reader is no daemon that always has a processor
	var events []acmecore.Event
	for i := range 10_000 {
		events = append(events, failed(fmt.Sprint("c", i), "dns"))
	}
	told := make(chan error, 1)
	go func() { told <- r.Tell(events...) }()
	got := lines(201)
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got[200], "9800 events more") {
		t.Errorf("M07: got %q at last, want the count of the others", got[200])
	}
}

func TestNoneDisablesTheOperatorConsole(t *testing.T) {
	path := socketPath(t)
	conn, _ := listen(t, path)
	r, log := consoled(path, socketPath(t), "daemon", "none")
	tell(t, r, failed("a", "dns"))
	if more(conn) || log.String() != "" {
		t.Errorf("got a line, or the log %q, want neither", log)
	}
	if _, err := r.TestOpcom(t.Context()); acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("got %v, want it to say that nothing is configured", err)
	}
}

func TestRefusedMailIsToldOnTheOperatorConsole(t *testing.T) {
	path := socketPath(t)
	conn, lines := listen(t, path)
	r, _, _, _ := sendmail(t, "echo no such user; exit 67")
	s := report.Settings{Host: "web1", Opcom: []string{"mail"}, Syslog: path, Journal: socketPath(t), Webhooks: nil,
		Mail: report.Mail{To: []string{"gone@example.org"}, Sendmail: "/bin/false"}}
	program := t.TempDir() + "/sendmail"
	lab.WriteProgram(t, program, []byte("#!/bin/sh\necho no such user; exit 67\n"))
	s.Mail.Sendmail = program
	r.Configure(s)
	tell(t, r, failed("a", "dns"))
	got := lines(2)
	if !regexp.MustCompile(`<20>.*a report was refused: .*no such user; next try `).MatchString(got[1]) {
		t.Errorf("got %q, want it to say that the mail was refused", got[1])
	}
	r.Configure(s)
	if _, err := r.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if more(conn) {
		t.Error("got another line after the same refusal, want one")
	}
}

func TestTestOpcomSaysWhoTookTheLine(t *testing.T) {
	path := socketPath(t)
	_, lines := listen(t, path)
	r, _ := consoled(path, socketPath(t), "daemon", "cron", "operator")
	steps, err := r.TestOpcom(t.Context())
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "operator") {
		t.Errorf("got %v, want it to name the facility that there is not", err)
	}
	if len(steps) != 3 || steps[0].Subject != "daemon" || steps[0].Text != "a line was taken by the system log" || steps[0].Stage != "opcom" {
		t.Errorf("got %+v, want a step for each facility", steps)
	}
	for i, want := range []string{"<28>", "<76>"} {
		if got := lines(1)[0]; !strings.HasPrefix(got, want) || !strings.Contains(got, "this is a test") {
			t.Errorf("line %d: got %q, want %s and the test", i, got, want)
		}
	}
}

func TestCheckFacility(t *testing.T) {
	for _, name := range []string{"daemon", "DAEMON", "auth", "authpriv", "cron", "ftp", "lpr", "mail", "news", "syslog", "user", "uucp", "local0", "local7", "none", "NONE"} {
		if err := report.CheckFacility(name); err != nil {
			t.Errorf("%q: got %v, want it known", name, err)
		}
	}
	for _, name := range []string{"", "kern", "local8", "local", "central", "daemon ", "\n"} {
		if err := report.CheckFacility(name); err == nil || acmecore.HintOf(err) == "" {
			t.Errorf("%q: got %v, want it refused with a hint", name, err)
		}
	}
}
