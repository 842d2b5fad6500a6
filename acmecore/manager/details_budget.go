package manager

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// The limits of Let's Encrypt, the strictest of the public CAs: certificates for
// exactly the same names in seven days, and validations of one name that fail in an
// hour (https://letsencrypt.org/docs/rate-limits/).
const (
	sameNamesLimit = 5
	failuresLimit  = 5
)

// budget is how much of what a CA allows is used up, as far as what is kept tells.
func (m *Manager) budget(id acmecore.ID, names []acmecore.Name, standing acmecore.Standing) acmecore.Budget {
	return acmecore.Budget{FailuresHour: refusedSince(m.now().Add(-time.Hour), standing.Failures), FailuresLimit: failuresLimit,
		Issued7Days: m.issuedSince(m.now().Add(-7*24*time.Hour), id, names), Issued7Limit: sameNamesLimit}
}

// allowance is the budget of a certificate. What another CA than Let's Encrypt allows,
// nobody knows: it has no limits there.
func (m *Manager) allowance(read reading, standing acmecore.Standing) acmecore.Budget {
	budget := m.budget(read.ID, read.Names, standing)
	_, authority, err := m.Config().Find(m.firstCA(read.record))
	if err != nil || !strings.HasSuffix(authority.Directory.String(), letsEncryptDirectory) {
		budget.FailuresLimit, budget.Issued7Limit = 0, 0
	}
	return budget
}

// refusedSince counts the refusals of the name that was refused most often.
func refusedSince(since time.Time, failures []acmecore.Failure) (most int) {
	refused := make(map[acmecore.Name]int)
	for _, failure := range failures {
		if failure.At.Before(since) {
			continue
		}
		for _, name := range failure.Refused {
			refused[name]++
			most = max(most, refused[name])
		}
	}
	return most
}

// issuedSince counts the versions that are kept and have these very names. What cannot
// be read is not counted.
func (m *Manager) issuedSince(since time.Time, id acmecore.ID, names []acmecore.Name) (count int) {
	versions, _ := m.root.Versions(id)
	for _, version := range versions {
		if version.NotBefore.Before(since) {
			continue
		}
		chain, _, err := m.root.VersionChain(id, version.Name)
		if err != nil || len(chain) == 0 {
			continue
		}
		if leaf, err := x509.ParseCertificate(chain[0]); err == nil && sameNames(leaf.DNSNames, names) {
			count++
		}
	}
	return count
}

// sameNames tells whether two lists have the same names, in whatever order.
func sameNames(texts []string, names []acmecore.Name) bool {
	have, want := slices.Clone(texts), make([]string, len(names))
	for i, name := range names {
		want[i] = string(name)
	}
	slices.Sort(have)
	slices.Sort(want)
	return slices.Equal(have, want)
}
