package manager

import (
	"wcme/acmecore"
	"wcme/acmecore/config"
)

// noteReached notes that a CA has just answered, if only to say no; nothing where it
// did not.
func (m *Manager) noteReached(authority config.Authority, milliseconds int64, err error) {
	m.reached.Note(authority.Directory.String(), milliseconds, err, wall(m.now()))
}

// forgetReached forgets the CAs that are in use no more; these are.
func (m *Manager) forgetReached(cas []string) {
	var used []string
	for _, directory := range m.directories(cas) {
		used = append(used, directory)
	}
	m.reached.Keep(used)
}

// withReached adds to a list of CAs what was noted since they were last looked at, and
// those of the configuration that were noted alone.
func (m *Manager) withReached(list []acmecore.AuthorityStatus) []acmecore.AuthorityStatus {
	cas := append(m.authorities(), acmecore.Inert(m.Config().CA[0].String()))
	for _, status := range list {
		cas = append(cas, status.CA)
	}
	return m.reached.Since(list, m.directories(cas))
}

// directories are those of CAs that the configuration knows, by their names.
func (m *Manager) directories(cas []string) map[string]string {
	list := make(map[string]string)
	for _, ca := range cas {
		if _, authority, err := m.Config().Find(ca); err == nil {
			list[ca] = authority.Directory.String()
		}
	}
	return list
}
