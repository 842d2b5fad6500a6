package verify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"wcme/acmecore"
)

// The limits of what a server says before TLS, in bytes.
const (
	maxLine = 2 << 10
	maxTalk = 64 << 10
)

// talk is a conversation in lines of plain text.
type talk struct {
	in    *bufio.Reader
	limit *io.LimitedReader
	out   io.Writer
}

func newTalk(conn io.ReadWriter) *talk {
	limit := &io.LimitedReader{R: conn, N: maxTalk}
	return &talk{in: bufio.NewReaderSize(limit, maxLine), limit: limit, out: conn}
}

// openingOf returns what comes before TLS; nil where nothing does.
func openingOf(protocol string) func(*talk) *trouble {
	switch protocol {
	case smtp:
		return openSMTP
	case imap:
		return openIMAP
	case pop3:
		return openPOP3
	}
	return nil
}

// leave ends a connection as clients do, so that servers log nothing odd.
func leave(conn io.WriteCloser, protocol string) {
	switch protocol {
	case smtp, pop3:
		io.WriteString(conn, "QUIT\r\n")
	case imap:
		io.WriteString(conn, "b LOGOUT\r\n")
	}
	conn.Close()
}

// openSMTP is that of RFC 3207.
func openSMTP(t *talk) *trouble {
	if _, wrong := t.reply("220"); wrong != nil {
		return wrong
	}
	if wrong := t.say("EHLO " + hostName()); wrong != nil {
		return wrong
	}
	offers, wrong := t.reply("250")
	if wrong != nil {
		return wrong
	}
	if !offersTLS(offers) {
		return noHandshake("offers no STARTTLS", "switch TLS on in the mail server (Postfix: `smtpd_tls_security_level = may`)")
	}
	if wrong := t.say("STARTTLS"); wrong != nil {
		return wrong
	}
	if _, wrong := t.reply("220"); wrong != nil {
		return wrong
	}
	return t.end()
}

// reply reads one of SMTP (RFC 5321 section 4.2.1), and wants that code. It returns
// what stands behind the code in each line.
func (t *talk) reply(want string) (texts []string, wrong *trouble) {
	for {
		line, wrong := t.line()
		if wrong != nil {
			return nil, wrong
		}
		code, last := replyCode(line)
		if code != want {
			return nil, refused(line)
		}
		texts = append(texts, strings.TrimLeft(line[len(code):], " -"))
		if last {
			return texts, nil
		}
	}
}

// replyCode returns the code that a line begins with, "" where there is none, and
// whether it is the last line of a reply.
func replyCode(line string) (code string, last bool) {
	if len(line) < 3 || strings.Trim(line[:3], "0123456789") != "" {
		return "", false
	}
	switch {
	case len(line) == 3, line[3] == ' ':
		return line[:3], true
	case line[3] == '-':
		return line[:3], false
	}
	return "", false
}

// offersTLS looks in the answer to EHLO, whose first line is a greeting.
func offersTLS(texts []string) bool {
	for _, text := range texts[1:] {
		if strings.EqualFold(strings.TrimSpace(text), "STARTTLS") {
			return true
		}
	}
	return false
}

// openIMAP is that of RFC 9051 section 6.2.1. A greeting of PREAUTH leaves no room
// for STARTTLS (section 7.1.4); the server will say so.
func openIMAP(t *talk) *trouble {
	line, wrong := t.line()
	if wrong != nil {
		return wrong
	}
	if !begins(line, "* OK") && !begins(line, "* PREAUTH") {
		return refused(line)
	}
	if wrong := t.say("a STARTTLS"); wrong != nil {
		return wrong
	}
	for {
		line, wrong := t.line()
		switch {
		case wrong != nil:
			return wrong
		case begins(line, "a OK"):
			return t.end()
		case !begins(line, "*"), begins(line, "* BYE"):
			return refused(line)
		}
	}
}

// openPOP3 is that of RFC 2595 section 4.
func openPOP3(t *talk) *trouble {
	if line, wrong := t.line(); wrong != nil {
		return wrong
	} else if !begins(line, "+OK") {
		return refused(line)
	}
	if wrong := t.say("STLS"); wrong != nil {
		return wrong
	}
	if line, wrong := t.line(); wrong != nil {
		return wrong
	} else if !begins(line, "+OK") {
		return refused(line)
	}
	return t.end()
}

// begins tells whether a line has these words first, in any case.
func begins(line, words string) bool {
	if len(line) < len(words) || !strings.EqualFold(line[:len(words)], words) {
		return false
	}
	return len(line) == len(words) || line[len(words)] == ' '
}

// say sends a line.
func (t *talk) say(line string) *trouble {
	if _, err := io.WriteString(t.out, line+"\r\n"); err != nil {
		return broken(err, "what comes before TLS")
	}
	return nil
}

// line reads one, without its end.
func (t *talk) line() (string, *trouble) {
	line, err := t.in.ReadSlice('\n')
	switch {
	case err == nil:
		return strings.TrimRight(string(line), "\r\n"), nil
	case errors.Is(err, bufio.ErrBufferFull), errors.Is(err, io.EOF) && t.limit.N <= 0:
		return "", noHandshake("says more before TLS than any server would",
			"is it the right server that listens there?")
	}
	return "", broken(err, "what comes before TLS")
}

// end is where TLS begins. What came in plain text behind the answer would be taken
// for part of what TLS protects (the class of CVE-2011-0411).
func (t *talk) end() *trouble {
	if t.in.Buffered() == 0 {
		return nil
	}
	return noHandshake("sends more in plain text behind its answer to STARTTLS",
		"the server, or somebody in between, tries to slip something in: look at it, and update it")
}

// refused is about an answer that is not the one which leads to TLS.
func refused(line string) *trouble {
	return noHandshake(fmt.Sprintf("answers %q before TLS", cut(line)),
		"is it a mail server, with TLS switched on, and does it talk to this host?")
}

func noHandshake(problem, hint string) *trouble {
	return &trouble{answer: acmecore.NoHandshake, problem: problem, hint: hint}
}

// hostName is what EHLO calls this host.
func hostName() string {
	if text, err := os.Hostname(); err == nil {
		if name, err := acmecore.ParseName(text); err == nil && !name.Wildcard() && !name.Address().IsValid() {
			return string(name)
		}
	}
	return "localhost"
}
