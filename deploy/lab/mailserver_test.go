package lab_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

const mail = "Subject: renewed\r\n\r\nwww.example.test\r\n.a line with a dot\r\n"

// sending is how a client sends a mail; the zero value without TLS and password.
type sending struct {
	address  string
	config   *tls.Config // for STARTTLS, or for TLS at once
	implicit bool
	auth     smtp.Auth
	to       []string // somebody@example.test, if nil
	text     string   // mail, if ""
}

// send is what Go's own library does with it.
func (s sending) send() error {
	conn, err := net.DialTimeout("tcp", s.address, 10*time.Second)
	if err != nil {
		return err
	}
	if s.implicit {
		conn = tls.Client(conn, s.config)
	}
	client, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		return err // it has closed the connection
	}
	defer client.Close()
	if s.config != nil && !s.implicit {
		if err := client.StartTLS(s.config); err != nil {
			return err
		}
	}
	if s.auth != nil {
		if err := client.Auth(s.auth); err != nil {
			return err
		}
	}
	return s.message(client)
}

func (s sending) message(client *smtp.Client) error {
	if err := client.Mail("wcme@example.test"); err != nil {
		return err
	}
	if s.to == nil {
		s.to = []string{"somebody@example.test"}
	}
	for _, to := range s.to {
		if err := client.Rcpt(to); err != nil {
			return err
		}
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	if s.text == "" {
		s.text = mail
	}
	if _, err := io.WriteString(body, s.text); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return err
	}
	return client.Quit()
}

// secured returns a certificate for the server, and what a client needs to trust it.
func secured(t *testing.T) (*tls.Certificate, *tls.Config) {
	t.Helper()
	id := identity(t)
	pair, err := tls.LoadX509KeyPair(id.Certificate, id.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &pair, &tls.Config{RootCAs: id.Pool, ServerName: "www.example.test"}
}

func TestMailServerTakesMail(t *testing.T) {
	t.Parallel()
	pair, trusting := secured(t)
	right := smtp.PlainAuth("", "wcme", "secret", "127.0.0.1")
	for _, row := range []struct {
		what    string
		options lab.MailServerOptions
		sending sending
		want    lab.MailMessage // beside what is in every mail
		problem string
	}{
		{what: "from everybody"},
		{what: "with STARTTLS", options: lab.MailServerOptions{TLS: pair}, sending: sending{config: trusting}, want: lab.MailMessage{TLS: true}},
		{what: "with TLS at once", options: lab.MailServerOptions{TLS: pair, ImplicitTLS: true},
			sending: sending{config: trusting, implicit: true}, want: lab.MailMessage{TLS: true}},
		{what: "with a password", options: lab.MailServerOptions{User: "wcme", Password: "secret"},
			sending: sending{auth: right}, want: lab.MailMessage{User: "wcme"}},
		{what: "with a password in TLS", options: lab.MailServerOptions{TLS: pair, WantTLS: true, User: "wcme", Password: "secret"},
			sending: sending{auth: right, config: trusting}, want: lab.MailMessage{User: "wcme", TLS: true}},
		{what: "M04 a certificate that nobody trusts", options: lab.MailServerOptions{TLS: pair},
			sending: sending{config: &tls.Config{ServerName: "www.example.test"}}, problem: "unknown authority"},
		{what: "no TLS where it is wanted", options: lab.MailServerOptions{TLS: pair, WantTLS: true}, problem: "5.7.0 STARTTLS first"},
		{what: "no password where one is wanted", options: lab.MailServerOptions{User: "wcme", Password: "secret"}, problem: "5.7.0 AUTH first"},
		{what: "another password", options: lab.MailServerOptions{User: "wcme", Password: "other"},
			sending: sending{auth: right}, problem: `535 "5.7.8`},
		{what: "a password without TLS where TLS is wanted", options: lab.MailServerOptions{TLS: pair, WantTLS: true, User: "wcme", Password: "secret"},
			sending: sending{auth: right}, problem: `504 "5.5.4`},
		{what: "M03 refused for a while", options: lab.MailServerOptions{Reply: replies("RCPT", "451 4.7.1 later")}, problem: `451 "4.7.1 later`},
		{what: "M03 refused after the end", options: lab.MailServerOptions{Reply: replies(".", "554 5.7.1 spam")}, problem: `554 "5.7.1 spam`},
		{what: "M03 refused at once", options: lab.MailServerOptions{Reply: replies("banner", "554 go away")}, problem: `554 "go away`},
		{what: "it hangs up", options: lab.MailServerOptions{Reply: replies("DATA", lab.HangUp)}, problem: "EOF"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			server := lab.MustMailServer(t, row.options)
			row.sending.address = server.Address
			err := row.sending.send()
			if row.problem != "" {
				if err == nil || !strings.Contains(err.Error(), row.problem) || len(server.Messages()) > 0 {
					t.Errorf("got %v and the mails %+v, want %q and none", err, server.Messages(), row.problem)
				}
				return
			}
			got := server.Messages()
			if err != nil || len(got) != 1 {
				t.Fatalf("got %v, %+v; want one mail\n%s", err, got, server.Log())
			}
			if got := got[0]; got.From != "wcme@example.test" || !slices.Equal(got.To, []string{"somebody@example.test"}) || got.Text != mail ||
				got.TLS != row.want.TLS || got.User != row.want.User {
				t.Errorf("got %+v, want TLS %v and user %q", got, row.want.TLS, row.want.User)
			}
			if log := server.Log(); !strings.Contains(log, "MAIL FROM:") || strings.Contains(log, "d2NtZQBzZWNyZXQ") || strings.Contains(log, "d2NtZQ") {
				t.Errorf("log: got %q, want what was said without the password", log)
			}
		})
	}
}

// replies has the reply in one phase.
func replies(in, reply string) func(context.Context, string, string) string {
	return func(_ context.Context, phase, _ string) string {
		if phase == in {
			return reply
		}
		return ""
	}
}

// TestMailServerHangs in each phase until it is stopped (M02).
func TestMailServerHangs(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"banner", "EHLO", "MAIL", "RCPT", "DATA", "."} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			hangs := make(chan struct{})
			server := lab.MustMailServer(t, lab.MailServerOptions{Reply: func(ctx context.Context, phase, _ string) string {
				if phase == in {
					close(hangs)
					<-ctx.Done()
					return lab.HangUp
				}
				return ""
			}})
			sent := make(chan error, 1)
			go func() { sent <- sending{address: server.Address}.send() }()
			<-hangs
			select {
			case err := <-sent:
				t.Errorf("while it hangs: got %v", err)
			default:
			}
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
			if err := <-sent; err == nil {
				t.Error("it was sent")
			}
			if got := server.Messages(); len(got) > 0 {
				t.Errorf("got %+v, want no mail", got)
			}
		})
	}
}

// TestMailServerIsOut and comes back at the same address (M01, M06).
func TestMailServerIsOut(t *testing.T) {
	t.Parallel()
	server := lab.MustMailServer(t, lab.MailServerOptions{})
	to := sending{address: server.Address, to: []string{"a@example.test", "b@example.test"}}
	server.SetOutage(true)
	if err := to.send(); err == nil {
		t.Error("during the outage: got no error")
	}
	server.SetOutage(false)
	arrived := server.Arrived()
	if err := to.send(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if got := server.Messages(); len(got) != 1 || !slices.Equal(got[0].To, to.to) {
		t.Errorf("got %+v, want one mail to %q", got, to.to)
	}
}

// TestMailServerKeepsWhatIsWrong so that a test finds a header that was injected
// (M05): what ends a line otherwise stays as it is.
func TestMailServerKeepsWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := lab.MustMailServer(t, lab.MailServerOptions{})
	conn, err := net.DialTimeout("tcp", server.Address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const text = "Subject: a\nBcc: b\rc\r\n\r\nd\r\n"
	_, err = io.WriteString(conn, "HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@example.test> NOTIFY=NEVER\r\nDATA\r\n"+text+".\r\n"+
		"RCPT TO:<c@example.test>\r\nVRFY d\r\nQUIT\r\n")
	if err != nil {
		t.Fatal(err)
	}
	replies, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	got := server.Messages()
	if len(got) != 1 || got[0].Text != text || got[0].From != "" || !slices.Equal(got[0].To, []string{"b@example.test"}) {
		t.Errorf("got %+v, want the text %q to one", got, text)
	}
	codes := ""
	for line := range strings.Lines(string(replies)) {
		codes += line[:3] + " "
	}
	if want := "220 250 250 250 354 250 503 502 221 "; codes != want {
		t.Errorf("replies: got %s, want %s", codes, want)
	}
}
