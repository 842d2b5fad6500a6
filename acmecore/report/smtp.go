package report

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"wcme/acmecore"
)

const (
	dialTime   = 15 * time.Second
	quitTime   = 2 * time.Second
	maxAnswers = 1 << 20 // bytes that a mail server may say in one connection, TLS included
)

// The values of Mail.TLS.
const (
	startTLS = "starttls"
	fromTLS  = "tls"
	noTLS    = "none"
)

// smtp sends a mail by SMTP. The time of ctx holds for each phase and for all
// together: when it ends, the connection is closed.
func (r *Reporter) smtp(ctx context.Context, s Settings, l letter, note func(string)) error {
	sub := &submission{Reporter: r, mail: s.Mail, helo: domainOf(s.host()), note: note, hangUp: func() {}}
	err := sub.run(ctx, l)
	sub.hangUp()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !isUntrusted(err) {
		err = fmt.Errorf("no answer in time: %w", ctx.Err())
	}
	kind, hint := sub.judge(err)
	return &acmecore.Error{Kind: kind, Op: "send mail by", Subject: acmecore.Inert(s.Mail.Server), Hint: hint,
		Cause: fmt.Errorf("%s: %s", sub.phase, sub.explain(err))}
}

// submission is one connection to a mail server, for one mail.
type submission struct {
	*Reporter
	mail     Mail
	helo     string
	note     func(string)
	phase    string // what is being done, as an error says it
	password string
	inside   bool // what fails is about this mail: others may fare better
	hangUp   func()
}

// run sends the mail. What comes after the server has taken it is no matter.
func (s *submission) run(ctx context.Context, l letter) error {
	s.phase = "settings"
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	s.phase = "connection"
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return s.atSignIn(err)
	}
	s.noteSession(session)
	s.phase, s.inside = "sender "+l.from, true
	if err := session.Mail("<" + l.from + ">"); err != nil {
		return err
	}
	s.phase = "recipient " + l.to
	if err := session.Rcpt("<" + l.to + ">"); err != nil {
		return err
	}
	s.note("sender " + l.from + " and recipient " + l.to + " accepted")
	s.phase = "message"
	answer, err := transmit(session, l.text)
	if err != nil {
		return err
	}
	s.note("message accepted: 250 " + acmecore.Inert(answer))
	if session.UpdateDeadline(quitTime) == nil {
		session.Quit()
	}
	return nil
}

// transmit sends the message's text, and returns what the server says to it.
func transmit(session *smtp.Client, text []byte) (answer string, err error) {
	data, err := session.Data()
	if err != nil {
		return "", err
	}
	if _, err := data.Write(text); err != nil {
		return "", err
	}
	if err := data.Close(); err != nil {
		return "", err
	}
	if closer, ok := data.(*smtp.DataCloser); ok {
		answer = closer.ServerResponse()
	}
	return answer, nil
}

// client returns the library's client, set up.
func (s *submission) client(ctx context.Context) (*gomail.Client, error) {
	host, port, err := s.mail.place()
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{
		gomail.WithHELO(s.helo), gomail.WithPort(port), gomail.WithTimeout(mailTime), gomail.WithoutNoop(), gomail.WithoutSMTPUTF8(),
		gomail.WithDialContextFunc(s.connectFor(ctx, s.mail.tls(host))), gomail.WithTLSConfig(s.mail.tls(host)),
	}
	switch s.mail.TLS {
	case fromTLS:
		options = append(options, gomail.WithSSL())
	case noTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.mail.User != "" {
		if s.password, err = s.mail.password(); err != nil {
			return nil, err
		}
		options = append(options, gomail.WithUsername(s.mail.User), gomail.WithPassword(s.password), gomail.WithOpportunisticSMTPAuth(s.mail.mechanisms()...))
	}
	return gomail.NewClient(host, options...)
}

// password asks for the password that goes with User.
func (m Mail) password() (string, error) {
	if m.Password == nil {
		return "", nil
	}
	password, err := m.Password()
	if err != nil {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "read the password for mail", Cause: err, Hint: "may the overseer read it?"}
	}
	return password, nil
}

// mechanisms are those to sign in with, the best first. The ones that hand the
// password to whoever listens are for connections that are encrypted.
func (m Mail) mechanisms() []gomail.SMTPAuthType {
	if m.TLS == noTLS {
		return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5}
	}
	return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256PLUS, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5,
		gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
}

// place returns the server's name and port.
func (m Mail) place() (host string, port int, err error) {
	host, service, err := net.SplitHostPort(m.Server)
	if err != nil {
		host, service = strings.Trim(m.Server, "[]"), map[string]string{"": "587", startTLS: "587", fromTLS: "465", noTLS: "25"}[m.TLS]
	}
	port, err = strconv.Atoi(service)
	if err != nil || host == "" || port < 1 || port > 65535 {
		return "", 0, &acmecore.Error{Kind: acmecore.Invalid, Op: "mail server", Subject: fmt.Sprintf("%q", acmecore.Inert(m.Server)),
			Hint: "write HOST or HOST:PORT, and \"starttls\", \"tls\" or \"none\" for its TLS"}
	}
	return host, port, nil
}

// tls says how the server proves who it is.
func (m Mail) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}
}
