package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"wcme/acmecore"
)

// oneOf refuses a word that is none of those known.
func oneOf(what, word string, known []string) error {
	if slices.Contains(known, word) {
		return nil
	}
	err := &acmecore.Error{Kind: acmecore.Invalid, Op: what, Subject: fmt.Sprintf("%q", acmecore.Inert(word)),
		Cause: fmt.Errorf("is none of %s", strings.Join(known, ", "))}
	if near := nearest(word, known); near != "" {
		err.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return err
}

// isHost tells whether a text is a host name or an IP address.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	name, err := acmecore.ParseName(text)
	return err == nil && !name.Wildcard()
}

// Encryption is how a connection to a mail server is protected.
type Encryption struct{ text string }

// The values of Encryption.
var (
	EncryptionSTARTTLS = Encryption{"starttls"}
	EncryptionTLS      = Encryption{"tls"}
	EncryptionNone     = Encryption{"none"}
)

// UnmarshalText takes one of the values.
func (e *Encryption) UnmarshalText(text []byte) error {
	e.text = string(text)
	return oneOf("tls", e.text, []string{"starttls", "tls", "none"})
}

// MarshalText is its reverse.
func (e Encryption) MarshalText() ([]byte, error) { return []byte(e.text), nil }

// String returns the word.
func (e Encryption) String() string { return e.text }

// Facility is a syslog facility, or "none".
type Facility struct{ text string }

// noFacility stands for none of them.
const noFacility = "none"

// facilities are those that a program may log to, and "none".
func facilities() []string {
	return []string{"daemon", "auth", "authpriv", "cron", "ftp", "lpr", "mail", "news", "syslog", "user", "uucp",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7", noFacility}
}

// UnmarshalText takes one of them, in whatever case.
func (f *Facility) UnmarshalText(text []byte) error {
	f.text = strings.ToLower(string(text))
	return oneOf("facility", f.text, facilities())
}

// MarshalText is its reverse.
func (f Facility) MarshalText() ([]byte, error) { return []byte(f.text), nil }

// String returns the word.
func (f Facility) String() string { return f.text }

// Webhook is a URL that reports are posted to. It is a secret.
type Webhook struct{ text string }

// Reveal returns the URL, for the one who must use it.
func (w Webhook) Reveal() string { return w.text }

// UnmarshalText takes a URL of any scheme. The error does not repeat it.
func (w *Webhook) UnmarshalText(text []byte) error {
	given := string(text)
	scheme, rest, _ := strings.Cut(given, "://")
	parsed, err := url.Parse(given)
	if err != nil || rest == "" || parsed.Scheme != strings.ToLower(scheme) || strings.ContainsFunc(given, unicode.IsSpace) {
		return refusal("webhook", hidden, "is no URL, such as https://hooks.example.org/wcme or slack://…")
	}
	if (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() == "" {
		return refusal("webhook", hidden, "is a URL without a host")
	}
	w.text = given
	return nil
}

// MarshalText hides all but the scheme.
func (w Webhook) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// String hides all but the scheme, also from %v.
func (w Webhook) String() string {
	scheme, _, _ := strings.Cut(w.text, "://")
	return scheme + "://" + hidden
}

// GoString hides all but the scheme from %#v.
func (w Webhook) GoString() string { return w.String() }

// Occasion is an acmecore.EventKind that was checked.
type Occasion struct{ acmecore.EventKind }

// occasions are the kinds of events that may be left out of the reports.
func occasions() []string {
	return []string{string(acmecore.EventRenewed), string(acmecore.EventFailed), string(acmecore.EventNotServed),
		string(acmecore.EventExpiring), string(acmecore.EventRecovered), string(acmecore.EventCrashed)}
}

// UnmarshalText takes one of them.
func (o *Occasion) UnmarshalText(text []byte) error {
	o.EventKind = acmecore.EventKind(text)
	return oneOf("event", string(text), occasions())
}

// MarshalText is its reverse.
func (o Occasion) MarshalText() ([]byte, error) { return []byte(o.EventKind), nil }

// String returns the word.
func (o Occasion) String() string { return string(o.EventKind) }

func everyOccasion() (all []Occasion) {
	for _, word := range occasions() {
		all = append(all, Occasion{acmecore.EventKind(word)})
	}
	return all
}

// Login is what a mail server knows a user as.
type Login struct{ text string }

// UnmarshalText takes a text on one line; nothing for none.
func (l *Login) UnmarshalText(text []byte) error {
	if strings.ContainsFunc(string(text), func(c rune) bool { return !unicode.IsPrint(c) }) {
		return refusal("user", string(text), "is no name of a user")
	}
	l.text = string(text)
	return nil
}

// MarshalText is its reverse.
func (l Login) MarshalText() ([]byte, error) { return []byte(l.text), nil }

// String returns the name; "" for none.
func (l Login) String() string { return l.text }

// Recipient is a Mail, or the name of a user of this host, whose mail the local
// sendmail delivers.
type Recipient struct{ Mail }

// UnmarshalText is ParseRecipient.
func (r *Recipient) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRecipient(string(text))
	return err
}

// ParseRecipient returns the text as a Recipient, or an error of kind Invalid.
func ParseRecipient(text string) (Recipient, error) {
	if isLocalName(text) {
		return Recipient{Mail{text}}, nil
	}
	address, err := ParseMail(text)
	return Recipient{address}, err
}

// maxLocalName is how long a local name may be, in bytes (RFC 5321 section 4.5.3.1.1).
const maxLocalName = 64

// isLocalName tells whether a text is the name of a user as hosts have them. One that
// begins with a hyphen would be an option of sendmail.
func isLocalName(text string) bool {
	other := func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("._-", r))
	}
	return text != "" && len(text) <= maxLocalName && text[0] != '-' && text[0] != '.' && !strings.ContainsFunc(text, other)
}

// Sender is a Mail, or none at all.
type Sender struct{ Mail }

// UnmarshalText is ParseMail; nothing for none.
func (s *Sender) UnmarshalText(text []byte) error {
	s.Mail = Mail{}
	if len(text) == 0 {
		return nil
	}
	return s.Mail.UnmarshalText(text)
}
