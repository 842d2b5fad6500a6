package renewal_test

import (
	"context"
	"crypto/x509"
	"slices"

	"wcme/deploy/lab"
)

// visitors is somebody who asks each server for a host all the time.
type visitors struct {
	site      *site
	host      host
	servers   []*webServer
	observers []*lab.Observer
}

// visit sends somebody to each of the servers who accepts nothing but a certificate
// of the CA for the host that is valid by the clock.
func (s *site) visit(h host, roots *x509.CertPool, servers ...*webServer) visitors {
	s.Helper()
	v := visitors{site: s, host: h, servers: servers}
	for _, w := range servers {
		s.settle(w)
		v.observers = append(v.observers, lab.StartObserver(s, lab.ObserverOptions{Address: w.address(), Name: h.Name,
			Roots: func() *x509.CertPool { return roots }, Now: s.clock.Now, Path: "/", PerSecond: 25}))
	}
	return v
}

// await returns when all of them have met the certificate, and can meet no other.
func (v visitors) await(serial string) {
	v.site.Helper()
	ctx, cancel := context.WithTimeout(v.site.Context(), patience)
	defer cancel()
	for i, o := range v.observers {
		met := func(seen lab.Observation) bool {
			return len(seen.Serials) > 0 && seen.Serials[len(seen.Serials)-1] == serial
		}
		if err := o.Await(ctx, met); err != nil {
			v.site.Fatalf("%s, serial %s: %v", v.host.Name, serial, err)
		}
		v.site.settle(v.servers[i])
	}
}

// stop ends the visits, none of which may have failed, and in which so many
// certificates were met: for a moment of a reload the old one beside the new one.
func (v visitors) stop(certificates int) {
	v.site.Helper()
	for i, o := range v.observers {
		seen := o.Stop()
		if len(seen.Failures) > 0 || seen.Visits == 0 {
			v.site.Errorf("%s at server %d: got %d visits, and %d failures: %.2000q", v.host.Name, i, seen.Visits, len(seen.Failures), seen.Failures)
		}
		slices.Sort(seen.Serials)
		if met := slices.Compact(seen.Serials); len(met) != certificates {
			v.site.Errorf("%s at server %d: got the serials %v, want %d", v.host.Name, i, met, certificates)
		}
	}
}
