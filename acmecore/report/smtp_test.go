package report_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
)

// TestMailServerThatHangs is M02: each phase ends after a minute at most, and the
// report stays.
func TestMailServerThatHangs(t *testing.T) {
	for _, phase := range []string{"connect", "banner", "EHLO", "STARTTLS", "handshake", "AUTH", "MAIL", "RCPT", "DATA", "dot"} {
		t.Run("M02 "+phase, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &mailServer{hang: phase}
				r, spool, log := mailed(t, server, signIn)
				began := time.Now()
				tell(t, r, failed("a", "dns"))
				if took := time.Since(began); took > time.Minute {
					t.Errorf("got an end after %s, want it within a minute", took)
				}
				synctest.Wait()
				if server.closed != server.dialed {
					t.Errorf("got %d connections closed of %d, want all", server.closed, server.dialed)
				}
				if names := spool.names("mail"); len(names) != 1 || !strings.Contains(log.String(), "not delivered") {
					t.Errorf("got %q in the spool and the log %q, want the report to wait", names, log)
				}
			})
		})
	}
	t.Run("M02 QUIT is no failure", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := &mailServer{hang: "QUIT"}
			r, spool, _ := mailed(t, server, nil)
			began := time.Now()
			tell(t, r, failed("a", "dns"))
			if took := time.Since(began); took > 5*time.Second || len(spool.names("mail")) != 0 || len(server.mails) != 1 {
				t.Errorf("got %q in the spool and %d mails after %s, want one mail at once", spool.names("mail"), len(server.mails), took)
			}
		})
	})
}

// TestMailServerThatRefuses is M01 and M03.
func TestMailServerThatRefuses(t *testing.T) {
	const soon, late = time.Minute, 12 * time.Hour
	for name, test := range map[string]struct {
		say  map[string]string
		next time.Duration
		log  string
	}{
		"M01 no connection":            {map[string]string{"connect": "connection refused"}, soon, "connection refused"},
		"M01 no service":               {map[string]string{"banner": "554 no SMTP here"}, soon, "no SMTP here"},
		"M03 closing":                  {map[string]string{"banner": "421 too busy"}, soon, "too busy"},
		"M03 greylisted":               {map[string]string{"RCPT": "450 4.2.0 greylisted"}, soon, "recipient system@example.org: 450 4.2.0 greylisted"},
		"M03 no such user":             {map[string]string{"RCPT": "550 5.1.1 no such user"}, late, "recipient system@example.org: 550 5.1.1 no such user"},
		"M03 sender not allowed":       {map[string]string{"MAIL": "553 5.7.1 not allowed"}, late, "sender wcme@web1.example.org: 553"},
		"M03 DATA not allowed":         {map[string]string{"DATA": "554 5.7.1 no"}, late, "message: 554"},
		"M03 content later":            {map[string]string{"dot": "451 4.3.0 try again"}, soon, "message: 451"},
		"M03 content refused":          {map[string]string{"dot": "554 5.6.0 spam"}, late, "message: 554 5.6.0 spam"},
		"M08 mail loop":                {map[string]string{"dot": "554 5.4.6 too many hops"}, late, "too many hops"},
		"garbage":                      {map[string]string{"banner": "\x1b[31mSSH-2.0-OpenSSH"}, soon, "greeting"},
		"text with control characters": {map[string]string{"RCPT": "550 no\x1b[2J\x07 user"}, late, "550 no?[2J? user"},
		"says too much":                {map[string]string{"banner": strings.Repeat("220-welcome\r\n", 200_000) + "220 welcome"}, soon, "more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, spool, log := mailed(t, &mailServer{say: test.say}, nil)
				if err := r.Tell(failed("a", "dns")); err != nil {
					t.Fatal(err)
				}
				next, err := r.Deliver(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := time.Until(next); got != test.next {
					t.Errorf("got the next try in %s, want it in %s", got, test.next)
				}
				if len(spool.names("mail")) != 1 || !strings.Contains(log.String(), test.log) || !strings.Contains(log.String(), "hint=") {
					t.Errorf("got the log %q, want it to say %q with a hint, and the report to wait", log, test.log)
				}
			})
		})
	}
}

func TestOneRecipientHoldsNoOtherUp(t *testing.T) {
	for name, answer := range map[string]string{"M03 refused": "550 5.1.1 no such user", "M03 later": "450 4.2.0 greylisted"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &mailServer{say: map[string]string{"RCPT <gone@example.org>": answer}}
				r, spool, _ := mailed(t, server, func(s *report.Settings) {
					s.Mail.To = []string{"gone@example.org", "not an address", "system@example.org"}
				})
				tell(t, r, failed("a", "dns"))
				if len(server.mails) != 1 || !strings.Contains(server.mails[0].to, "<system@example.org>") {
					t.Errorf("got %v, want the mail to the one that is there", server.mails)
				}
				if names := spool.names("mail"); len(names) != 2 {
					t.Errorf("got %q in the spool, want the two others", names)
				}
			})
		})
	}
}

// TestCertificateOfTheMailServer is M04, and what comes before a password is sent.
func TestCertificateOfTheMailServer(t *testing.T) {
	for _, way := range []string{"starttls", "tls"} {
		for name, prepare := range map[string]func(t *testing.T, server *mailServer){
			"M04 of another name":  func(t *testing.T, server *mailServer) { server.tls, _ = identity(t, "other.example.org") },
			"M04 of unknown roots": func(t *testing.T, server *mailServer) { server.tls, _ = identity(t, mailHost) },
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &mailServer{fromTLS: way == "tls"}
					prepare(t, server)
					r, spool, log := mailed(t, server, func(s *report.Settings) {
						signIn(s)
						s.Mail.TLS = way
					})
					tell(t, r, failed("a", "dns"))
					if len(server.mails) != 0 || len(spool.names("mail")) != 1 || !strings.Contains(log.String(), "certificate") {
						t.Errorf("got %d mails and the log %q, want the certificate refused", len(server.mails), log)
					}
					if slices.ContainsFunc(server.seen, func(s string) bool { return strings.HasPrefix(s, "AUTH") }) {
						t.Errorf("got the commands %q, want no AUTH", server.seen)
					}
				})
			})
		}
	}
	t.Run("M04 expired", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server := &mailServer{}
			r, _, log := mailed(t, server, nil)
			time.Sleep(2 * time.Hour)
			tell(t, r, failed("a", "dns"))
			if len(server.mails) != 0 || !strings.Contains(log.String(), "expired") {
				t.Errorf("got %d mails and the log %q, want the certificate refused", len(server.mails), log)
			}
		})
	})
	t.Run("M04 STARTTLS stripped: nothing is sent in clear text", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for _, server := range []*mailServer{
				{offers: []string{"AUTH PLAIN LOGIN"}},
				{say: map[string]string{"STARTTLS": "454 not now"}},
				{say: map[string]string{"STARTTLS": "220 go ahead\r\n250 ok"}, offers: []string{"STARTTLS", "AUTH PLAIN"}},
			} {
				r, spool, log := mailed(t, server, signIn)
				tell(t, r, failed("a", "dns"))
				synctest.Wait()
				for _, line := range server.clear {
					if verb, _, _ := strings.Cut(line, " "); verb == "AUTH" || verb == "MAIL" || verb == "RCPT" || verb == "DATA" {
						t.Errorf("got %q in clear text, want nothing behind EHLO and STARTTLS", line)
					}
				}
				if len(server.mails) != 0 || len(spool.names("mail")) != 1 || !strings.Contains(log.String(), "not delivered") {
					t.Errorf("got %d mails and the log %q, want the report to wait", len(server.mails), log)
				}
			}
		})
	})
}

func TestSigningIn(t *testing.T) {
	for name, test := range map[string]struct {
		offers []string
		tls    string
		auth   string // what the server sees
		mails  int
		log    string
	}{
		"PLAIN":                         {[]string{"STARTTLS", "AUTH PLAIN"}, "starttls", "AUTH PLAIN", 1, ""},
		"LOGIN":                         {[]string{"STARTTLS", "AUTH LOGIN"}, "", "AUTH LOGIN", 1, ""},
		"CRAM-MD5 before PLAIN":         {[]string{"STARTTLS", "AUTH PLAIN LOGIN CRAM-MD5"}, "", "AUTH CRAM-MD5", 1, ""},
		"PLAIN, TLS from the beginning": {[]string{"AUTH PLAIN"}, "tls", "AUTH PLAIN", 1, ""},
		"no PLAIN in clear text":        {[]string{"AUTH PLAIN LOGIN"}, "none", "", 0, "not delivered"},
		"CRAM-MD5 in clear text":        {[]string{"AUTH PLAIN CRAM-MD5"}, "none", "AUTH CRAM-MD5", 1, ""},
		"no AUTH":                       {[]string{"STARTTLS"}, "", "", 0, "sign in"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &mailServer{offers: test.offers, fromTLS: test.tls == "tls"}
				r, _, log := mailed(t, server, func(s *report.Settings) {
					signIn(s)
					s.Mail.TLS = test.tls
				})
				tell(t, r, failed("a", "dns"))
				auth := ""
				for _, seen := range server.seen {
					if strings.HasPrefix(seen, "AUTH") {
						auth = seen
					}
				}
				if !strings.HasPrefix(auth, test.auth) || test.auth == "" && auth != "" {
					t.Errorf("got %q, want %q", auth, test.auth)
				}
				if len(server.mails) != test.mails || !strings.Contains(log.String(), test.log) {
					t.Errorf("got %d mails and the log %q, want %d and %q", len(server.mails), log, test.mails, test.log)
				}
			})
		})
	}
}

func TestWrongPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const wrong = "Tr0ub4dor&3"
		server := &mailServer{}
		r, spool, log := mailed(t, server, func(s *report.Settings) {
			s.Mail.User = "system"
			s.Mail.Password = func() (string, error) { return wrong, nil }
		})
		tell(t, r, failed("a", "dns"))
		_, err := r.TestMail(t.Context())
		if acmecore.KindOf(err) != acmecore.Denied || !strings.Contains(acmecore.HintOf(err), "password") {
			t.Errorf("got %v with the hint %q, want it denied", err, acmecore.HintOf(err))
		}
		// The server repeats what it was sent.
		for _, secret := range []string{wrong, "AHN5c3RlbQBUcjB1YjRkb3ImMw=="} {
			if strings.Contains(log.String()+err.Error(), secret) {
				t.Errorf("got %q and the log %q, want no password in it", err, log)
			}
		}
		if len(server.mails) != 0 || len(spool.names("mail")) != 1 || !strings.Contains(log.String(), "535") {
			t.Errorf("got the log %q, want the refusal in it and the report to wait", log)
		}
	})
}

func TestPasswordThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &mailServer{}
		r, spool, log := mailed(t, server, func(s *report.Settings) {
			s.Mail.User = "system"
			s.Mail.Password = func() (string, error) { return "", errors.New("permission denied") }
		})
		tell(t, r, failed("a", "dns"))
		if server.dialed != 0 || len(spool.names("mail")) != 1 || !strings.Contains(log.String(), "read the password for mail: permission denied") {
			t.Errorf("got %d connections and the log %q, want it to say what cannot be read", server.dialed, log)
		}
	})
}

// decoded is a mail as it is read.
type decoded struct {
	header        mail.Header
	subject, text string
}

func decode(t *testing.T, text string) decoded {
	t.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil {
		t.Fatal(err)
	}
	return decoded{parsed.Header, subject, strings.ReplaceAll(string(body), "\r\n", "\n")}
}

func TestMailIsReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &mailServer{}
		r, _, _ := mailed(t, server, func(s *report.Settings) { s.Mail.To = []string{"The Crew <system@example.org>", "root"} })
		trouble := failed("www_example_org", "connection")
		trouble.At, trouble.Run = time.Now(), "20000101-1"
		trouble.Text = "the CA could not reach www.example.org at 192.0.2.1: «connection refused», and it tried for a long while before it gave up"
		trouble.Lines = []string{"not after   2000-02-01", "serial      4711"}
		tell(t, r, trouble, acmecore.Event{Kind: acmecore.EventRenewed, Subject: "mail_example_org", Text: "renewed until 2000-03-31", Run: "20000101-1"})
		if len(server.mails) != 2 {
			t.Fatalf("got %d mails, want one to each recipient", len(server.mails))
		}
		got := decode(t, server.mails[0].text)
		clock := func(after time.Duration) string { return time.Now().Add(after).Format("2006-01-02 15:04:05 -07:00") } // in this host's zone
		want := `web1.example.org: 1 failed, 1 renewed.

www_example_org: failed
  the CA could not reach www.example.org at 192.0.2.1: «connection refused»,
  and it tried for a long while before it gave up
  hint: is port 80 open?
  next try: ` + clock(10*time.Minute) + `
    not after   2000-02-01
    serial      4711
  at ` + clock(0) + `, run 20000101-1

mail_example_org: renewed
  renewed until 2000-03-31
  at ` + clock(0) + `, run 20000101-1

-- 
wCME on web1.example.org. ` + "`wcme list` shows how all certificates stand.\n"
		if strings.TrimRight(got.text, "\n")+"\n" != want {
			t.Errorf("got\n%s\nwant\n%s", got.text, want)
		}
		for name, want := range map[string]string{
			"Subject": "wcme web1.example.org: 1 failed, 1 renewed", "Auto-Submitted": "auto-generated", "Precedence": "",
			"From": `"wCME" <wcme@web1.example.org>`, "To": "<system@example.org>", "Date": time.Now().Format(time.RFC1123Z),
			"Content-Type": "text/plain; charset=UTF-8", "User-Agent": "", "X-Mailer": "",
		} {
			if got := got.header.Get(name); got != want {
				t.Errorf("got %s: %q, want %q", name, got, want)
			}
		}
		if want := "RCPT TO:<root@web1.example.org>"; server.mails[1].to != want {
			t.Errorf("got %q, want %q", server.mails[1].to, want)
		}
		if want := "MAIL FROM:<wcme@web1.example.org>"; !strings.HasPrefix(server.mails[0].from, want) {
			t.Errorf("got %q, want %q", server.mails[0].from, want)
		}
	})
}

// TestMessageIDIsStable is C32 for mail: who gets it twice can tell.
func TestMessageIDIsStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &mailServer{hang: "dot"} // the server has it, and does not say so
		r, _, log := mailed(t, server, nil)
		tell(t, r, failed("a", "dns"))
		synctest.Wait()
		server.hang = ""
		time.Sleep(10 * time.Minute)
		if _, err := r.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		tell(t, r, failed("b", "dns"))
		if len(server.mails) != 3 {
			t.Fatalf("got %d mails, want the one twice and another: %s", len(server.mails), log)
		}
		var ids, dates []string
		for _, mail := range server.mails {
			header := decode(t, mail.text).header
			ids, dates = append(ids, header.Get("Message-Id")), append(dates, header.Get("Date"))
		}
		if ids[0] != ids[1] || ids[1] == ids[2] || !strings.HasSuffix(ids[0], "@web1.example.org>") || dates[0] != dates[1] {
			t.Errorf("got the ids %q of %q, want the first two the same", ids, dates)
		}
	})
}

func TestTestMailSaysWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &mailServer{}
		r, spool, _ := mailed(t, server, signIn)
		steps, err := r.TestMail(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, step := range steps {
			if step.Stage != "mail" || step.Subject != "system@example.org" || step.Time.IsZero() {
				t.Errorf("got %+v, want stage, subject and time", step)
			}
			got = append(got, step.Text)
		}
		want := []string{"connected to mail.example.org:587",
			"TLS 1.3, certificate of mail.example.org valid until 2000-01-01, verified",
			"signed in as system",
			"sender wcme@web1.example.org and recipient system@example.org accepted",
			"message accepted: 250 2.0.0 queued as 4711"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if spool.puts != 0 || len(server.mails) != 1 || decode(t, server.mails[0].text).subject != "wcme web1.example.org: test" {
			t.Errorf("got %d messages in the spool and %v, want one test mail past it", spool.puts, server.mails)
		}
	})
}

func TestTestMailGoesOnAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &mailServer{say: map[string]string{"RCPT <gone@example.org>": "550 5.1.1 no such user"}}
		r, _, _ := mailed(t, server, func(s *report.Settings) { s.Mail.To = []string{"gone@example.org", "system@example.org"} })
		steps, err := r.TestMail(t.Context())
		if err == nil || acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(err.Error(), "550") {
			t.Errorf("got %v, want the refusal", err)
		}
		if last := steps[len(steps)-1]; last.Subject != "system@example.org" || !strings.Contains(last.Text, "queued") {
			t.Errorf("got %+v, want the other recipient's mail accepted", last)
		}
		r.Configure(report.Settings{})
		if _, err := r.TestMail(context.Background()); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("got %v, want it to say that no mail is configured", err)
		}
	})
}
