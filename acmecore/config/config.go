// Package config reads the configuration and the records of certificates: TOML,
// strictly. A key that does not exist, a value that cannot be, or a text that is
// no TOML is an error of kind Invalid with file, line and column, and where a
// key was misspelt, with the nearest one that exists.
//
// The comments of the structs below are the reference: `go generate` turns them
// into the commented file that `wcme setup` writes and into REFERENCE.md.
package config

import (
	"bytes"
	_ "embed" // the texts below
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"wcme/acmecore"
)

//go:generate go run ./reference

// Config is the configuration, ROOT/etc/wcme.toml.
type Config struct {
	// Who issues certificates: "letsencrypt", "letsencrypt-staging" (for tests:
	// no browser trusts it, and its limits are wide), the NAME of an
	// [authority.NAME] below, or the https URL of an ACME directory.
	CA string `toml:"ca" default:"\"letsencrypt\""`
	// Mail addresses that the CA may write to about the account. A CA may
	// require one.
	Contact []Mail `toml:"contact" example:"[\"admin@example.org\"]"`
	// Whether you agree to the CA's terms of service, as `wcme check ca` shows
	// them. While it is false, `wcme register` shows them and asks.
	AcceptTerms bool `toml:"accept_terms" default:"false"`
	// The kind of key that a certificate gets when its own record names none:
	// "ec256", "ec384", "rsa2048", "rsa3072" or "rsa4096".
	Key KeyType `toml:"key" default:"\"ec256\""`
	// The HTTP proxy that leads to the CA, where a host may not reach it directly:
	// the URL of one that speaks CONNECT. While it is empty, HTTPS_PROXY and
	// NO_PROXY in the overseer's environment are honoured.
	Proxy ProxyURL `toml:"proxy" example:"\"http://proxy.example.org:8080\""`
	// The web server's side.
	Script Script `toml:"script"`
	// How challenges are answered, beside the script.
	Challenge Challenge `toml:"challenge"`
	// Hosts whose challenges are passed on to another wCME, each with its table.
	Relay []Relay `toml:"relay"`
	// Certification authorities beside the presets, each under a name of its own.
	Authority map[string]Authority `toml:"authority" example:"internal"`
}

// Script is how the script reaches the overseer.
type Script struct {
	// The user that the web server runs the script as, "www-data" on Debian. The
	// overseer's socket is opened to that user's own group by an overseer that runs
	// as root, and to the group wcme by one that runs as the user wcme; what a
	// signed-in administrator asks through the script is granted to that user alone.
	// While it is empty the admin pages work only where the script runs as the
	// overseer's own user.
	User string `toml:"user" example:"\"www-data\""`
}

// Challenge is how challenges are answered where no script does, and how wCME
// goes together with other ACME clients on the same host.
type Challenge struct {
	// The address that wCME itself answers challenges on, for hosts without a web
	// server: ":80" is port 80 of every address, IPv4 and IPv6. Several are
	// separated by commas. A listening socket from systemd takes its place.
	Listen Listen `toml:"listen" example:"\":80\""`
	// When it listens there: "pending", while a challenge is pending, so that the
	// port is free at all other times, or "always".
	When When `toml:"when" default:"\"pending\""`
	// Whether it sends whatever is no challenge to the same address over https.
	// Otherwise that is not found.
	Redirect bool `toml:"redirect" default:"false"`
	// Directories that challenges are written to beside ROOT/www, for servers that
	// serve them as plain files below /.well-known/acme-challenge/. They must be
	// there already.
	Webroot []Dir `toml:"webroot" example:"[\"/srv/www/.well-known/acme-challenge\"]"`
	// Directories with the challenges of other ACME clients on this host. A token
	// that is not wCME's is looked for there. The script's user must be able to
	// read them.
	Fallback []Dir `toml:"fallback" example:"[\"/var/www/html/.well-known/acme-challenge\"]"`
}

// Relay passes the challenges of one host on to the wCME, or to any other
// server, that answers them behind this one.
type Relay struct {
	// The host name that certification authorities ask this server for.
	Host Name `toml:"host" example:"\"intranet.example.org\""`
	// The URL, http or https, that the token is appended to.
	To Target `toml:"to" example:"\"http://192.168.1.86/cgi-bin/wcme/.well-known/acme-challenge/\""`
}

// Authority is a certification authority that speaks ACME (RFC 8555).
type Authority struct {
	// The https URL of its directory.
	Directory URL `toml:"directory" example:"\"https://ca.example.org/acme/directory\""`
	// A PEM file with roots to verify the CA's own TLS certificate with, beside
	// those of the system and of etc/cacert.pem; relative to the state directory.
	Roots string `toml:"roots" example:"\"etc/internal.pem\""`
	// Other hosts that its directory may lead to. Anything but the directory's
	// own host and these is refused.
	Hosts []string `toml:"hosts" example:"[\"acme.example.org\"]"`
	// The HTTP proxy that leads to this CA, in place of the general one; "none" for
	// none.
	Proxy ProxyURL `toml:"proxy" example:"\"http://proxy.example.org:8080\""`
	// The key identifier of the external account binding, where the CA asks for one.
	EABKeyID string `toml:"eab_kid" example:"\"kid-1\""`
	// The HMAC key of the external account binding, in base64url as the CA shows
	// it. Never printed.
	EABKey Secret `toml:"eab_key" example:"\"zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\""`
	// A file with that key, in place of eab_key: the name of a credential that
	// systemd gives the overseer (LoadCredential=), or else a path, relative to the
	// state directory. A file that every user can read is refused.
	EABKeyFile string `toml:"eab_key_file" example:"\"etc/internal.hmac\""`
}

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
}

//go:embed wcme.toml
var template string

// Reference is the page that describes every key, Markdown.
//
//go:embed REFERENCE.md
var Reference string

// Template returns the commented configuration that a new state directory gets,
// in which the script's user is set unless it is "".
func Template(scriptUser string) []byte {
	if scriptUser == "" {
		return []byte(template)
	}
	return []byte(strings.NewReplacer(
		"\n#[script]\n", "\n[script]\n",
		"\n#user = \"www-data\"\n", fmt.Sprintf("\nuser = %q\n", scriptUser),
	).Replace(template))
}

// Parse reads the text of a configuration; path is for errors only.
func Parse(path string, text []byte) (*Config, error) {
	c := &Config{CA: presetDefault, Key: KeyType{acmecore.EC256}, Challenge: Challenge{When: WhenPending}}
	if err := decode(path, text, c); err != nil {
		return nil, err
	}
	if err := c.check(document{path, text}); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseCertificate reads the text of a certificate's record; path is for errors only.
func ParseCertificate(path string, text []byte) (*Certificate, error) {
	c := new(Certificate)
	if err := decode(path, text, c); err != nil {
		return nil, err
	}
	if _, err := c.HostNames(); err != nil {
		return nil, invalid(document{path, text}.at("names"), err)
	}
	return c, nil
}

// NewCertificate returns the record of a certificate.
func NewCertificate(names []acmecore.Name, ca string, key acmecore.KeyType, profile string) *Certificate {
	c := &Certificate{CA: ca, Key: KeyType{key}, Profile: profile}
	for _, name := range names {
		c.Names = append(c.Names, Name{name})
	}
	return c
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

// Effective prints the configuration as it is in force, secrets hidden.
func (c *Config) Effective() ([]byte, error) { return toml.Marshal(c) }

// Text prints a certificate's record.
func (c *Certificate) Text() ([]byte, error) {
	var text bytes.Buffer
	text.WriteString("# A certificate that wCME manages. Written by `wcme certify`; yours to edit.\n")
	err := toml.NewEncoder(&text).Encode(c)
	return text.Bytes(), err
}
