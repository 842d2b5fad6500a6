package faults_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// TestReportToAServerThatHangs is M02: wherever in a session it does, certificates are
// renewed, and the overseer ends when it is asked to.
func TestReportToAServerThatHangs(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, lab.PebbleOptions{AlwaysValid: true})
	for _, phase := range []string{"banner", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run("M02 "+phase, func(t *testing.T) {
			t.Parallel()
			hung := make(chan struct{}, 100)
			o := newOffice(t, officeOptions{authority: a, mail: lab.MailServerOptions{Reply: func(ctx context.Context, at, _ string) string {
				if at == phase {
					hung <- struct{}{}
					<-ctx.Done()
				}
				return ""
			}}})
			o.start()
			o.run("certify", "www.example.test")
			select {
			case <-hung:
			case <-time.After(officePatience):
				t.Fatal("nothing is sent")
			}
			before := o.first()
			o.run("certify", "www.example.test", "--force")
			if o.first().Serial == before.Serial || strings.Contains(o.log(), "report not delivered") {
				t.Errorf("the renewal waited until the server was given up: %+v", o.first())
			}
			if got := o.spooled(); len(got) != 2 {
				t.Errorf("reports that wait: got %d, want 2", len(got))
			}
			o.terminate()
			if got := o.spooled(); len(got) != 2 || len(o.mail.Messages()) != 0 {
				t.Errorf("after the end: got %d reports that wait, want 2", len(got))
			}
		})
	}
}

// TestReportThatIsRefused is M03: what the mail server refuses, for a while or for good,
// is said and kept, and tried again when the configuration is read again.
func TestReportThatIsRefused(t *testing.T) {
	t.Parallel()
	var reply atomic.Pointer[string]
	o := newOffice(t, officeOptions{mail: lab.MailServerOptions{Reply: func(_ context.Context, phase, _ string) string {
		if said := reply.Load(); phase == "RCPT" && said != nil {
			return *said
		}
		return ""
	}}})
	say := func(text string) { reply.Store(&text) }
	o.start()
	for i, refusal := range []string{"450 4.2.0 greylisted", "550 5.1.1 no such user"} {
		say(refusal)
		o.run("certify", "www.example.test", "--force")
		o.awaitSaid(refusal[4:], 1)
		if output, status := o.try("check", "mail"); status != 1 || !strings.Contains(output, refusal[4:]) {
			t.Errorf("check mail: got exit status %d and %q, want 1 and %q", status, output, refusal)
		}
		if got := o.spooled(); len(got) != 1 || len(o.mail.Messages()) != i {
			t.Errorf("%s: got %d reports that wait, and %d that came", refusal, len(got), len(o.mail.Messages()))
		}
		reply.Store(nil)
		o.nudge()
		o.awaitTold(reportID, acmecore.EventRenewed, i+1)
		o.awaitDelivered()
	}
	if output := o.run("check", "mail"); !strings.Contains(output, "taken") {
		t.Errorf("check mail: got %q", output)
	}
}

// TestReportNeverInClearText is M04: over a connection that cannot be trusted nothing is
// said; when it can be, the report is sent.
func TestReportNeverInClearText(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, lab.PebbleOptions{AlwaysValid: true})
	dir := lab.TempDir(t)
	identity, err := lab.MakeIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.LoadX509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what, server, tls string
		offers            lab.MailServerOptions
		trust             bool // the server's root
		sent              bool
	}{
		{"M04 of a root that nobody knows", "", "starttls", lab.MailServerOptions{TLS: &certificate}, false, false},
		{"M04 of another name", "127.0.0.2", "starttls", lab.MailServerOptions{TLS: &certificate}, true, false},
		{"M04 without STARTTLS", "", "starttls", lab.MailServerOptions{}, true, false},
		{"M04 without TLS from the first byte", "", "tls", lab.MailServerOptions{}, true, false},
		{"M04 of a root that is given", "", "starttls", lab.MailServerOptions{TLS: &certificate}, true, true},
		{"M04 of a root that is given, from the first byte", "", "tls", lab.MailServerOptions{TLS: &certificate, ImplicitTLS: true}, true, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			row.offers.User, row.offers.Password = "wcme", "not-to-be-seen"
			o := newOffice(t, officeOptions{authority: a, mail: row.offers})
			address := o.mail.Address
			if row.server != "" { // a way there, where nobody says that name
				way := new(politeSwitch)
				way.lead(o.mail.Address)
				address = way.carryAt(t, row.server+":0")
			}
			o.report = fmt.Sprintf("mail = [\"system@example.test\"]\nserver = %q\ntls = %q\nuser = \"wcme\"\npassword_file = \"etc/mail-password\"", address, row.tls)
			o.write(filepath.Join(o.root, "etc", "mail-password"), "not-to-be-seen\n")
			if row.trust {
				o.write(filepath.Join(o.root, "etc", "cacert.pem"), o.read(identity.Root))
			}
			o.configure()
			o.start()
			o.run("certify", "www.example.test")
			if row.sent {
				o.awaitTold(reportID, acmecore.EventRenewed, 1)
				if message := o.mail.Messages()[0]; !message.TLS || message.User != "wcme" {
					t.Errorf("got %+v, want it by TLS, of wcme", message)
				}
			} else {
				o.awaitSaid("report not delivered", 1)
				if said := o.mail.Log(); len(o.mail.Messages()) != 0 || strings.Contains(said, "MAIL") || strings.Contains(said, "AUTH") {
					t.Errorf("it was said:\n%s", said)
				}
				if output, status := o.try("check", "mail"); status != 1 || !strings.Contains(output, "hint: ") {
					t.Errorf("check mail: got exit status %d and %q, want 1 and a hint", status, output)
				}
			}
			if strings.Contains(o.log(), "not-to-be-seen") {
				t.Error("the password is in the log")
			}
		})
	}
}

// TestReportWithoutSendmail is M08: a mail system that is not there stops nobody; when
// it is there, it gets the report.
func TestReportWithoutSendmail(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	sendmail, mailbox := filepath.Join(dir, "sendmail"), filepath.Join(dir, "mailbox")
	o := newOffice(t, officeOptions{report: fmt.Sprintf("mail = [\"root@localhost\"]\nsendmail = %q", sendmail)})
	o.start()
	o.run("certify", "www.example.test")
	o.awaitSaid("report not delivered", 1)
	if output, status := o.try("check", "mail"); status != 1 || !strings.Contains(output, sendmail) || !strings.Contains(output, "install a mail system") {
		t.Errorf("check mail: got exit status %d and %q, want 1, and what to do", status, output)
	}
	lab.WriteProgram(t, sendmail, fmt.Appendf(nil, "#!/bin/sh\necho \"$@\" >>%s; cat >>%s\n", mailbox, mailbox))
	o.nudge()
	o.awaitSaid("report delivered", 1)
	if got := o.read(mailbox); !strings.HasPrefix(got, "-i -f ") || !strings.Contains(got, "-- root@localhost\n") || !strings.Contains(got, string(reportID)+": renewed") {
		t.Errorf("sendmail got\n%s", got)
	}
	o.awaitDelivered()
}
