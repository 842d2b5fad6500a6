package limits

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"wcme/acmecore"
)

// Answer is how a CA has asked for patience.
type Answer struct {
	Directory string // of the CA, URL
	Busy      bool   // it said so of itself, and not of us: status 503
	Detail    string // in its words, inert
	Links     []string
	Names     []acmecore.Name // that were ordered
}

// Of reads which limit it is about. What cannot be told from the CA's words is taken for
// one of these names: other certificates are not kept waiting by it.
func (a Answer) Of() (kind acmecore.LimitKind, about, page string) {
	says := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(a.Detail), text) })
	}
	switch {
	case a.Busy:
		return acmecore.LimitOfAccount, "", ""
	case says("temporarily prevented", "paused"):
		return acmecore.LimitConsecutive, a.named(hosts(a.Names)), a.page()
	case says("exact set", "duplicate certificate"):
		return acmecore.LimitSameNames, "", ""
	case says("failed authorizations", "failed validations"):
		return acmecore.LimitRefusals, a.named(hosts(a.Names)), ""
	case says("already issued for"):
		return acmecore.LimitDomain, a.named(domains(a.Names)), ""
	case says("new orders"):
		return acmecore.LimitOrders, "", ""
	case says("account"):
		return acmecore.LimitOfAccount, "", ""
	}
	return acmecore.LimitOfIdentifier, "", ""
}

// named is which of these the CA names, where that is a single one; the others may have
// to do with it as well.
func (a Answer) named(ours []string) (name string) {
	for _, word := range strings.FieldsFunc(strings.ToLower(a.Detail), func(c rune) bool { return strings.ContainsRune(" \"'`,;()\\", c) }) {
		word = strings.TrimSuffix(strings.TrimSuffix(word, "."), ":")
		switch {
		case !slices.Contains(ours, word), word == name:
		case name != "":
			return ""
		default:
			name = word
		}
	}
	return name
}

// page is where a person can lift the limit: on the CA's own side, and none that only
// explains.
func (a Answer) page() string {
	for _, link := range a.Links {
		parsed, err := url.Parse(link)
		if err == nil && parsed.Scheme == "https" && parsed.User == nil && isOfCA(parsed.Hostname(), a.Directory) &&
			!strings.HasPrefix(parsed.Path, "/docs/") {
			return link
		}
	}
	return ""
}

// isOfCA tells whether a host is one of the CA's: that of its directory, or of the same
// registered domain.
func isOfCA(host, directory string) bool {
	parsed, err := url.Parse(directory)
	if err != nil || host == "" {
		return false
	}
	host, own := strings.ToLower(host), strings.ToLower(parsed.Hostname())
	if host == own {
		return true
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	ownDomain, ownErr := publicsuffix.EffectiveTLDPlusOne(own)
	return err == nil && ownErr == nil && domain == ownDomain
}
