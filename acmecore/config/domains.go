package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
)

// covers tells whether a list of domains is for the name: nil is for every name, and a
// domain is for itself and all that is below it, an address for itself alone. length is
// that of the longest such domain, in bytes; 0 where the list is nil. A wildcard is
// covered as the name below "*." is.
func covers(domains []Name, name acmecore.Name) (length int, covered bool) {
	if domains == nil {
		return 0, true
	}
	host := string(name.Host())
	for _, domain := range domains {
		below := !domain.Address().IsValid() && strings.HasSuffix(host, "."+string(domain.Name))
		if host == string(domain.Name) || below {
			length, covered = max(length, len(domain.Name)), true
		}
	}
	return length, covered
}

// checkDomains finds a domain that covers nothing, and one that is there twice.
func checkDomains(domains []Name) error {
	if domains != nil && len(domains) == 0 {
		return errors.New("the list is empty; leave it out for all names")
	}
	for i, domain := range domains {
		switch {
		case domain.Wildcard():
			return fmt.Errorf("%s is a wildcard; %s is for itself and all that is below it, wildcards too", domain.Name, domain.Host())
		case slices.Contains(domains[:i], domain):
			return fmt.Errorf("%s is there twice", domain.Name)
		}
	}
	return nil
}

// sharedDomain returns a domain that both lists name, in words; "all names" where
// neither is there.
func sharedDomain(a, b []Name) (domain string, found bool) {
	if a == nil && b == nil {
		return "all names", true
	}
	for _, one := range a {
		if slices.Contains(b, one) {
			return string(one.Name), true
		}
	}
	return "", false
}
