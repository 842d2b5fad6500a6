package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// The most that is asked of one zone.
const (
	maxServers   = 16 // name servers
	maxAddresses = 8  // addresses of one
)

// server is a name server of a zone.
type server struct {
	name      string
	addresses []string // each IP:PORT
	problem   string   // why there is none
}

// serversOf returns the name servers of a zone with their addresses, at least one of
// which has some.
func (f *Finder) serversOf(ctx context.Context, place Place) ([]server, error) {
	f.mu.Lock()
	entry := f.servers[place.Zone]
	if entry == nil {
		entry = new(known)
		f.servers[place.Zone] = entry
	}
	f.mu.Unlock()
	entry.once.Do(func() { entry.servers, entry.err = f.findServers(ctx, place) })
	return entry.servers, entry.err
}

func (f *Finder) findServers(ctx context.Context, place Place) ([]server, error) {
	answer, err := f.resolve(ctx, place.Zone, dns.TypeNS)
	if err != nil {
		return nil, unresolved(place, "the name servers of "+place.Zone, err)
	}
	names := serverNames(answer, place.Zone)
	if len(names) == 0 {
		return nil, lame(place, errors.New("it has no NS record"))
	}
	if len(names) > maxServers {
		f.tell(fmt.Sprintf("%s has %d name servers, of which %d are asked", place.Zone, len(names), maxServers))
		names = names[:maxServers]
	}
	servers := make([]server, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { servers[i] = f.locate(ctx, name) })
	}
	all.Wait()
	if !slices.ContainsFunc(servers, func(s server) bool { return len(s.addresses) > 0 }) {
		var why []string
		for _, s := range servers {
			why = append(why, s.name+": "+s.problem)
		}
		return nil, lame(place, errors.New("none of its name servers has an address: "+strings.Join(why, "; ")))
	}
	return servers, nil
}

// serverNames are those of the NS records, in the order of letters.
func serverNames(answer *dns.Msg, zone string) (names []string) {
	for _, record := range answer.Answer {
		if ns, is := record.(*dns.NS); is && same(ns.Hdr.Name, zone) {
			names = append(names, plain(ns.Ns))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// locate looks a name server's addresses up.
func (f *Finder) locate(ctx context.Context, name string) server {
	found := server{name: name, problem: "has no address"}
	for _, kind := range []uint16{dns.TypeAAAA, dns.TypeA} {
		answer, err := f.resolve(ctx, name, kind)
		if err != nil {
			found.problem = "its address cannot be looked up: " + err.Error()
			continue
		}
		for _, record := range answer.Answer {
			switch record := record.(type) {
			case *dns.A:
				found.addresses = append(found.addresses, net.JoinHostPort(record.A.String(), f.settings.Port))
			case *dns.AAAA:
				found.addresses = append(found.addresses, net.JoinHostPort(record.AAAA.String(), f.settings.Port))
			}
		}
	}
	if len(found.addresses) > 0 {
		found.problem = ""
	}
	if len(found.addresses) > maxAddresses { // those of IPv4, which stand last, are the surest
		found.addresses = found.addresses[len(found.addresses)-maxAddresses:]
	}
	return found
}

// lame says that nobody answers for the zone.
func lame(place Place, cause error) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "ask the name servers of", Subject: acmecore.Inert(place.Zone), Cause: errors.New(acmecore.Inert(cause.Error())),
		Hint: "the delegation is lame: let its NS records name servers that have the zone, and give these addresses"}
}
