package order

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
)

// terms are what certificates of a profile are given for.
type terms struct {
	names     int  // at most
	addresses bool // besides host names and wildcards
}

// knownProfiles returns the profiles of a CA that are known beforehand: Let's Encrypt's,
// of its production and of its staging, as its documentation has them. "" is the one
// that it chooses itself. Of other CAs nothing is known.
func knownProfiles(directory string) map[string]terms {
	if !strings.HasPrefix(directory, "https://acme-v02.api.letsencrypt.org/") &&
		!strings.HasPrefix(directory, "https://acme-staging-v02.api.letsencrypt.org/") {
		return nil
	}
	return map[string]terms{
		"":           {names: acmecore.MaxNames},
		"classic":    {names: acmecore.MaxNames},
		"tlsserver":  {names: 25},
		"shortlived": {names: 25, addresses: true},
	}
}

// CheckProfile refuses, before anything is sent, names that the CA with that directory
// does not give certificates of the profile for; "" is the profile that it chooses. The
// error, of kind Invalid, says what would work instead. It is nil where nothing is known
// of the CA, or of the profile: then the CA itself is asked.
func CheckProfile(directory, profile string, names []acmecore.Name) error {
	known := knownProfiles(directory)
	terms, found := known[profile]
	if !found {
		return nil
	}
	address := slices.IndexFunc(names, func(name acmecore.Name) bool { return name.Address().IsValid() })
	switch {
	case address >= 0 && isPrivate(names[address]):
		return notOrdered(string(names[address]), errors.New("it is an address of private networks, which no public CA certifies"),
			"a CA of your own may certify it: see [authority.NAME] in wcme.toml")
	case address >= 0 && !terms.addresses:
		return notOrdered(string(names[address]), fmt.Errorf("the CA gives no addresses %s", withProfile(profile)), hintAddresses(known, names))
	case len(names) > terms.names:
		return notOrdered(string(names[0]), fmt.Errorf("it is one of %d names, where the CA gives %d %s", len(names), terms.names, withProfile(profile)),
			hintNames(known, terms, names))
	}
	return nil
}

func notOrdered(name string, cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "order", Subject: name, Cause: cause, Hint: hint}
}

// isPrivate tells whether an address is one that means another host in each network.
func isPrivate(name acmecore.Name) bool {
	address := name.Address()
	return address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast()
}

func withProfile(profile string) string {
	if profile == "" {
		return "without a profile"
	}
	return fmt.Sprintf("with the profile %q", profile)
}

// hintAddresses says which profile takes addresses, and how many names.
func hintAddresses(known map[string]terms, names []acmecore.Name) string {
	profile, terms := profileFor(known, true, 0)
	hint := fmt.Sprintf("the profile %q takes addresses: --profile %s", profile, profile)
	if len(names) > terms.names {
		hint += fmt.Sprintf(", with at most %d names; %s", terms.names, severalFor(len(names), terms.names))
	}
	return hint
}

// hintNames says how so many names are ordered.
func hintNames(known map[string]terms, given terms, names []acmecore.Name) string {
	hint := severalFor(len(names), given.names)
	if slices.ContainsFunc(names, func(name acmecore.Name) bool { return name.Address().IsValid() }) {
		return hint
	}
	if profile, terms := profileFor(known, false, len(names)); profile != "" {
		hint += fmt.Sprintf(", or take the profile %q, which has up to %d names", profile, terms.names)
	}
	return hint
}

// profileFor returns the first profile, in the order of letters, that fits; "" for none.
func profileFor(known map[string]terms, addresses bool, names int) (string, terms) {
	for _, profile := range []string{"classic", "shortlived", "tlsserver"} {
		if terms := known[profile]; terms.names >= names && (terms.addresses || !addresses) {
			return profile, terms
		}
	}
	return "", terms{}
}

func severalFor(names, most int) string {
	return fmt.Sprintf("make %d certificates of them", (names+most-1)/most)
}

// checkProfile finds a profile that the CA does not have, or no more.
func checkProfile(authority acmecore.Authority, profile string) error {
	if profile == "" || slices.Contains(authority.Profiles, profile) {
		return nil
	}
	cause := fmt.Errorf("the CA has no profile %q; it has %s", acmecore.Inert(profile), strings.Join(authority.Profiles, ", "))
	if len(authority.Profiles) == 0 {
		cause = fmt.Errorf("the CA has no profiles, and %q was asked for", acmecore.Inert(profile))
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "place order at", Subject: authority.Directory,
		Cause: cause, Hint: hintProfile}
}
