package acmecore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Method is a way to prove control of a name: a type of challenge (RFC 8555 section 8).
type Method string

// The methods that there are.
const (
	HTTP01    Method = "http-01"     // a file on port 80 (RFC 8555 section 8.3, RFC 8738 section 4)
	DNS01     Method = "dns-01"      // a TXT record (RFC 8555 section 8.4); the only one for wildcards
	TLSALPN01 Method = "tls-alpn-01" // a certificate on port 443 (RFC 8737)
)

// Methods lists them, in the order in which they are tried where nothing else is said.
func Methods() []Method { return []Method{HTTP01, TLSALPN01, DNS01} }

// ParseMethod returns text as a Method, or an error of kind Invalid that names those
// there are.
func ParseMethod(text string) (Method, error) {
	method := Method(strings.ToLower(strings.TrimSpace(text)))
	if slices.Contains(Methods(), method) {
		return method, nil
	}
	return "", &Error{Kind: Invalid, Op: "challenge", Subject: quote(text), Cause: fmt.Errorf("is none of %v", Methods())}
}

// UnmarshalText is ParseMethod, for configurations and requests.
func (m *Method) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMethod(string(text))
	return err
}

// MarshalText is its reverse.
func (m Method) MarshalText() ([]byte, error) { return []byte(m), nil }

// CanProve returns nil where CAs prove such a name by the method, and otherwise an
// error of kind Invalid that says what would work: wildcards by dns-01 alone (RFC 8555
// section 7.1.3, CA/Browser Forum BR 3.2.2.4), addresses by anything else (RFC 8738
// section 7).
func (m Method) CanProve(name Name) error {
	var cause error
	hint := ""
	switch {
	case name.Wildcard() && m != DNS01:
		cause = fmt.Errorf("a wildcard cannot be proved by %s", m)
		hint = "wildcards are proved by a record in the DNS: set up [[dns]] or a [[hook]] in wcme.toml, or name each host instead"
	case name.Address().IsValid() && m == DNS01:
		cause = errors.New("an address cannot be proved by dns-01")
		hint = "addresses are proved by http-01 or tls-alpn-01"
	default:
		return nil
	}
	return &Error{Kind: Invalid, Op: "prove", Subject: string(name), Cause: cause, Hint: hint}
}
