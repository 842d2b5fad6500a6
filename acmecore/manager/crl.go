package manager

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/crl"
	"wcme/acmecore/probe"
	"wcme/acmecore/spread"
)

// listed is a certificate that may stand on a revocation list.
type listed struct {
	id      acmecore.ID
	version string
	serial  *big.Int
	points  []string // URLs of its list, of which one will do
}

// issuedUnder are the certificates of one list and one issuer.
type issuedUnder struct {
	authority config.Authority
	issuer    *x509.Certificate
	list      []listed
}

// CheckRevocations looks the current versions up in the revocation lists of their CAs, as
// far as these publish any: each list is fetched once. What was revoked is noted, told of,
// and replaced soon. A list that cannot be had is told to the log alone.
func (m *Manager) CheckRevocations(ctx context.Context) error {
	ids, err := m.managedIDs()
	if err != nil {
		return err
	}
	groups := m.issuedUnder(ctx, ids, 0)
	for try := 1; len(groups) > 0 && ctx.Err() == nil; try++ {
		var failed []listed
		for _, target := range sortedKeys(groups) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !m.lookUp(ctx, target.point, groups[target]) {
				failed = append(failed, groups[target].list...)
			}
		}
		var again []acmecore.ID
		for _, one := range failed {
			if len(one.points) > try {
				again = append(again, one.id)
			}
		}
		groups = m.issuedUnder(ctx, again, try)
	}
	return ctx.Err()
}

// source is a list of one CA.
type source struct {
	point  string
	issuer [sha256.Size]byte
}

// issuedUnder groups the certificates by the list that stands at that place among those
// that each of them names.
func (m *Manager) issuedUnder(ctx context.Context, ids []acmecore.ID, place int) map[source]*issuedUnder {
	groups := make(map[source]*issuedUnder)
	var mu sync.Mutex
	_ = spread.Over(len(ids), func(i int) error {
		if ctx.Err() != nil {
			return nil
		}
		read := m.reading(ids[i])
		if len(read.pair.Chain) < 2 || read.Revoked || !m.now().Before(read.NotAfter) {
			return nil // nothing is known of its issuer, or nothing is to be known any more
		}
		leaf, issuer := read.pair.Chain[0], read.pair.Chain[1]
		points := crl.Points(leaf)
		if place >= len(points) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		of := source{points[place], sha256.Sum256(issuer.Raw)}
		if groups[of] == nil {
			groups[of] = &issuedUnder{issuer: issuer, authority: m.authorityOf(read)}
		}
		groups[of].list = append(groups[of].list, listed{read.ID, read.Version, leaf.SerialNumber, points})
		return nil
	})
	return groups
}

func sortedKeys(groups map[source]*issuedUnder) (keys []source) {
	for key := range groups {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b source) int { return strings.Compare(a.point, b.point) })
	return keys
}

// authorityOf is the CA that has issued the current version, as far as it is known.
func (m *Manager) authorityOf(read reading) config.Authority {
	issue, err := m.root.Issue(read.ID, read.Version)
	if err != nil {
		return config.Authority{}
	}
	authority, _ := m.issuedBy(read.ID, issue)
	return authority
}

// lookUp looks for certificates on the list at the URL, and tells whether that could be
// had.
func (m *Manager) lookUp(ctx context.Context, target string, group *issuedUnder) bool {
	reader, err := m.listReader(ctx, group.authority)
	if err != nil {
		m.log.Info("revocation list not read", "list", target, "error", err)
		return false
	}
	list, err := reader.Fetch(ctx, target, group.issuer)
	if err == nil {
		err = list.Find(serialsOf(group.list), func(serial *big.Int, entry crl.Entry) {
			for _, one := range group.list {
				if one.serial.Cmp(serial) == 0 {
					m.foundRevoked(ctx, one, entry)
				}
			}
		})
	}
	if err != nil {
		m.log.Info("revocation list not read", "list", target, "certificates", len(group.list), "error", err)
		return false
	}
	return true
}

func serialsOf(list []listed) (serials []*big.Int) {
	for _, one := range list {
		serials = append(serials, one.serial)
	}
	return serials
}

// listReader fetches the lists of a CA, by its proxy. The lists of one with roots of its
// own, or which is in a private network itself, may be there too; the roots in
// etc/cacert.pem are for all CAs, and say nothing of this one.
func (m *Manager) listReader(ctx context.Context, authority config.Authority) (*crl.Reader, error) {
	roots, err := m.root.Roots(authority.Roots)
	if err != nil {
		return nil, err
	}
	private := authority.Roots != "" || inPrivateNetwork(ctx, authority.Directory.String(), probe.System)
	options := crl.Options{Roots: roots, Private: private, UserAgent: "wcme/" + m.version, Now: m.now}
	if proxy := m.Config().ProxyFor(authority); !proxy.IsZero() {
		through := proxy.URL()
		options.Proxy = func(*url.URL) (*url.URL, error) { return through, nil }
	}
	return crl.New(options), nil
}

// inPrivateNetwork tells whether the internet cannot reach the URL's host, by any of its
// addresses.
func inPrivateNetwork(ctx context.Context, target string, look probe.Lookup) bool {
	parsed, err := url.Parse(target)
	if err != nil || parsed.Hostname() == "" {
		return false
	}
	if address, err := netip.ParseAddr(parsed.Hostname()); err == nil {
		return !crl.IsPublic(address)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	addresses, err := look(ctx, parsed.Hostname())
	return err == nil && len(addresses) > 0 && !slices.ContainsFunc(addresses, crl.IsPublic)
}

// foundRevoked notes that the CA has revoked the current version of a certificate.
func (m *Manager) foundRevoked(ctx context.Context, one listed, entry crl.Entry) {
	if current := m.facts(one.id); current.Version != one.version || current.Revoked {
		return // it was replaced, or revoked by somebody here, meanwhile
	}
	revocation := acmecore.Revocation{At: m.now().UTC().Truncate(time.Second), Reason: entry.Reason, Listed: entry.At}
	if err := m.root.NoteRevoked(one.id, one.version, revocation); err != nil {
		m.log.Error("that a certificate was revoked could not be noted", "certificate", one.id, "error", err)
		return
	}
	m.log.Error("certificate revoked by its CA", "certificate", one.id, "version", one.version, "serial", one.serial.Text(16), "since", entry.At, "reason", reasonInWords(entry.Reason))
	err := m.reporter.Tell(acmecore.Event{Kind: acmecore.EventFailed, At: m.now().UTC(), Subject: string(one.id), Cause: "revoked",
		Text: revokedAt(revocation), Hint: "ask the CA why, where you did not have it revoked; another certificate is obtained at once",
		Lines: []string{"serial: " + one.serial.Text(16)}})
	if err != nil {
		m.log.Error("not reported", "certificate", one.id, "error", errors.Join(err, ctx.Err()))
	}
	m.pipeline.Wake(one.id)
}

// reasonInWords is a reason of any CA (RFC 5280 section 5.3.1), of which some are none
// that wCME gives.
func reasonInWords(reason acmecore.RevocationReason) string {
	if text := reason.String(); text != "" {
		return text
	}
	return fmt.Sprintf("reason %d", reason)
}
