package report_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore/report"
)

const (
	mailHost = "mail.example.org"
	password = "correct horse battery"
)

// mailServer is an SMTP server, scripted by phase: "connect", "banner", "EHLO",
// "STARTTLS", "handshake", "AUTH", "MAIL", "RCPT", "DATA", "dot", "QUIT".
type mailServer struct {
	hang    string            // the phase in which it falls silent
	say     map[string]string // by phase, in place of what is usual
	offers  []string          // extensions; nil is STARTTLS before TLS, and AUTH PLAIN within
	tls     *tls.Config
	fromTLS bool // TLS from the first byte on

	mu     sync.Mutex
	mails  []received
	closed int      // connections that are over
	dialed int      // connections
	seen   []string // commands, by verb; AUTH as it was sent
	clear  []string // commands that came over a connection that was not encrypted
}

// received is a mail as it arrived.
type received struct{ from, to, text string }

// dial connects to the server through a pipe, which virtual time knows.
func (m *mailServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if m.hang == "connect" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if refusal := m.say["connect"]; refusal != "" {
		return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("%s", refusal)}
	}
	ours, pipe := net.Pipe()
	theirs := buffer(pipe)
	m.mu.Lock()
	m.dialed++
	m.mu.Unlock()
	go func() {
		defer func() {
			theirs.Close()
			m.mu.Lock()
			m.closed++
			m.mu.Unlock()
		}()
		var conn net.Conn = theirs
		if m.fromTLS {
			conn = tls.Server(theirs, m.tls)
		}
		(&mailSession{mailServer: m, conn: conn, in: bufio.NewReader(conn), encrypted: m.fromTLS}).serve()
	}()
	return ours, nil
}

// buffered is a connection whose writes wait for nobody, as those of TCP.
type buffered struct {
	net.Conn
	queue chan []byte
}

func buffer(conn net.Conn) *buffered {
	b := &buffered{conn, make(chan []byte, 1000)}
	go func() {
		for p := range b.queue {
			conn.Write(p)
		}
		conn.Close()
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	b.queue <- bytes.Clone(p)
	return len(p), nil
}

// Close lets what was written go out first.
func (b *buffered) Close() error {
	close(b.queue)
	return nil
}

// mailSession is one connection.
type mailSession struct {
	*mailServer
	conn      net.Conn
	in        *bufio.Reader
	encrypted bool
	mail      received
}

// answer says what is scripted, or usual. It returns false where it fell silent.
func (s *mailSession) answer(phase, usual string) bool {
	if s.hang == phase {
		io.Copy(io.Discard, s.conn)
		return false
	}
	if scripted := s.say[phase]; scripted != "" {
		usual = scripted
	}
	_, err := io.WriteString(s.conn, usual+"\r\n")
	return err == nil
}

func (s *mailSession) serve() {
	if !s.answer("banner", "220 "+mailHost+" ESMTP") {
		return
	}
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ") // "" too: a line may be of a handshake that nobody expects
		s.mu.Lock()
		if s.seen = append(s.seen, verb); verb == "AUTH" {
			s.seen[len(s.seen)-1] = line
		}
		if !s.encrypted {
			s.clear = append(s.clear, line)
		}
		s.mu.Unlock()
		if !s.treat(verb, line) {
			return
		}
	}
}

// treat answers one command, and tells whether to go on.
func (s *mailSession) treat(verb, line string) bool {
	switch verb {
	case "EHLO", "HELO":
		return s.answer("EHLO", s.greeting())
	case "STARTTLS":
		return s.answer(verb, "220 go ahead") && s.encrypt()
	case "AUTH":
		return s.authenticate(line)
	case "MAIL":
		s.mail.from = line
		return s.answer(verb, "250 2.1.0 sender ok")
	case "RCPT":
		s.mail.to = line
		phase := verb
		if one := verb + " " + line[len("RCPT TO:"):]; s.say[one] != "" {
			phase = one
		}
		return s.answer(phase, "250 2.1.5 recipient ok")
	case "DATA":
		return s.answer(verb, "354 go ahead") && s.take()
	case "QUIT":
		s.answer(verb, "221 bye")
		return false
	}
	return s.answer(verb, "500 unknown")
}

func (s *mailSession) greeting() string {
	offers := s.offers
	if offers == nil && !s.encrypted {
		offers = []string{"STARTTLS"}
	} else if offers == nil {
		offers = []string{"AUTH PLAIN", "8BITMIME", "SMTPUTF8"}
	}
	text := ""
	for _, offer := range offers {
		if offer != "STARTTLS" || !s.encrypted {
			text += "250-" + offer + "\r\n"
		}
	}
	return "250-" + mailHost + "\r\n" + text + "250 ENHANCEDSTATUSCODES"
}

func (s *mailSession) encrypt() bool {
	if s.say["STARTTLS"] != "" {
		return true
	}
	if s.hang == "handshake" {
		io.Copy(io.Discard, s.conn)
		return false
	}
	secure := tls.Server(s.conn, s.tls)
	s.conn, s.in, s.encrypted = secure, bufio.NewReader(secure), true
	return secure.Handshake() == nil
}

// authenticate knows PLAIN (RFC 4616), LOGIN and CRAM-MD5 (RFC 2195).
func (s *mailSession) authenticate(line string) bool {
	if s.say["AUTH"] != "" || s.hang == "AUTH" {
		return s.answer("AUTH", "")
	}
	words := strings.Fields(line)
	right := false
	switch words[1] {
	case "PLAIN":
		right = words[2] == base64.StdEncoding.EncodeToString([]byte("\x00system\x00"+password))
	case "LOGIN":
		user := s.ask("Username:")
		right = s.ask("Password:") == password && user == "system"
	case "CRAM-MD5":
		mac := hmac.New(md5.New, []byte(password))
		mac.Write([]byte("<1.2@mail>"))
		right = s.ask("<1.2@mail>") == "system "+hex.EncodeToString(mac.Sum(nil))
	}
	if right {
		return s.answer("answer", "235 2.7.0 welcome")
	}
	return s.answer("answer", "535 5.7.8 no, not "+line)
}

// ask sends a challenge, and returns the answer.
func (s *mailSession) ask(challenge string) string {
	s.answer("answer", "334 "+base64.StdEncoding.EncodeToString([]byte(challenge)))
	line, _ := s.in.ReadString('\n')
	answer, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
	return string(answer)
}

// take receives the text of a mail.
func (s *mailSession) take() bool {
	if s.say["DATA"] != "" {
		return true
	}
	var text strings.Builder
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mail.text = text.String()
	if s.say["dot"] == "" {
		s.mu.Lock()
		s.mails = append(s.mails, s.mail)
		s.mu.Unlock()
	}
	return s.answer("dot", "250 2.0.0 queued as 4711")
}

// identity returns a certificate for the names, and what it is verified with.
func identity(t *testing.T, names ...string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// mailed returns a reporter that sends mail to the server, which gets a certificate
// where it has none.
func mailed(t *testing.T, server *mailServer, change func(*report.Settings)) (*report.Reporter, *spool, *logged) {
	t.Helper()
	config, roots := identity(t, mailHost)
	if server.tls == nil {
		server.tls = config
	}
	s := report.Settings{Host: "web1.example.org", Mail: report.Mail{To: []string{"system@example.org"}, Server: mailHost + ":587", Roots: roots}}
	if change != nil {
		change(&s)
	}
	spool, log := newSpool(), &logged{}
	r := report.New(s, spool, log.logger())
	r.SetDial(server.dial)
	return r, spool, log
}

// signIn makes a reporter sign in.
func signIn(s *report.Settings) {
	s.Mail.User = "system"
	s.Mail.Password = func() (string, error) { return password, nil }
}
