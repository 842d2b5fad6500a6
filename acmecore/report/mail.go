package report

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"wcme/acmecore"
)

// mailTime is how long one mail may take, from the connection to the last answer.
const mailTime = 60 * time.Second

// letter is a message made into a mail to one recipient.
type letter struct {
	from, to string // of the envelope
	text     []byte // with its headers, lines ending in CRLF
}

// mail sends a message by mail, and notes what happens. An error of kind Refused
// says that the other side does not want this message.
func (r *Reporter) mail(ctx context.Context, s Settings, m message, note func(string)) error {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	if s.Mail.Server == "" {
		return sendmail(ctx, s.Mail, letter, note)
	}
	return r.smtp(ctx, s, letter, note)
}

// letter makes a message into a mail. Auto-Submitted keeps vacation programs from
// answering (RFC 3834 section 5), and thereby mail from going in circles.
func (s Settings) letter(m message) (letter, error) {
	from, err := s.sender()
	if err != nil {
		return letter{}, err
	}
	to, err := s.address(m.Target)
	if err != nil {
		return letter{}, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&mail.Address{Name: "wCME", Address: from})
	msg.ToMailAddress(&mail.Address{Address: to})
	msg.Subject(acmecore.Inert(m.Subject))
	msg.SetDateWithValue(m.Made)
	msg.SetMessageIDWithValue(m.ID + "." + sumOfTarget(m.Target) + "@" + domainOf(m.Host))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	var text bytes.Buffer
	if _, err := msg.WriteTo(&text); err != nil {
		return letter{}, &acmecore.Error{Kind: acmecore.Internal, Op: "write mail", Cause: err}
	}
	if s.Mail.Server == "" && isLocalName(m.Target) {
		to = m.Target
	}
	return letter{from: from, to: to, text: text.Bytes()}, nil
}

// sender is the address that mail comes from.
func (s Settings) sender() (string, error) {
	if s.Mail.From == "" {
		return "wcme@" + domainOf(s.host()), nil
	}
	return s.address(s.Mail.From)
}

// address reads an address as it is configured, "NAME@DOMAIN", "TEXT <NAME@DOMAIN>"
// or a local name, and returns it bare. What could be taken for anything else by a
// mail server or by sendmail is refused.
func (s Settings) address(configured string) (string, error) {
	if isLocalName(configured) {
		return configured + "@" + domainOf(s.host()), nil
	}
	parsed, err := mail.ParseAddress(configured)
	if err == nil && isPlain(parsed.Address) {
		return parsed.Address, nil
	}
	if err == nil {
		err = fmt.Errorf("a character in it is not allowed")
	}
	return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "mail address", Subject: fmt.Sprintf("%q", acmecore.Inert(configured)), Cause: err,
		Hint: "write it as name@example.org, a domain of other letters in its xn-- form"}
}

// isPlain tells whether an address needs no quoting anywhere: it is of printable
// ASCII, has nothing in it that ends an argument of SMTP, and is no option.
func isPlain(address string) bool {
	special := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\(),;:`, r) }
	return !strings.HasPrefix(address, "-") && !strings.ContainsFunc(address, special)
}

// isLocalName tells whether an address is the name of a user of this host.
func isLocalName(address string) bool {
	other := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("._+-", r))
	}
	return address != "" && len(address) <= 64 && !strings.ContainsFunc(address, other) && !strings.HasPrefix(address, "-") && !strings.HasPrefix(address, ".")
}

// domainOf makes a host's name fit to stand behind an "@".
func domainOf(host string) string {
	keep := func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return -1
	}
	domain := strings.Trim(strings.Map(keep, host), ".-")
	for strings.Contains(domain, "..") {
		domain = strings.ReplaceAll(domain, "..", ".")
	}
	if domain == "" {
		return "localhost"
	}
	return domain[:min(len(domain), 253)]
}
