package order

import (
	"net/url"
	"slices"
	"strings"

	"wcme/acmecore"
)

// The bounds of what is kept of the addresses in a CA's words.
const (
	maxAddresses = 4
	maxAddress   = 4096 // bytes: one that lifts a pause carries a token of its own
)

// addressesIn returns the https URLs that stand in a CA's words, before these are cut.
func addressesIn(text string) (addresses []string) {
	ends := func(c rune) bool { return strings.ContainsRune(" \t\r\n\"'<>`", c) }
	for _, word := range strings.FieldsFunc(text, ends) {
		at := strings.Index(word, "https://")
		if at < 0 || len(addresses) == maxAddresses {
			continue
		}
		address := strings.TrimRight(word[at:], ".,;:!?)]}")
		parsed, err := url.Parse(address)
		plain := !strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c > '~' })
		if err == nil && parsed.Host != "" && parsed.User == nil && plain && len(address) <= maxAddress && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// addressesOf are those in a problem, and the one that it names itself.
func addressesOf(detail, instance string) []string {
	return addressesIn(detail + " " + acmecore.Inert(instance))
}
