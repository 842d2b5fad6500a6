package config

import (
	"bytes"

	"github.com/pelletier/go-toml/v2"

	"wcme/acmecore"
)

// Certificate is the record of a managed certificate, ROOT/etc/certificates/ID.toml.
type Certificate struct {
	// The host names, the first of which names the certificate.
	Names []Name `toml:"names" example:"[\"www.example.org\", \"example.org\"]"`
	// The CA, as `ca` in wcme.toml, for this certificate alone.
	CA string `toml:"ca,omitempty" example:"\"letsencrypt-staging\""`
	// The kind of key, as `key` in wcme.toml, for this certificate alone.
	Key KeyType `toml:"key,omitempty" example:"\"rsa2048\""`
	// A profile of the CA, as `wcme check ca` lists them; the CA chooses while
	// it is empty.
	Profile string `toml:"profile,omitempty" example:"\"tlsserver\""`
	// The targets that it is installed in, by their names in wcme.toml. While this
	// is absent, every target that takes it; with [] none.
	Install []Label `toml:"install,omitzero" example:"[\"nginx\"]"`
	// The load actions that follow, by their names in wcme.toml. While this is
	// absent, every action that is for its targets; with [] none.
	Load []Label `toml:"load,omitzero" example:"[\"servers\"]"`
	// The ports where it is verified, as `ports` of [verify], for this certificate
	// alone; with [] it is not verified.
	Ports []Port `toml:"ports,omitzero" example:"[\"25/smtp\", \"993\"]"`
	// The addresses where it is verified, as `probe` of [verify], for this
	// certificate alone; with [] those that the DNS has for its names.
	Probe []Address `toml:"probe,omitzero" example:"[\"192.0.2.25\"]"`
	// How long before its end it is renewed, as `before` of [renew], for this
	// certificate alone; with "" its CA, or wCME's own rule, decides.
	Before *Duration `toml:"before,omitempty" example:"\"20d\""`

	source document // that it was read from, for errors
}

// ParseCertificate reads the text of a certificate's record; path is for errors only.
func ParseCertificate(path string, text []byte) (*Certificate, error) {
	c := &Certificate{source: document{path, text}}
	if err := decode(path, text, c); err != nil {
		return nil, err
	}
	if _, err := c.HostNames(); err != nil {
		return nil, invalid(c.source.at("names"), err)
	}
	if c.Before != nil {
		if err := c.Before.within(leastBefore, mostBefore); err != nil {
			return nil, invalid(c.source.at("before"), err)
		}
	}
	return c, nil
}

// With returns a record that has these in place of its own, and everything else
// of the record, which stays as it is.
func (c *Certificate) With(names []acmecore.Name, ca string, key acmecore.KeyType, profile string) *Certificate {
	changed := *c
	changed.Names, changed.CA, changed.Key, changed.Profile = nil, ca, KeyType{key}, profile
	for _, name := range names {
		changed.Names = append(changed.Names, Name{name})
	}
	return &changed
}

// WithPlaces returns a record that has these targets and load actions in place of its
// own: nil leaves its own, and an empty list is none. The error is that of a text that
// can be no name of one.
func (c *Certificate) WithPlaces(install, load []string) (*Certificate, error) {
	changed := *c
	for _, given := range []struct {
		texts  []string
		labels *[]Label
	}{{install, &changed.Install}, {load, &changed.Load}} {
		if given.texts == nil {
			continue
		}
		labels := make([]Label, len(given.texts))
		for i, text := range given.texts {
			if err := labels[i].UnmarshalText([]byte(text)); err != nil {
				return nil, err
			}
		}
		*given.labels = labels
	}
	return &changed, nil
}

// HostNames returns the record's names, repeated ones merged; the error is that
// of acmecore.ParseNames.
func (c *Certificate) HostNames() ([]acmecore.Name, error) {
	texts := make([]string, len(c.Names))
	for i, name := range c.Names {
		texts[i] = string(name.Name)
	}
	names, _, err := acmecore.ParseNames(texts...)
	return names, err
}

// Text prints a certificate's record.
func (c *Certificate) Text() ([]byte, error) {
	var text bytes.Buffer
	text.WriteString("# A certificate that wCME manages. Written by `wcme certify`; yours to edit.\n")
	err := toml.NewEncoder(&text).Encode(c)
	return text.Bytes(), err
}
