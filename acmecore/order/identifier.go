package order

import (
	"slices"
	"strings"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// The types of identifiers (RFC 8555 section 9.7.7, RFC 8738 section 3).
const (
	typeDNS = "dns"
	typeIP  = "ip"
)

// identifiers are the names as an order has them.
func identifiers(names []acmecore.Name) (list []acme.AuthzID) {
	for _, name := range names {
		list = append(list, acme.AuthzID{Type: typeOf(name), Value: string(name)})
	}
	return list
}

func typeOf(name acmecore.Name) string {
	if name.Address().IsValid() {
		return typeIP
	}
	return typeDNS
}

// nameOf is the reverse, as a CA may spell it: the DNS knows no case, and addresses
// can be written in many ways. What is no name of ours is equal to none.
func nameOf(identifier acme.AuthzID, wildcard bool) acmecore.Name {
	text := identifier.Value
	if wildcard && !strings.HasPrefix(text, "*.") {
		text = "*." + text
	}
	name, err := acmecore.ParseName(text)
	if err != nil || identifier.Type != typeOf(name) {
		return ""
	}
	return name
}

// sameNames tells whether an order is for the names.
func sameNames(order *acme.Order, names []acmecore.Name) bool {
	have := make([]acmecore.Name, 0, len(order.Identifiers))
	for _, identifier := range order.Identifiers {
		have = append(have, nameOf(identifier, false))
	}
	slices.Sort(have)
	return slices.Equal(have, slices.Sorted(slices.Values(names)))
}
