package config

import (
	"net/netip"
	"strings"
	"unicode"
)

// Admin is who may see the admin pages, and do what on them.
type Admin struct {
	// Who says who is signed in. "server": the web server, by its own authorisation
	// (REMOTE_USER). "login": wCME itself, by passwords, second factors and passkeys;
	// `wcme admin add USER` makes the first user.
	Auth Auth `toml:"auth" default:"\"server\""`
	// Users who may look at everything but the audit trail and the configuration; "*"
	// is every one whom the web server lets in. While this and the next two are all
	// empty, every one of these may do everything. With "login", `wcme admin` says who
	// may what, and these stay empty.
	View []Visitor `toml:"view" example:"[\"*\"]"`
	// Users who may also renew, load, verify and check what is configured.
	Operate []Visitor `toml:"operate" example:"[\"bob\"]"`
	// Users who may do everything that there is on the pages.
	Admin []Visitor `toml:"admin" example:"[\"alice\"]"`
	// Whether the pages are shown over plain http too. Otherwise that is done for
	// visitors on the host itself only, and not for what a proxy there passes on.
	HTTP bool `toml:"http" default:"false"`
	// The names that browsers may ask for the pages by, without a port. While it is
	// empty: those of the managed certificates and of this host, localhost, and IP
	// addresses; before there is a certificate, any. What is asked for by another name
	// is refused, because another site may have made that name up.
	Hosts []Host `toml:"hosts" example:"[\"admin.example.org\"]"`
}

// Auth is who says who is signed in.
type Auth struct{ text string }

// The values of Auth.
var (
	AuthServer = Auth{"server"}
	AuthLogin  = Auth{"login"}
)

// UnmarshalText takes one of the values.
func (a *Auth) UnmarshalText(text []byte) error {
	if a.text = string(text); *a != AuthServer && *a != AuthLogin {
		return refusal("auth", a.text, `is neither "server" nor "login"`)
	}
	return nil
}

// MarshalText is its reverse.
func (a Auth) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// Visitor is the name of a user whom a web server authenticates, or "*".
type Visitor struct{ text string }

// maxVisitor is how long such a name may be, in bytes.
const maxVisitor = 256

// UnmarshalText takes what can be seen, and no more of it than a name has.
func (v *Visitor) UnmarshalText(text []byte) error {
	v.text = string(text)
	invisible := func(r rune) bool { return !unicode.IsPrint(r) }
	if v.text == "" || len(v.text) > maxVisitor || strings.ContainsFunc(v.text, invisible) {
		return refusal("user", v.text, "is no name of a user")
	}
	return nil
}

// MarshalText is its reverse.
func (v Visitor) MarshalText() ([]byte, error) { return []byte(v.text), nil }

// String returns the name.
func (v Visitor) String() string { return v.text }

// Host is a name, or an IP address, that the pages are asked for by.
type Host struct{ text string }

// maxHost is how long it may be, in bytes (RFC 1035 section 2.3.4).
const maxHost = 253

// UnmarshalText takes a name of small letters without a port, or an IP address.
func (h *Host) UnmarshalText(text []byte) error {
	h.text = string(text)
	const plain = "abcdefghijklmnopqrstuvwxyz0123456789.-_"
	_, err := netip.ParseAddr(h.text)
	if err != nil && (h.text == "" || len(h.text) > maxHost || strings.Trim(h.text, plain) != "") {
		return refusal("host", h.text, "is neither a host's name in small letters, without a port, nor an IP address")
	}
	return nil
}

// MarshalText is its reverse.
func (h Host) MarshalText() ([]byte, error) { return []byte(h.text), nil }

// String returns the name.
func (h Host) String() string { return h.text }
