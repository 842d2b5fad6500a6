package manager

import (
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/limits"
	"wcme/acmecore/spread"
)

// eventsOf works out what counts at a CA of what is kept: the versions of certificates,
// and the failures that are remembered. Orders of which nothing came are missing in it.
func (m *Manager) eventsOf(directory string) (events []limits.Event) {
	ids, err := m.root.Obtained()
	managed, recordsErr := m.root.Records()
	if err != nil || recordsErr != nil {
		m.log.Warn("what counts against a CA's limits is not known", "ca", directory, "error", errors.Join(err, recordsErr))
	}
	ids = append(ids, managed...) // what was never obtained can have failed
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var mu sync.Mutex
	_ = spread.Over(len(ids), func(i int) error {
		found := append(m.issuedAt(directory, ids[i]), m.refusedAt(directory, ids[i])...)
		mu.Lock()
		defer mu.Unlock()
		events = append(events, found...)
		return nil
	})
	return events
}

// countedFor is how long a certificate counts: as one of its names, for an exemption.
const countedFor = 120 * 24 * time.Hour

// issuedAt are the versions of a certificate that the CA has issued. What cannot be read
// is not counted.
func (m *Manager) issuedAt(directory string, id acmecore.ID) (events []limits.Event) {
	versions, _ := m.root.VersionNames(id)
	for _, version := range versions {
		issue, err := m.root.Issue(id, version)
		if err != nil || issue.Directory != "" && issue.Directory != directory || !issue.At.IsZero() && m.now().Sub(issue.At) > countedFor {
			continue
		}
		chain, _, err := m.root.VersionChain(id, version)
		if err != nil || len(chain) == 0 {
			continue
		}
		leaf, err := x509.ParseCertificate(chain[0])
		if err != nil {
			continue
		}
		if issue.Directory == "" && !m.isFirst(directory, id) {
			continue
		}
		at := issue.At
		if at.IsZero() {
			at = leaf.NotBefore
		}
		events = append(events, limits.Event{At: at.UTC(), What: limits.Issued, Names: certifiedNames(leaf)})
	}
	return events
}

// isFirst tells whether the CA is the one that the certificate's record asks first.
func (m *Manager) isFirst(directory string, id acmecore.ID) bool {
	_, record := m.read(id)
	_, authority, err := m.Config().Find(m.firstCA(record))
	return err == nil && authority.Directory.String() == directory
}

// refusedAt are the refusals that are remembered of a certificate.
func (m *Manager) refusedAt(directory string, id acmecore.ID) (events []limits.Event) {
	standing, _ := m.root.Standing(id) // whose reader tells of what is wrong with it
	for _, failure := range standing.Failures {
		if len(failure.Refused) == 0 {
			continue
		}
		if _, authority, err := m.Config().Find(failure.CA); failure.CA != "" && (err != nil || authority.Directory.String() != directory) {
			continue
		}
		if failure.CA == "" && !m.isFirst(directory, id) {
			continue
		}
		events = append(events, limits.Event{At: failure.At, What: limits.Refused, Names: failure.Refused})
	}
	return events
}
