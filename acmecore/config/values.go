package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"

	"wcme/acmecore"
)

// The values below are structs, because go-toml asks a type of the kind string
// neither to check itself nor to hide itself.

// KeyType is an acmecore.KeyType that was checked.
type KeyType struct{ acmecore.KeyType }

// String returns the name of the kind.
func (k KeyType) String() string { return string(k.KeyType) }

// Name is an acmecore.Name that was checked.
type Name struct{ acmecore.Name }

// Secret is a text that no print-out shows.
type Secret struct{ text string }

// hidden is what is shown in place of a secret.
const hidden = "(hidden)"

// Reveal returns the secret, for the one who must use it.
func (s Secret) Reveal() string { return s.text }

// UnmarshalText takes the secret in.
func (s *Secret) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String hides the secret, also from %v.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// URL is an absolute https URL.
type URL struct{ text string }

// ParseURL returns the text as a URL, or an error of kind Invalid.
func ParseURL(text string) (URL, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil {
		return URL{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "URL", Subject: fmt.Sprintf("%q", acmecore.Inert(text)),
			Cause: errors.New("is no https URL")}
	}
	return URL{text}, nil
}

// UnmarshalText is ParseURL.
func (u *URL) UnmarshalText(text []byte) (err error) {
	*u, err = ParseURL(string(text))
	return err
}

// MarshalText is its reverse.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.text), nil }

// String returns the URL; "" for none.
func (u URL) String() string { return u.text }

// Mail is a mail address without a display name.
type Mail struct{ text string }

// ParseMail returns the text as a Mail, or an error of kind Invalid.
func ParseMail(text string) (Mail, error) {
	parsed, err := mail.ParseAddress(text)
	hint := "give the address alone, as in admin@example.org"
	if err == nil && (parsed.Address != text || text[0] == '-') {
		err, hint = errors.New(hint), ""
	}
	if err != nil {
		return Mail{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "mail address",
			Subject: fmt.Sprintf("%q", acmecore.Inert(text)), Cause: err, Hint: hint}
	}
	return Mail{text}, nil
}

// UnmarshalText is ParseMail.
func (m *Mail) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMail(string(text))
	return err
}

// MarshalText is its reverse.
func (m Mail) MarshalText() ([]byte, error) { return []byte(m.text), nil }

// String returns the address.
func (m Mail) String() string { return m.text }
