package manager

import (
	"context"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/verify"
)

// places are where visitors meet the certificate.
func (m *Manager) places(c acmecore.Certificate, record *config.Certificate) verify.Places {
	given := m.Config().VerifyFor(record)
	places := verify.Places{Names: c.Names, Twins: m.twinPrints(c)}
	for _, port := range given.Ports {
		places.Ports = append(places.Ports, verify.Port(port))
	}
	for _, address := range given.Probe {
		places.Addresses = append(places.Addresses, verify.Address{IP: address.IP, Port: verify.Port(address.Port)})
	}
	return places
}

func (m *Manager) verifier() *verify.Verifier {
	return &verify.Verifier{Patience: m.Config().Verify.Patience.Duration}
}

// Proofs implements renew.Stages.
func (s stages) Proofs(ctx context.Context, id acmecore.ID) []acmecore.Proof {
	c, record := s.read(id)
	return s.verifier().Look(ctx, s.places(c, record), c.Fingerprint)
}

// Verify implements renew.Stages.
func (s stages) Verify(ctx context.Context, id acmecore.ID, report acmecore.Progress) []acmecore.Proof {
	c, record := s.read(id)
	return s.verifier().Verify(ctx, s.places(c, record), c.Fingerprint, s.stepsOf(id, report))
}

// maxLooks is how many certificates are looked at as visitors at once.
const maxLooks = 8

// CheckServed implements control.Operations. It looks, whatever [verify] says of
// when to look, and changes nothing.
func (m *Manager) CheckServed(ctx context.Context, ids []acmecore.ID, _ acmecore.Progress) ([]acmecore.Presence, error) {
	ids, err := m.managed(ids)
	if err != nil {
		return nil, err
	}
	presences := make([]acmecore.Presence, len(ids))
	var all sync.WaitGroup
	free := make(chan struct{}, maxLooks)
	for i, id := range ids {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			presences[i] = m.presence(ctx, id)
		})
	}
	all.Wait()
	return presences, acmecore.InterruptedOr(ctx.Err(), "check served", "certificates")
}

// presence says where one certificate is.
func (m *Manager) presence(ctx context.Context, id acmecore.ID) acmecore.Presence {
	read := m.reading(id)
	c, record := read.Certificate, read.record
	presence := acmecore.Presence{Certificate: c, Placed: m.placed(read)}
	if places := m.places(c, record); len(c.Names) > 0 && len(places.Ports) > 0 {
		presence.Proofs = m.verifier().Look(ctx, places, c.Fingerprint)
	}
	presence.Parted = verify.Parted(presence)
	return presence
}

// managed checks that the certificates are managed; none means all.
func (m *Manager) managed(ids []acmecore.ID) ([]acmecore.ID, error) {
	if len(ids) == 0 {
		return m.managedIDs()
	}
	for _, id := range ids {
		if _, err := acmecore.ParseID(string(id)); err != nil { // it becomes part of a path
			return nil, err
		}
		if _, _, err := m.root.Record(m.recordID(id)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
