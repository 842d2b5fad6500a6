package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"wcme/acmecore"
)

// checkDNS finds a [[dns]] that lacks something or has too much, and two that are in
// each other's way.
func (c *Config) checkDNS(in document) error {
	for i := range c.DNS {
		if key, err := c.DNS[i].check(); err != nil {
			return invalid(in.atEntry("dns", i, key), err)
		}
		for j := range i {
			if key, err := c.DNS[i].beside(&c.DNS[j]); err != nil {
				return invalid(in.atEntry("dns", i, key), err)
			}
		}
	}
	return nil
}

// check returns an error and the key that it is about.
func (d *DNS) check() (key string, err error) {
	updates, posts := d.Server.String() != "", d.ACMEDNS.String() != ""
	switch {
	case d.Name.String() == "":
		return "name", errors.New("a [[dns]] needs its name")
	case !updates && !posts:
		return "name", fmt.Errorf("dns %s needs its server, or its acme_dns", d.Name)
	case updates && posts:
		return "acme_dns", errors.New("it takes the place of server, which is there too")
	case d.Zone.Wildcard() || d.Zone.Address().IsValid():
		return "zone", fmt.Errorf("%s is no zone", d.Zone.Name)
	}
	for _, check := range []func() (string, error){d.checkFor, d.checkTSIG, d.checkAccounts, d.checkWaits} {
		if key, err := check(); err != nil {
			return key, err
		}
	}
	return "", nil
}

func (d *DNS) checkFor() (key string, err error) {
	if err := checkDomains(d.For); err != nil {
		return "for", err
	}
	for _, domain := range d.For {
		if domain.Address().IsValid() {
			return "for", fmt.Errorf("%s is an address, which cannot be proved by dns-01", domain.Name)
		}
	}
	return "", nil
}

// checkTSIG finds a key that is half given, or that nothing can be signed with. What is
// in its file is seen where that is read.
func (d *DNS) checkTSIG() (key string, err error) {
	given, inFile := d.TSIGKey.Reveal() != "", d.TSIGKeyFile.String() != ""
	for _, row := range []struct {
		key  string
		said bool
	}{{"tsig_name", d.TSIGName != ""}, {"tsig_algorithm", d.TSIGAlgorithm.said()}, {"tsig_key", given}, {"tsig_key_file", inFile}} {
		if row.said && d.Server.String() == "" {
			return row.key, errors.New("it goes together with server, which is missing")
		}
		if row.said && !given && !inFile {
			return row.key, errors.New("it goes together with tsig_key or tsig_key_file, which are missing")
		}
	}
	switch {
	case given && inFile:
		return "tsig_key_file", errors.New("it takes the place of tsig_key, which is there too")
	case given && d.TSIGName == "":
		return "tsig_key", errors.New("it goes together with tsig_name, which is missing")
	case strings.Trim(d.TSIGName, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" || len(d.TSIGName) > 253:
		return "tsig_name", refusal("tsig_name", d.TSIGName, `is no name of a key: letters, digits, "-", "_" and dots`)
	}
	if secret, err := base64.StdEncoding.DecodeString(d.TSIGKey.Reveal()); err != nil || given && len(secret) == 0 {
		return "tsig_key", errors.New("it is not base64")
	}
	return "", nil
}

func (d *DNS) checkAccounts() (key string, err error) {
	switch posts, accounts := d.ACMEDNS.String() != "", d.ACMEDNSAccounts.String() != ""; {
	case posts && !accounts:
		return "acme_dns", errors.New("it goes together with acme_dns_accounts, which is missing")
	case accounts && !posts:
		return "acme_dns_accounts", errors.New("it goes together with acme_dns, which is missing")
	}
	return "", nil
}

func (d *DNS) checkWaits() (key string, err error) {
	if err := d.Settle.within(0, mostTimeout); err != nil {
		return "settle", err
	}
	if d.Resolvers != nil && len(d.Resolvers) == 0 {
		return "resolvers", errors.New("the list is empty; leave it out for those of the system")
	}
	if err := checkResolvers(d.Resolvers); err != nil {
		return "resolvers", err
	}
	return "patience", d.Patience.within(leastTimeout, mostTimeout)
}

// checkResolvers wants addresses: names of resolvers would be looked up by others.
func checkResolvers(resolvers []NameServer) error {
	for _, resolver := range resolvers {
		if _, err := netip.ParseAddrPort(resolver.String()); err != nil {
			return refusal("name server", resolver.String(), "is no IP address, which it must be to tell where names are")
		}
	}
	return nil
}

// beside finds what two must not have in common, and the key that it is about.
func (d *DNS) beside(other *DNS) (key string, err error) {
	if d.Name == other.Name {
		return "name", fmt.Errorf("there is a dns %s already", d.Name)
	}
	if domain, same := sharedDomain(d.For, other.For); same {
		return "for", fmt.Errorf("dns %s is for %s already", other.Name, domain)
	}
	return "", nil
}

// TSIGAlgorithm is how updates are signed (RFC 8945 section 6).
type TSIGAlgorithm struct{ text string }

// usualAlgorithm is that of keys which say none.
const usualAlgorithm = "hmac-sha256"

// UnmarshalText takes one of the four; nothing for none.
func (a *TSIGAlgorithm) UnmarshalText(text []byte) error {
	a.text = string(text)
	known := []string{usualAlgorithm, "hmac-sha384", "hmac-sha512", "hmac-sha224"}
	if a.text == "" || slices.Contains(known, a.text) {
		return nil
	}
	return oneOf("tsig_algorithm", a.text, known)
}

// MarshalText is its reverse.
func (a TSIGAlgorithm) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// String returns the name (RFC 8945 section 6); "" where none was said.
func (a TSIGAlgorithm) String() string { return a.text }

func (a TSIGAlgorithm) said() bool { return a.text != "" }

// settle gives the [[dns]] the defaults of what it does not say.
func (d *DNS) settle() {
	if !d.Patience.Said() {
		d.Patience = lasting(usualPatience)
	}
	if !d.TSIGAlgorithm.said() && d.TSIGKey.Reveal() != "" {
		d.TSIGAlgorithm = TSIGAlgorithm{usualAlgorithm} // that of a file is its own
	}
}

// Looks tells whether the record is looked for before the CA is told.
func (d *DNS) Looks() bool { return d.Check == nil || *d.Check }

// DNSFor returns the [[dns]] that is for the name: that with the longest domain.
func (c *Config) DNSFor(name acmecore.Name) (entry DNS, found bool) {
	longest := -1
	for _, candidate := range c.DNS {
		if length, covered := covers(candidate.For, name); covered && length > longest {
			entry, longest = candidate, length
		}
	}
	return entry, longest >= 0
}
