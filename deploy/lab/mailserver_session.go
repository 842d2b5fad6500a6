package lab

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"
)

// mailSession is one connection to the mail server.
type mailSession struct {
	server *MailServer
	conn   net.Conn
	lines  *bufio.Reader
	secure bool
	user   string
	from   *string // of the message under way, nil before MAIL
	to     []string
}

// errEnd says that the session is over.
var errEnd = errors.New("end of the session")

// maxMail is the longest message that is taken, in bytes.
const maxMail = 16 << 20

func (s *mailSession) use(conn net.Conn) {
	s.conn, s.lines = conn, bufio.NewReader(conn)
}

func (s *mailSession) run() {
	err := s.reply("banner", "", "220 lab.test ESMTP")
	for err == nil {
		var line string
		if line, err = s.lines.ReadString('\n'); err == nil {
			verb, argument, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			err = s.command(strings.ToUpper(verb), strings.TrimSpace(argument))
		}
	}
}

// reply sends the reply, or the one that the test has in its place.
func (s *mailSession) reply(phase, argument, usual string) error {
	_, err := s.said(phase, argument, usual)
	return err
}

// said is reply, and tells whether it was the usual one.
func (s *mailSession) said(phase, argument, usual string) (bool, error) {
	reply := s.chosen(phase, argument, usual)
	return reply == usual, s.send(reply)
}

func (s *mailSession) chosen(phase, argument, usual string) string {
	if f := s.server.options.Reply; f != nil {
		if other := f(s.server.ctx, phase, argument); other != "" {
			return other
		}
	}
	return usual
}

func (s *mailSession) send(reply string) error {
	if reply == HangUp {
		return errEnd
	}
	_, err := io.WriteString(s.conn, strings.ReplaceAll(reply, "\n", "\r\n")+"\r\n")
	return err
}

func (s *mailSession) command(verb, argument string) error {
	if verb == "AUTH" {
		s.server.note("AUTH …")
		return s.authenticate(argument)
	}
	s.server.note(strings.TrimSpace(verb + " " + argument))
	switch verb {
	case "EHLO":
		return s.reply(verb, argument, s.greeting())
	case "HELO", "NOOP":
		return s.reply(verb, argument, "250 lab.test")
	case "STARTTLS":
		return s.startTLS(argument)
	case "MAIL":
		return s.mail(argument)
	case "RCPT":
		return s.recipient(argument)
	case "DATA":
		return s.data()
	case "RSET":
		s.from, s.to = nil, nil
		return s.reply(verb, argument, "250 2.0.0 forgotten")
	case "QUIT":
		return errors.Join(s.reply(verb, argument, "221 2.0.0 good bye"), errEnd)
	}
	return s.reply(verb, argument, "502 5.5.2 no such command")
}

// greeting lists what there is: AUTH only where a password may be said.
func (s *mailSession) greeting() string {
	o := s.server.options
	lines := []string{"lab.test", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if o.TLS != nil && !s.secure {
		lines = append(lines, "STARTTLS")
	}
	if o.User != "" && (s.secure || !o.WantTLS) {
		lines = append(lines, "AUTH PLAIN")
	}
	return "250-" + strings.Join(lines[:len(lines)-1], "\n250-") + "\n250 " + lines[len(lines)-1]
}

// startTLS forgets what was said before (RFC 3207, section 4.2).
func (s *mailSession) startTLS(argument string) error {
	if s.server.options.TLS == nil || s.secure {
		return s.reply("STARTTLS", argument, "502 5.5.1 no TLS here")
	}
	usual, err := s.said("STARTTLS", argument, "220 2.0.0 go ahead")
	if err != nil || !usual {
		return err
	}
	if s.lines.Buffered() > 0 { // sent before TLS, and never to be taken for said in it
		return errEnd
	}
	conn := tls.Server(s.conn, s.server.options.config())
	if err := conn.Handshake(); err != nil {
		s.server.note("handshake: " + err.Error())
		return err
	}
	s.use(conn)
	s.secure, s.user, s.from, s.to = true, "", nil, nil
	return nil
}

// authenticate takes AUTH PLAIN (RFC 4616), with the initial response or without.
func (s *mailSession) authenticate(argument string) error {
	o := s.server.options
	mechanism, response, _ := strings.Cut(argument, " ")
	if !strings.EqualFold(mechanism, "PLAIN") || o.User == "" || o.WantTLS && !s.secure {
		return s.reply("AUTH", mechanism, "504 5.5.4 not here")
	}
	if response == "" {
		if _, err := io.WriteString(s.conn, "334 \r\n"); err != nil {
			return err
		}
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return err
		}
		response = strings.TrimSpace(line)
	}
	said, err := base64.StdEncoding.DecodeString(response)
	if err != nil || string(said) != "\x00"+o.User+"\x00"+o.Password {
		return s.reply("AUTH", mechanism, "535 5.7.8 not this password")
	}
	usual, err := s.said("AUTH", mechanism, "235 2.7.0 welcome")
	if usual {
		s.user = o.User
	}
	return err
}

func (s *mailSession) mail(argument string) error {
	o := s.server.options
	from, found := address(argument, "FROM:")
	switch {
	case o.WantTLS && !s.secure:
		return s.reply("MAIL", argument, "530 5.7.0 STARTTLS first")
	case o.User != "" && s.user == "":
		return s.reply("MAIL", argument, "530 5.7.0 AUTH first")
	case !found || s.from != nil:
		return s.reply("MAIL", argument, "503 5.5.1 not that, or not now")
	}
	usual, err := s.said("MAIL", argument, "250 2.1.0 sender taken")
	if usual {
		s.from, s.to = &from, nil
	}
	return err
}

func (s *mailSession) recipient(argument string) error {
	to, found := address(argument, "TO:")
	if !found || s.from == nil {
		return s.reply("RCPT", argument, "503 5.5.1 not that, or not now")
	}
	usual, err := s.said("RCPT", argument, "250 2.1.5 recipient taken")
	if usual {
		s.to = append(s.to, to)
	}
	return err
}

// address returns what stands in the angle brackets after the word.
func address(argument, word string) (string, bool) {
	if len(argument) < len(word) || !strings.EqualFold(argument[:len(word)], word) {
		return "", false
	}
	inside, found := strings.CutPrefix(strings.TrimSpace(argument[len(word):]), "<")
	if !found {
		return "", false
	}
	inside, _, found = strings.Cut(inside, ">")
	return inside, found
}

// data takes a message. Whether it is kept shows in the reply after its end.
func (s *mailSession) data() error {
	if s.from == nil || len(s.to) == 0 {
		return s.reply("DATA", "", "503 5.5.1 from whom, to whom?")
	}
	usual, err := s.said("DATA", "", "354 go ahead")
	if err != nil || !usual {
		return err
	}
	text, err := s.text()
	if err != nil {
		return err
	}
	message := MailMessage{From: *s.from, To: s.to, Text: text, TLS: s.secure, User: s.user}
	s.from, s.to = nil, nil
	const taken = "250 2.0.0 taken"
	reply := s.chosen(".", "", taken)
	if reply == taken {
		s.server.take(message)
	}
	return s.send(reply)
}

// text reads to the line with a dot, as it comes: a line that ends otherwise than
// by \r\n stays as it is, so that a test can see it.
func (s *mailSession) text() (string, error) {
	var text strings.Builder
	for text.Len() < maxMail {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return text.String(), nil
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	return "", errEnd
}
