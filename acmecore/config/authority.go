package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"wcme/acmecore"
)

// ProxyFor returns the proxy that leads to the authority: its own, or else the
// general one.
func (c *Config) ProxyFor(a Authority) ProxyURL {
	if a.Proxy.IsZero() {
		return c.Proxy
	}
	return a.Proxy
}

// Find returns the authority that a `ca` names: a configured one, a preset, or
// a directory URL; "" is the configuration's own choice. The name returned is
// what pages and lists call it.
func (c *Config) Find(ca string) (name string, authority Authority, err error) {
	if ca == "" {
		ca = c.CA[0].String()
	}
	if authority, found := c.Authority[ca]; found {
		return ca, authority, nil
	}
	if preset, found := acmecore.FindPreset(ca); found {
		return ca, complete(Authority{}, preset), nil
	}
	if strings.Contains(ca, "://") {
		directory, err := ParseURL(ca)
		return ca, Authority{Directory: directory}, err
	}
	return "", Authority{}, c.unknownCA(ca)
}

func (c *Config) unknownCA(ca string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "ca", Subject: fmt.Sprintf("%q", acmecore.Inert(ca)),
		Cause: errors.New("there is no such authority"),
		Hint:  fmt.Sprintf("give one of %s, or the https URL of a directory", strings.Join(c.Authorities(), ", "))}
}

// Authorities lists the names of the authorities that there are, presets included, in
// the order of letters.
func (c *Config) Authorities() []string {
	names := slices.Collect(maps.Keys(c.Authority))
	for _, preset := range acmecore.Presets() {
		names = append(names, preset.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// EABKeyBytes decodes the HMAC key of the external account binding.
func (a *Authority) EABKeyBytes() ([]byte, error) { return DecodeEABKey(a.EABKey.Reveal()) }

// DecodeEABKey decodes an HMAC key as CAs show it, with or without padding. The
// error does not repeat it.
func DecodeEABKey(text string) ([]byte, error) {
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, errors.New("it is not base64url")
	}
	return key, nil
}

// FindDirectory returns the authority at the directory URL: a configured one, a preset,
// or one of which nothing else is known. The name is what Find takes.
func (c *Config) FindDirectory(directory string) (name string, authority Authority, err error) {
	for _, name := range c.Authorities() {
		if _, authority, err := c.Find(name); err == nil && authority.Directory.String() == directory {
			return name, authority, nil
		}
	}
	return c.Find(directory)
}

// completeAuthorities gives those that are presets what they do not say.
func (c *Config) completeAuthorities() {
	for name, authority := range c.Authority {
		if preset, found := acmecore.FindPreset(name); found {
			c.Authority[name] = complete(authority, preset)
		}
	}
}

// check finds what no single value shows.
func (c *Config) check(in document) error {
	for name, authority := range c.Authority {
		if key, err := authority.check(); err != nil {
			return invalid(in.at("authority", name, key), err)
		}
	}
	if len(c.CA) == 0 {
		return invalid(in.at("ca"), errors.New("the list is empty; leave it out for letsencrypt"))
	}
	if _, _, err := c.Find(""); err != nil {
		return invalid(in.at("ca"), err)
	}
	for _, check := range []func(document) error{c.checkKeys, c.checkRelays, c.checkMoments, c.checkTargets, c.checkActions, c.checkDNS, c.checkHooks, c.checkReport} {
		if err := check(in); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error and the key that it is about.
func (a *Authority) check() (key string, err error) {
	switch {
	case a.Directory.String() == "":
		return "directory", errors.New("an authority needs its directory")
	case a.EABKeyID != "" && a.EABKey.Reveal() == "" && a.EABKeyFile == "":
		return "eab_kid", errors.New("it goes together with eab_key, which is missing")
	case a.EABKeyID == "" && a.EABKey.Reveal() != "":
		return "eab_key", errors.New("it goes together with eab_kid, which is missing")
	case a.EABKeyID == "" && a.EABKeyFile != "":
		return "eab_key_file", errors.New("it goes together with eab_kid, which is missing")
	case a.EABKey.Reveal() != "" && a.EABKeyFile != "":
		return "eab_key_file", errors.New("it takes the place of eab_key, which is there too")
	}
	_, err = a.EABKeyBytes()
	return "eab_key", err
}
