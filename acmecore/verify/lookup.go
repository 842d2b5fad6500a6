package verify

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// resolve returns the addresses of a name, or a proof that it has none, which for a
// wildcard is no more than nothing to look at. An address is its own. That a name does not
// exist is taken as said; a name server that does not answer is asked again.
func (r *round) resolve(ctx context.Context, name askedName, port Port) (found []Address, missing *acmecore.Proof) {
	if address := name.server.Address(); address.IsValid() {
		return []Address{{IP: address}}, nil
	}
	var addresses []netip.Addr
	err := errors.New("there was no time left to ask")
	r.again(ctx, func() (done bool) {
		limited, cancel := context.WithTimeout(ctx, tryTime)
		defer cancel()
		addresses, err = r.lookup(limited, string(name.server))
		return err == nil || isNotFound(err)
	})
	for _, address := range addresses {
		found = append(found, Address{IP: address.Unmap()})
	}
	if len(found) == 0 && name.wildcard {
		r.tellOf(name.server, "not looked for: this host below the wildcard has no address; [verify] probe can name one")
	}
	if len(found) > 0 || name.wildcard {
		return found, nil
	}
	proof := acmecore.Proof{Endpoint: acmecore.Endpoint{Name: name.server, Port: port.Number, Protocol: port.Protocol},
		At: time.Now(), Answer: acmecore.NoAddress}
	proof.Problem, proof.Hint = unresolved(err)
	return nil, &proof
}

func (r *round) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if r.Lookup != nil {
		return r.Lookup(ctx, host)
	}
	return system(ctx, host)
}

// system asks as the programs of this host do. Go's own resolver does it also where
// the C library is linked, which does not find names with a dot at their end in
// /etc/hosts; the dot keeps search domains away.
func system(ctx context.Context, host string) ([]netip.Addr, error) {
	resolver := net.Resolver{PreferGo: true}
	if strings.Contains(host, ".") {
		host += "."
	}
	found, err := resolver.LookupNetIP(ctx, "ip", host)
	for i, address := range found {
		found[i] = address.Unmap()
	}
	slices.SortFunc(found, func(a, b netip.Addr) int { return cmp.Or(a.BitLen()-b.BitLen(), a.Compare(b)) })
	return slices.Compact(found), err
}

func isNotFound(err error) bool {
	problem := new(net.DNSError)
	return errors.As(err, &problem) && problem.IsNotFound
}

// unresolved says why a name has no address.
func unresolved(err error) (problem, hint string) {
	var timeout net.Error
	switch {
	case err == nil || isNotFound(err):
		return "the name has no address in the DNS", "give it an A or AAAA record, or say in [verify] probe at which addresses its server is"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no name server answers in time", "look at this host's resolver"
	}
	return "the name cannot be looked up: " + cut(err.Error()), "look at this host's resolver, and at the name servers of the domain"
}
