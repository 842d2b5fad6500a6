package probe

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"

	"wcme/acmecore"
)

// Lookup finds the addresses of a host, those of IPv6 first, each once. The error
// is a *net.DNSError.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// System asks as the programs of this host do: /etc/hosts counts too, in which a
// server often has its own name with an address that nobody else knows. Go's own
// resolver does it also where the C library is linked, which does not find names
// with a dot at their end in /etc/hosts; the dot keeps search domains away.
func System(ctx context.Context, host string) ([]netip.Addr, error) {
	resolver := net.Resolver{PreferGo: true}
	if strings.Contains(host, ".") {
		host += "."
	}
	found, err := resolver.LookupNetIP(ctx, "ip", host)
	return inOrder(found), err
}

// inOrder sorts addresses as a CA takes them.
func inOrder(addresses []netip.Addr) []netip.Addr {
	for i, address := range addresses {
		addresses[i] = address.Unmap()
	}
	slices.SortFunc(addresses, func(a, b netip.Addr) int {
		return cmp.Or(b.BitLen()-a.BitLen(), a.Compare(b))
	})
	return slices.Compact(addresses)
}

// unresolved says why a name has no address.
func unresolved(err error) acmecore.Finding {
	f := acmecore.Finding{Verdict: acmecore.Unresolved, Wrong: true}
	problem := new(net.DNSError)
	switch {
	case err == nil || errors.As(err, &problem) && problem.IsNotFound:
		f.Text = "the name has no address in the DNS"
		f.Try = "is it spelled right? give it an A record, an AAAA record or both; other name servers may learn of new ones hours later"
	case problem.IsTimeout || errors.Is(err, context.DeadlineExceeded):
		f.Text = "no name server answers in time"
		f.Try = "look at this host's resolver; `--dns HOST:PORT` asks another name server"
	default:
		f.Text = "the name cannot be looked up: " + acmecore.Inert(err.Error())
		f.Try = "does that name server run? then look at the domain's own, and at its DNSSEC: public CAs accept no zone whose signatures are wrong"
	}
	return f
}

// isPublic tells whether the Internet can know the address.
func isPublic(address netip.Addr) bool {
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(special(), func(p netip.Prefix) bool { return p.Contains(address) })
}

// special are the blocks of the registries of RFC 6890 that net/netip knows nothing
// of: shared by carriers, for benchmarks, for examples, reserved.
func special() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "100::/64", "2001:db8::/32"} {
		prefixes = append(prefixes, netip.MustParsePrefix(text))
	}
	return prefixes
}
