package manager

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/access"
	"wcme/acmecore/config"
)

// Policy is who may see and do what on the pages, by the configuration.
func (m *Manager) Policy() access.Policy {
	admin := m.Config().Admin
	return access.Policy{LogIn: admin.Auth == config.AuthLogin, View: config.Texts(admin.View), Operate: config.Texts(admin.Operate),
		Admin: config.Texts(admin.Admin), HTTP: admin.HTTP, Host: m.isOwnHost}
}

// hostsLife is how long the names of certificates are remembered: for each request
// for a page all files would have to be looked at anew.
const hostsLife = 10 * time.Second

// hostsPatience is how long a request waits for a look at the index, before the names
// are read from the records.
const hostsPatience = 3 * time.Second

// hosts are the names that the pages may be asked for by.
type hosts struct {
	mu    sync.Mutex
	read  time.Time
	names map[acmecore.Name]bool
}

// isOwnHost tells whether the pages may be asked for by the name.
func (m *Manager) isOwnHost(name string) bool {
	if own := m.Config().Admin.Hosts; len(own) > 0 {
		return slices.ContainsFunc(own, func(h config.Host) bool { return h.String() == name })
	}
	if strings.EqualFold(name, m.host) {
		return true
	}
	names := m.certified()
	if len(names) == 0 || names[acmecore.Name(name)] {
		return true
	}
	_, parent, found := strings.Cut(name, ".")
	return found && names[acmecore.Name("*."+parent)]
}

// certified are the names of all managed certificates.
func (m *Manager) certified() map[acmecore.Name]bool {
	m.hosts.mu.Lock()
	defer m.hosts.mu.Unlock()
	if age := m.now().Sub(m.hosts.read); age >= 0 && age < hostsLife {
		return m.hosts.names
	}
	names, err := m.allNames()
	if err != nil {
		m.log.Warn("names of certificates not read", "error", err)
		names[""] = false // there may be some: no host is let in because there are none
	}
	m.hosts.read, m.hosts.names = m.now(), names
	return names
}

// allNames takes the names from the index. Before there is one, which takes longer than
// all else, it takes them from the records alone.
func (m *Manager) allNames() (names map[acmecore.Name]bool, err error) {
	names = make(map[acmecore.Name]bool)
	if m.listing.HasLooked() {
		ctx, cancel := context.WithTimeout(context.Background(), hostsPatience)
		defer cancel()
		if entries, err := m.listing.Entries(ctx); err == nil {
			for _, e := range entries {
				add(names, e.Names)
			}
			return names, nil
		}
	}
	ids, err := m.root.Records()
	for _, id := range ids {
		c := acmecore.Certificate{ID: id}
		if _, err := m.readRecord(&c); err == nil { // otherwise it has no name that could be asked for
			add(names, c.Names)
		}
	}
	return names, err
}

func add(names map[acmecore.Name]bool, more []acmecore.Name) {
	for _, name := range more {
		names[name] = true
	}
}
