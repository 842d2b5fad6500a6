package config

import (
	"bytes"
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"time"

	"github.com/pelletier/go-toml/v2"

	"wcme/acmecore"
)

// Certificate is the record of a managed certificate, ROOT/etc/certificates/ID.toml.
type Certificate struct {
	// The host names, the first of which names the certificate and this file:
	// www.example.org is of www_example_org.toml.
	Names []Name `toml:"names" example:"[\"www.example.org\", \"example.org\"]"`
	// The CA, or several in their order, as `ca` in wcme.toml, for this certificate alone.
	CA Several[CA] `toml:"ca,omitempty" example:"\"letsencrypt-staging\""`
	// The kind of key, or several, as `key` in wcme.toml, for this certificate alone.
	Key Several[KeyType] `toml:"key,omitempty" example:"\"rsa2048\""`
	// Whether a renewed certificate has the key of the one before; otherwise it gets a
	// new one each time.
	ReuseKey bool `toml:"reuse_key,omitempty" default:"false"`
	// A file with a certificate signing request that was made elsewhere, PEM, relative to
	// the state directory. The key stays elsewhere, and each certificate has that one.
	CSR Path `toml:"csr,omitempty" example:"\"etc/certificates/www_example_org.csr\""`
	// The methods that its names are proved by, as `methods` of [challenge], for this
	// certificate alone.
	Challenge Several[Method] `toml:"challenge,omitempty" example:"\"dns-01\""`
	// The issuer of the chain wanted, as `chain` of [authority.NAME], for this certificate
	// alone.
	Chain string `toml:"chain,omitempty" example:"\"ISRG Root X2\""`
	// How long it shall be valid, where its CA lets that be chosen; the CA chooses while
	// it is empty.
	Validity Duration `toml:"validity,omitempty" example:"\"30d\""`
	// Whether it is to have the extension "must staple" (RFC 7633), which few CAs still
	// give.
	MustStaple bool `toml:"must_staple,omitempty" default:"false"`
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

	source document    // that it was read from, for errors
	beside acmecore.ID // the certificate that this one stands beside; see Twin
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
	if err := c.CheckWishes(); err != nil {
		return nil, err
	}
	return c, nil
}

// CheckID refuses a record in a file that is not called after the first of its names: what
// it asks for would be kept under another name, and be asked for again and again. The
// error is of kind Invalid.
func (c *Certificate) CheckID(id acmecore.ID) error {
	own := c.Names[0].ID()
	if own == id {
		return nil
	}
	return invalid(c.source.at("names"), &acmecore.Error{Kind: acmecore.Invalid, Op: "file name", Subject: string(id) + ".toml",
		Cause: fmt.Errorf("the first name, %s, wants %s.toml", c.Names[0].Name, own),
		Hint:  "rename the file, or put the name first that it is called after"})
}

// Wishes are what is asked of a certificate. What is left at its zero value stays as
// the record has it.
type Wishes struct {
	Names      []acmecore.Name
	CA         []string
	Keys       []acmecore.KeyType
	ReuseKey   *bool
	CSR        string // path
	Profile    string
	Challenge  []acmecore.Method
	Chain      string
	Validity   time.Duration
	MustStaple *bool
	Install    []string // targets; an empty list is none
	Load       []string // load actions; likewise
}

// With returns a record that has the wishes in place of its own words, and everything
// else of the record, which stays as it is. The error is that of a text that can be no
// name of a target, an action or a CA.
func (c *Certificate) With(w Wishes) (*Certificate, error) {
	changed := *c
	if w.Names != nil {
		changed.Names = nil
		for _, name := range w.Names {
			changed.Names = append(changed.Names, Name{name})
		}
	}
	if w.Keys != nil {
		changed.Key = nil
		for _, kind := range w.Keys {
			changed.Key = append(changed.Key, KeyType{kind})
		}
	}
	if w.Challenge != nil {
		changed.Challenge = nil
		for _, method := range w.Challenge {
			changed.Challenge = append(changed.Challenge, Method{method})
		}
	}
	if w.ReuseKey != nil {
		changed.ReuseKey = *w.ReuseKey
	}
	if w.MustStaple != nil {
		changed.MustStaple = *w.MustStaple
	}
	if w.Validity != 0 {
		changed.Validity = lasting(w.Validity)
	}
	changed.Profile, changed.Chain = cmp.Or(w.Profile, c.Profile), cmp.Or(w.Chain, c.Chain)
	return &changed, changed.fill(w)
}

// fill takes those wishes over that are texts which must be checked.
func (c *Certificate) fill(w Wishes) error {
	if w.CSR != "" {
		if err := c.CSR.UnmarshalText([]byte(w.CSR)); err != nil {
			return err
		}
		c.Key, c.ReuseKey, c.MustStaple = nil, false, false // which the request says itself
	}
	return errors.Join(filled((*[]CA)(&c.CA), w.CA), filled(&c.Install, w.Install), filled(&c.Load, w.Load))
}

// filled replaces a list by one of texts, unless there is none.
func filled[V any, P interface {
	*V
	encoding.TextUnmarshaler
}](list *[]V, texts []string) error {
	if texts == nil {
		return nil
	}
	values := make([]V, len(texts))
	for i, text := range texts {
		if err := P(&values[i]).UnmarshalText([]byte(text)); err != nil {
			return err
		}
	}
	*list = values
	return nil
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
	err := toml.NewEncoder(&text).EnableMarshalerInterface().Encode(c)
	return text.Bytes(), err
}
