package config

import (
	"slices"
	"time"

	"wcme/acmecore"
)

// TargetsFor returns the targets that take the certificate, in the order of the
// configuration: those without `certificates` or with the certificate in it, as
// far as the record has no `install` or the target in it. A certificate that stands
// beside another one goes where that goes.
func (c *Config) TargetsFor(id acmecore.ID, record *Certificate) (targets []Install) {
	for _, target := range c.Install {
		if (target.takes(id) || record.beside != "" && target.takes(record.beside)) && (record.Install == nil || slices.Contains(record.Install, target.Name)) {
			targets = append(targets, target)
		}
	}
	return targets
}

func (t *Install) takes(id acmecore.ID) bool {
	return t.Certificates == nil || slices.ContainsFunc(t.Certificates, func(w Which) bool { return w.ID() == id })
}

// LoadsFor returns the load actions that belong to the certificate, in the order of
// the configuration: those that the record's `load` names, or all where it has
// none, as far as the action has no `install` or one of the targets in it. The
// targets are the certificate's, or only those that were changed.
func (c *Config) LoadsFor(_ acmecore.ID, record *Certificate, targets []Install) (actions []Load) {
	for _, action := range c.Load {
		if (record.Load == nil || slices.Contains(record.Load, action.Name)) && action.isFor(targets) {
			actions = append(actions, action)
		}
	}
	return actions
}

func (l *Load) isFor(targets []Install) bool {
	return l.Install == nil || slices.ContainsFunc(targets, func(t Install) bool { return slices.Contains(l.Install, t.Name) })
}

// VerifyFor returns how the certificate is verified: by [verify], in which the
// record's `ports` and `probe` take the place of its own.
func (c *Config) VerifyFor(record *Certificate) Verify {
	verify := c.Verify
	if record.Ports != nil {
		verify.Ports = record.Ports
	}
	if record.Probe != nil {
		verify.Probe = record.Probe
	}
	return verify
}

// BeforeFor returns how long before its end the certificate is renewed, by its
// record or else by [renew]; 0 where its CA or wCME's own rule decides.
func (c *Config) BeforeFor(record *Certificate) time.Duration {
	if record.Before != nil {
		return record.Before.Duration
	}
	return c.Renew.Before.Duration
}

// AuthoritiesFor returns the names of the CAs that the certificate is ordered from, in
// their order: the record's, or else the configuration's. There is at least one.
func (c *Config) AuthoritiesFor(record *Certificate) []string {
	if len(record.CA) > 0 {
		return Texts(record.CA)
	}
	return Texts(c.CA)
}

// KeysFor returns the kinds of key of the certificate, in their order; there is at least
// one, and none but one where the key is elsewhere: the request says then what it is.
func (c *Config) KeysFor(record *Certificate) (kinds []acmecore.KeyType) {
	given := record.Key
	if len(given) == 0 {
		given = c.Key
	}
	if record.CSR.String() != "" {
		given = given[:1]
	}
	for _, kind := range given {
		kinds = append(kinds, kind.KeyType)
	}
	return kinds
}

// MethodsFor returns the methods that the certificate's names may be proved by, in the
// order to be tried; nil where nothing is said.
func (c *Config) MethodsFor(record *Certificate) (methods []acmecore.Method) {
	given := record.Challenge
	if len(given) == 0 {
		given = c.Challenge.Methods
	}
	for _, method := range given {
		methods = append(methods, method.Method)
	}
	return methods
}

// Files returns the patterns of the target's files, its own or else those of the
// format; keyFile is "" where the key has no file of its own.
func (t *Install) Files() (file, keyFile string) {
	file, keyFile = t.Format.patterns()
	if t.File.String() != "" {
		file = t.File.String()
	}
	if t.KeyFile.String() != "" {
		keyFile = t.KeyFile.String()
	}
	return file, keyFile
}

// Occasions returns the kinds of events that are reported.
func (r *Report) Occasions() (kinds []acmecore.EventKind) {
	for _, occasion := range r.On {
		kinds = append(kinds, occasion.EventKind)
	}
	return kinds
}

// Texts returns the values as texts; nil for nil.
func Texts[T interface{ String() string }](values []T) (texts []string) {
	if values == nil {
		return nil
	}
	texts = make([]string, len(values))
	for i, value := range values {
		texts[i] = value.String()
	}
	return texts
}
