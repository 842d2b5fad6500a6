package limits

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"wcme/acmecore"
)

// Domain returns what a CA counts a name under: its registered domain, by the list of
// public suffixes; of an address itself, or of one of IPv6 its network of 64 bits.
func Domain(name acmecore.Name) string {
	if address := name.Address(); address.IsValid() {
		return network(address)
	}
	host := string(name.Host())
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host // which is a public suffix itself
}

func network(address netip.Addr) string {
	if address.Is4() || address.Is4In6() {
		return address.Unmap().String()
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return address.String()
	}
	return prefix.String()
}

// domains are those of all names, each once.
func domains(names []acmecore.Name) (list []string) {
	for _, name := range names {
		if domain := Domain(name); !slices.Contains(list, domain) {
			list = append(list, domain)
		}
	}
	return list
}

// hosts are what is validated for the names, each once: of a wildcard the name below it.
func hosts(names []acmecore.Name) (list []string) {
	for _, name := range names {
		if host := string(name.Host()); !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	return list
}

// setOf tells lists of the same names from all others, whatever their order.
func setOf(names []acmecore.Name) string {
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	var text strings.Builder
	for _, name := range slices.Compact(sorted) {
		text.WriteString(strings.ToLower(string(name)))
		text.WriteByte(' ')
	}
	sum := sha256.Sum256([]byte(text.String()))
	return string(sum[:16])
}
