package config

import "wcme/acmecore"

// presetDefault is the CA of a configuration that names none.
const presetDefault = acmecore.DefaultPreset

// complete gives an authority what the preset of its name has and it does not say
// itself. One with a directory of its own has nothing but its name in common with the
// preset.
func complete(a Authority, p acmecore.Preset) Authority {
	if a.Directory.String() == "" {
		a.Directory = URL{p.Directory}
	}
	if a.Staging == "" && a.Directory.String() == p.Directory {
		a.Staging = p.Staging
	}
	return a
}

// StagingFor returns the authority that is the test side of the one of that name, by its
// own name; ok is false where it has none, or none that is known.
func (c *Config) StagingFor(ca string) (name string, ok bool) {
	_, authority, err := c.Find(ca)
	if err != nil || authority.Staging == "" {
		return "", false
	}
	name, _, err = c.Find(authority.Staging)
	return name, err == nil
}
