package report

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"wcme/acmecore"
)

// The phases of a session, as an error says them.
const (
	phaseGreeting = "greeting"
	phaseEHLO     = "EHLO"
	phaseSTARTTLS = "STARTTLS"
	phaseTLS      = "TLS"
	phaseSignIn   = "sign in"
)

// connectFor returns the library's way to the server. Whatever the library waits
// for, it ends with ctx; whatever fails, the connection is closed by hangUp.
func (s *submission) connectFor(ctx context.Context, config *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := s.dial(dialing, network, address)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		s.hangUp = func() { stop(); conn.Close() }
		s.note("connected to " + acmecore.Inert(address))
		watched := &watched{Conn: conn, sub: s, left: maxAnswers}
		if s.mail.TLS != fromTLS {
			s.phase = phaseGreeting
			return watched, nil
		}
		secure := tls.Client(watched, config)
		if err := secure.HandshakeContext(dialing); err != nil {
			return nil, err
		}
		s.phase = phaseGreeting
		return secure, nil
	}
}

// watched is a connection that sees which phase the library is in, and ends when
// the server has said too much.
type watched struct {
	net.Conn
	sub  *submission
	left int
}

// Read reads what the server says, maxAnswers bytes in all.
func (w *watched) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, fmt.Errorf("the server has said more than %d bytes", maxAnswers)
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

// Write notes what begins with this.
func (w *watched) Write(p []byte) (int, error) {
	const handshake = 0x16 // the type of the records of a TLS handshake (RFC 8446 section 5.1)
	switch text := string(p[:min(len(p), 8)]); {
	case strings.HasPrefix(text, phaseEHLO):
		w.sub.phase = phaseEHLO
	case text == phaseSTARTTLS:
		w.sub.phase = phaseSTARTTLS
	case strings.HasPrefix(text, "AUTH"):
		w.sub.phase = phaseSignIn
	case len(p) > 0 && p[0] == handshake:
		w.sub.phase = phaseTLS
	}
	return w.Conn.Write(p)
}

// atSignIn finds out whether it was signing in that failed, which an encrypted
// connection does not show.
func (s *submission) atSignIn(err error) error {
	if strings.Contains(err.Error(), "AUTH") && !strings.Contains(err.Error(), phaseSTARTTLS) {
		s.phase = phaseSignIn
	}
	return err
}

// noteSession says what the session is like before the mail is sent.
func (s *submission) noteSession(session *smtp.Client) {
	if state, encrypted := session.TLSConnectionState(); encrypted && len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		s.note(fmt.Sprintf("%s, certificate of %s valid until %s, verified", tls.VersionName(state.Version),
			acmecore.Inert(state.ServerName), leaf.NotAfter.UTC().Format(time.DateOnly)))
	} else {
		s.note("not encrypted, as configured")
	}
	if s.mail.User != "" {
		s.note("signed in as " + acmecore.Inert(s.mail.User))
	}
}

// judge says who must act on an error, and what to try. What is about this mail is
// Refused, or Limited where it may be taken later; all else is about the server.
func (s *submission) judge(err error) (acmecore.Kind, string) {
	answer := (*textproto.Error)(nil)
	later := errors.As(err, &answer) && answer.Code/100 == 4
	refused := answer != nil && answer.Code/100 == 5
	switch {
	case s.inside && refused:
		return acmecore.Refused, "does the server take mail from this sender, for this recipient?"
	case s.inside:
		return acmecore.Limited, "it is sent again later, which some servers insist on"
	case later:
		return acmecore.Unreachable, "the server asks to try again later"
	case s.phase == phaseSignIn && (refused || !isTimeout(err)):
		return acmecore.Denied, "are the user and the password right, and does the server let this user sign in this way?"
	case errors.As(err, new(*acmecore.Error)):
		return acmecore.KindOf(err), acmecore.HintOf(err)
	case isUntrusted(err):
		return acmecore.Unreachable, "is the server's name the one in its certificate, and are its roots known here? nothing was sent"
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return acmecore.Unreachable, "the server offers no STARTTLS at this port, or somebody on the way hides it; nothing was sent. Is it \"tls\", at port 465?"
	}
	return acmecore.Unreachable, "does the mail server run, and does it take mail at this port, with this TLS?"
}

// isTimeout tells whether an error is about time.
func isTimeout(err error) bool {
	timeout := net.Error(nil)
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// isUntrusted tells whether an error is about the server's certificate.
func isUntrusted(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError))
}

// explain says what went wrong, in the server's own words where it has answered. They
// may repeat what the server was sent: not the password.
func (s *submission) explain(err error) string {
	text := err.Error()
	if answer := (*textproto.Error)(nil); errors.As(err, &answer) {
		text = fmt.Sprintf("%d %s", answer.Code, answer.Msg)
	}
	base := base64.StdEncoding
	for _, secret := range []string{
		base.EncodeToString([]byte("\x00" + s.mail.User + "\x00" + s.password)),
		base.EncodeToString([]byte(s.password)), s.password,
	} {
		if s.password != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return acmecore.Inert(text)
}
