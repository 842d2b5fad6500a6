package verify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"wcme/acmecore"
)

// The protocols whose STARTTLS comes before TLS.
const (
	smtp = "smtp"
	imap = "imap"
	pop3 = "pop3"
)

// httpsPort is asked where nothing else is said.
const httpsPort = 443

// Port is where a server listens, and how TLS begins there.
type Port struct {
	Number   int
	Protocol string // "smtp", "imap" or "pop3", whose STARTTLS comes first; "" for TLS at once
}

// String reads as the configuration has it: "443", "25/smtp".
func (p Port) String() string {
	if p.Protocol == "" {
		return strconv.Itoa(p.Number)
	}
	return strconv.Itoa(p.Number) + "/" + p.Protocol
}

// Address is where a server is asked in place of the addresses that names have.
type Address struct {
	IP   netip.Addr
	Port Port // in place of Places.Ports; the zero value takes those
}

// Places are where a certificate should be met.
type Places struct {
	Names     []acmecore.Name // of the certificate
	Addresses []Address       // asked in place of those that the names have; none: those
	Ports     []Port          // none: 443
	// Twins are the fingerprints of the certificates with other kinds of key for the same
	// names: SHA-256, hexadecimal. A server that speaks TLS 1.3 alone, and presents one of
	// them, counts as serving: which other one it has beside it cannot be seen.
	Twins []string
}

// endpoints says where to look, at most at maxPlaces of them, and has proofs of
// where that is impossible.
func (r *round) endpoints(ctx context.Context, places Places) ([]acmecore.Endpoint, []acmecore.Proof) {
	names := asked(places.Names)
	if len(places.Ports) == 0 {
		places.Ports = []Port{{Number: httpsPort}}
	}
	groups := make([][]acmecore.Endpoint, len(names))
	missing := make([]*acmecore.Proof, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			addresses := places.Addresses
			if len(addresses) == 0 {
				addresses, missing[i] = r.resolve(ctx, name, places.Ports[0])
			}
			groups[i] = cross(name.server, addresses, places.Ports)
		})
	}
	all.Wait()
	endpoints, left := inTurns(groups)
	var proofs []acmecore.Proof
	for _, proof := range missing {
		if proof != nil {
			proofs = append(proofs, *proof)
		}
	}
	if len(left) > 0 {
		proofs = append(proofs, unasked(left[0], fmt.Sprintf("there are %d places, and %d are asked; this one and %d others are not",
			len(endpoints)+len(left), len(endpoints), len(left)-1)))
	}
	return endpoints, proofs
}

// askedName is a name as servers are asked for it.
type askedName struct {
	server   acmecore.Name
	wildcard bool // it stands for all names below a domain
}

// probeLabel stands in the place of a wildcard's asterisk.
const probeLabel = "wcme-probe."

// asked returns the names to ask for, each once.
func asked(names []acmecore.Name) (list []askedName) {
	seen := make(map[acmecore.Name]bool)
	for _, name := range names {
		rest, wildcard := strings.CutPrefix(string(name), "*.")
		if wildcard {
			name = acmecore.Name(probeLabel + rest)
		}
		if name != "" && !seen[name] {
			seen[name] = true
			list = append(list, askedName{name, wildcard})
		}
	}
	return list
}

// cross returns each address × port once.
func cross(name acmecore.Name, addresses []Address, ports []Port) (endpoints []acmecore.Endpoint) {
	for _, address := range addresses {
		at := ports
		if address.Port.Number != 0 {
			at = []Port{address.Port}
		}
		for _, port := range at {
			e := acmecore.Endpoint{Name: name, Address: address.IP.String(), Port: port.Number, Protocol: port.Protocol}
			if !slices.Contains(endpoints, e) {
				endpoints = append(endpoints, e)
			}
		}
		if len(endpoints) > maxPlaces { // the rest would not be asked, whatever it is
			return endpoints
		}
	}
	return endpoints
}

// inTurns takes one endpoint of each name, then a second one and so on, so that
// where there are too many no name goes without. It returns them name by name.
func inTurns(groups [][]acmecore.Endpoint) (taken, left []acmecore.Endpoint) {
	counts := make([]int, len(groups))
	for total, more := 0, true; more; {
		more = false
		for i, group := range groups {
			if counts[i] < len(group) && total < maxPlaces {
				counts[i]++
				total++
				more = true
			}
		}
	}
	for i, group := range groups {
		taken = append(taken, group[:counts[i]]...)
		left = append(left, group[counts[i]:]...)
	}
	return taken, left
}
