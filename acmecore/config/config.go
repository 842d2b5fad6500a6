// Package config reads the configuration and the records of certificates: TOML,
// strictly. A key that does not exist, a value that cannot be, or a text that is
// no TOML is an error of kind Invalid with file, line and column, and where a
// key was misspelt, with the nearest one that exists.
//
// Parse gives the configuration and Override what the environment puts in place of
// parts of it; ParseCertificate gives a record, and CheckRecord tells whether it
// fits. TargetsFor, LoadsFor, VerifyFor and BeforeFor say what is to be done with a
// certificate. In lists that choose, none at all is not the same as an empty one.
//
// The comments of the structs below are the reference: `go generate` turns them
// into the commented file that `wcme setup` writes and into REFERENCE.md.
package config

import (
	"bytes"
	_ "embed" // the texts below
	"fmt"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"wcme/acmecore"
)

//go:generate go run ./reference

// Config is the configuration, ROOT/etc/wcme.toml.
type Config struct {
	// Who issues certificates: "letsencrypt", "letsencrypt-staging" (for tests:
	// no browser trusts it, and its limits are wide), another preset as `wcme check ca
	// --help` lists them, the NAME of an [authority.NAME] below, or the https URL of an
	// ACME directory. Of a list, as in ["letsencrypt", "zerossl"], the first one is asked,
	// and the next one when that has failed again and again.
	CA Several[CA] `toml:"ca" default:"\"letsencrypt\""`
	// Mail addresses that the CA may write to about the account. A CA may
	// require one.
	Contact []Mail `toml:"contact" example:"[\"admin@example.org\"]"`
	// Whether you agree to the CA's terms of service, as `wcme check ca` shows
	// them. While it is false, `wcme register` shows them and asks.
	AcceptTerms bool `toml:"accept_terms" default:"false"`
	// The kind of key that a certificate gets when its own record names none:
	// "ec256", "ec384", "rsa2048", "rsa3072" or "rsa4096". Each further one of a list,
	// as in ["ec256", "rsa2048"], makes another certificate for the same names, beside
	// the first, with the kind at the end of what it is called: www_example_org_rsa2048.
	Key Several[KeyType] `toml:"key" default:"\"ec256\""`
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
	// Where the records of dns-01 are written, each with its table.
	DNS []DNS `toml:"dns"`
	// Programs that answer challenges, each with its table.
	Hook []Hook `toml:"hook"`
	// When certificates are renewed.
	Renew Renew `toml:"renew"`
	// Where certificates are installed, each target with its table. Without one they
	// stay in ROOT/ssl. WCME_CERT in the overseer's environment, directories that
	// commas separate, takes the place of them all.
	Install []Install `toml:"install"`
	// What makes the servers read them, each action with its table. WCME_LOAD in the
	// overseer's environment, "+" or commands for the shell that commas separate,
	// takes the place of them all.
	Load []Load `toml:"load"`
	// How it is made sure that visitors are served them.
	Verify Verify `toml:"verify"`
	// Who is told what happened.
	Report Report `toml:"report"`
	// Who may see the admin pages, and do what on them.
	Admin Admin `toml:"admin"`
	// Certification authorities beside the presets, each under a name of its own.
	Authority map[string]Authority `toml:"authority,omitempty" example:"internal"`
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
	// The address that wCME itself answers tls-alpn-01 on, for hosts where no server has
	// port 443, or where one passes the protocol "acme-tls/1" on: ":443" is port 443 of
	// every address. Several are separated by commas. It listens when `when` says so.
	ListenTLS Listen `toml:"listen_tls" example:"\":443\""`
	// The methods that names are proved by, in the order in which they are tried:
	// "http-01", "tls-alpn-01" and "dns-01". While this is absent, all that can be
	// answered for a name, in this order: that which worked last; dns-01, where the
	// certificate has a wildcard of the name's domain too; what the `for` of a [[dns]] or
	// a [[hook]] has the name's domain for; the others.
	Methods Several[Method] `toml:"methods,omitempty" example:"[\"dns-01\", \"http-01\"]"`
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
	// The https URL of its directory. One whose NAME is that of a preset, as in
	// [authority.zerossl], has the preset's while it is absent.
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
	// The algorithm of the external account binding: "HS256", "HS384" or "HS512".
	EABAlgorithm EABAlgorithm `toml:"eab_algorithm" default:"\"HS256\""`
	// The issuer of the chain wanted, where the CA offers several: its common name, or the
	// SHA-256 fingerprint of its certificate. A certificate's own record may have another.
	Chain string `toml:"chain" example:"\"ISRG Root X2\""`
	// The authority that `wcme certify --dry-run` asks in its place: its test side.
	Staging string `toml:"staging" example:"\"internal-staging\""`
	// A file with that key, in place of eab_key: the name of a credential that
	// systemd gives the overseer (LoadCredential=), or else a path, relative to the
	// state directory. A file that every user can read is refused.
	EABKeyFile string `toml:"eab_key_file" example:"\"etc/internal.hmac\""`
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
	text := strings.Replace(template, "\n#[script]\n", "\n[script]\n", 1)
	// Its own, which is the first one.
	text = strings.Replace(text, "\n#user = \"www-data\"\n", fmt.Sprintf("\nuser = %q\n", scriptUser), 1)
	return []byte(text)
}

// defaults is the configuration of an empty file.
func defaults() *Config {
	return &Config{
		CA: Several[CA]{{presetDefault}}, Key: Several[KeyType]{{acmecore.EC256}}, Challenge: Challenge{When: WhenPending},
		Renew:  Renew{At: TimeOfDay{0, 20}, Jitter: lasting(10 * time.Minute), Orders: Orders{300, 3 * time.Hour}, Failover: 4},
		Verify: Verify{Ports: []Port{{Number: 443}}, Patience: lasting(30 * time.Second)},
		Report: Report{TLS: EncryptionSTARTTLS, Sendmail: Program{"/usr/sbin/sendmail"},
			Opcom: []Facility{{"daemon"}}, On: everyOccasion()},
		Admin: Admin{Auth: AuthServer},
	}
}

// settle gives the tables of lists the defaults of what they do not say, which
// are not there before the tables are.
func (c *Config) settle() {
	c.completeAuthorities()
	for i := range c.Install {
		if c.Install[i].Format == (Format{}) {
			c.Install[i].Format = FormatCombined
		}
	}
	for i := range c.Load {
		if !c.Load[i].Timeout.Said() {
			c.Load[i].Timeout = lasting(time.Minute)
		}
	}
	for i := range c.DNS {
		c.DNS[i].settle()
	}
	for i := range c.Hook {
		c.Hook[i].settle()
	}
	if !c.Verify.Patience.Said() {
		c.Verify.Patience = defaults().Verify.Patience
	}
}

// Parse reads the text of a configuration; path is for errors only.
func Parse(path string, text []byte) (*Config, error) {
	c := defaults()
	if err := decode(path, text, c); err != nil {
		return nil, err
	}
	c.settle()
	if err := c.check(document{path, text}); err != nil {
		return nil, err
	}
	return c, nil
}

// Effective prints the configuration as it is in force, secrets hidden.
func (c *Config) Effective() ([]byte, error) {
	var text bytes.Buffer
	err := toml.NewEncoder(&text).EnableMarshalerInterface().Encode(c)
	return text.Bytes(), err
}
