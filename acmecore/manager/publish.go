package manager

import (
	"errors"
	"io/fs"
	"os"

	"wcme/acmecore/challenge"
	"wcme/acmecore/config"
)

// publish tells the script what it must know of the configuration. It needs the
// state directory's lock.
func (m *Manager) publish(c *config.Config) error {
	m.ordering.RLock() // no sweep takes what is half written for a leftover
	defer m.ordering.RUnlock()
	settings := settingsOf(c)
	m.warnOfAbsent(settings.Fallback)
	return m.challenges().PublishSettings(settings)
}

func settingsOf(c *config.Config) (settings challenge.Settings) {
	for _, dir := range c.Challenge.Fallback {
		settings.Fallback = append(settings.Fallback, dir.String())
	}
	for _, relay := range c.Relay {
		settings.Relays = append(settings.Relays, challenge.Relay{Host: relay.Host.Name, To: relay.To.String()})
	}
	return settings
}

// warnOfAbsent says once what the script does not say at each request: some
// clients make their directory for the time of an order only, so that its absence
// is no error there.
func (m *Manager) warnOfAbsent(dirs []string) {
	for _, dir := range dirs {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			m.log.Warn("a fallback directory is not there: correct `fallback` in wcme.toml, unless its client makes it when it needs it",
				"directory", dir)
		}
	}
}
