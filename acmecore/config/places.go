package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"wcme/acmecore"
)

// refusal is the error of a value that is not what it should be.
func refusal(what, text, cause string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: what, Subject: fmt.Sprintf("%q", acmecore.Inert(text)),
		Cause: errors.New(cause)}
}

// Dir is the absolute path of a directory.
type Dir struct{ text string }

// UnmarshalText takes a path in its shortest form.
func (d *Dir) UnmarshalText(text []byte) error {
	path := string(text)
	if !filepath.IsAbs(path) || strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return refusal("directory", path, "is no absolute path")
	}
	d.text = filepath.Clean(path)
	return nil
}

// MarshalText is its reverse.
func (d Dir) MarshalText() ([]byte, error) { return []byte(d.text), nil }

// String returns the path.
func (d Dir) String() string { return d.text }

// ProxyURL is the URL of an HTTP proxy, "none", or nothing at all.
type ProxyURL struct{ text string }

// noProxy stands for going directly, whatever else is configured.
const noProxy = "none"

// UnmarshalText takes http and https URLs of a host alone.
func (p *ProxyURL) UnmarshalText(text []byte) error {
	if given := string(text); given == "" || given == noProxy {
		p.text = given
		return nil
	}
	parsed, err := parseHTTP(string(text))
	if err != nil || strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" {
		return refusal("proxy", hidePassword(string(text)), "is no URL of a proxy, such as http://proxy.example.org:8080")
	}
	p.text = string(text)
	return nil
}

// MarshalText shows the proxy without the password that its URL may have.
func (p ProxyURL) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// IsZero tells whether nothing was said.
func (p ProxyURL) IsZero() bool { return p.text == "" }

// URL returns the proxy, and nil for "none".
func (p ProxyURL) URL() *url.URL {
	if p.text == noProxy {
		return nil
	}
	parsed, err := url.Parse(p.text)
	if err != nil {
		return nil
	}
	return parsed
}

// String returns the URL without a password.
func (p ProxyURL) String() string { return hidePassword(p.text) }

// GoString hides the password from %#v.
func (p ProxyURL) GoString() string { return p.String() }

// hidePassword is for texts that are perhaps no URL at all: what stands between
// the first colon after the scheme and the last @ is not shown.
func hidePassword(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	at := strings.LastIndex(rest, "@")
	if !found || at < 0 {
		return text
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return scheme + "://" + user + ":" + hidden + rest[at:]
}

// parseHTTP reads an http or https URL that has a host.
func parseHTTP(text string) (*url.URL, error) {
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case parsed.Scheme != "http" && parsed.Scheme != "https", parsed.Hostname() == "", parsed.Fragment != "":
		return nil, errors.New("is no http or https URL")
	}
	return parsed, nil
}

// Target is the http or https URL that a relay appends tokens to.
type Target struct{ text string }

// UnmarshalText takes a URL without user, query and fragment.
func (t *Target) UnmarshalText(text []byte) error {
	parsed, err := parseHTTP(string(text))
	if err != nil || parsed.User != nil || parsed.RawQuery != "" || parsed.ForceQuery {
		return refusal("target", hidePassword(string(text)), "is no http or https URL that a token could be appended to")
	}
	t.text = strings.TrimRight(string(text), "/") + "/"
	return nil
}

// MarshalText is its reverse.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.text), nil }

// String returns the URL; it ends with a slash.
func (t Target) String() string { return t.text }

// Listen is a list of addresses, HOST:PORT, to listen on.
type Listen struct{ addresses []string }

// UnmarshalText takes addresses that commas separate.
func (l *Listen) UnmarshalText(text []byte) error {
	l.addresses = nil
	for address := range strings.SplitSeq(string(text), ",") {
		address = strings.TrimSpace(address)
		if address == "" && len(text) == 0 {
			continue
		}
		_, port, err := net.SplitHostPort(address)
		if number, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || number == 0 {
			return refusal("address", address, "is not HOST:PORT, such as :80 or 192.0.2.7:80")
		}
		l.addresses = append(l.addresses, address)
	}
	return nil
}

// MarshalText is its reverse.
func (l Listen) MarshalText() ([]byte, error) { return []byte(strings.Join(l.addresses, ", ")), nil }

// Addresses returns the addresses; none means that wCME does not listen.
func (l Listen) Addresses() []string { return l.addresses }

// When is when wCME listens for challenges itself.
type When struct{ text string }

// The values of When.
var (
	WhenPending = When{"pending"}
	WhenAlways  = When{"always"}
)

// UnmarshalText takes one of the values.
func (w *When) UnmarshalText(text []byte) error {
	if w.text = string(text); *w != WhenPending && *w != WhenAlways {
		return refusal("when", w.text, `is neither "pending" nor "always"`)
	}
	return nil
}

// MarshalText is its reverse.
func (w When) MarshalText() ([]byte, error) { return []byte(w.text), nil }

// checkRelays finds a table that lacks something, and a host that has two.
func (c *Config) checkRelays(in document) error {
	seen := make(map[string]bool)
	for i, relay := range c.Relay {
		if err := relay.check(seen); err != nil {
			return invalid(in.atEntry("relay", i, ""), err)
		}
		seen[string(relay.Host.Name)] = true
	}
	return nil
}

// check knows the hosts that have a relay already.
func (r Relay) check(seen map[string]bool) error {
	host := string(r.Host.Name)
	switch {
	case host == "":
		return errors.New("a relay needs its host")
	case strings.HasPrefix(host, "*"):
		return fmt.Errorf("%q is no host but a wildcard", host)
	case r.To.String() == "":
		return fmt.Errorf("the relay for %s needs the URL that it leads `to`", host)
	case seen[host]:
		return fmt.Errorf("%s has a relay already", host)
	}
	return nil
}
