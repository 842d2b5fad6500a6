package config

import (
	"net"
	"strings"
)

// DNS is where the records of dns-01 are written, for some of the names: by dynamic
// updates (RFC 2136), or at an acme-dns. The records are at _acme-challenge below the
// name, or where a CNAME there leads to.
type DNS struct {
	// What records, pages and reports call it: small letters, digits, "-" and "_",
	// at most 64.
	Name Label `toml:"name" example:"\"home\""`
	// The domains whose names it proves, those below them included; while this is
	// absent, all names. Where several fit a name, that with the longest domain does.
	For []Name `toml:"for,omitzero" example:"[\"example.org\"]"`
	// The server that takes updates, HOST or HOST:PORT: the primary of the zone.
	Server NameServer `toml:"server" example:"\"192.0.2.53\""`
	// The zone that is updated; found by asking for it while it is empty.
	Zone Name `toml:"zone,omitempty" example:"\"example.org\""`
	// The name of the TSIG key that updates are signed with (RFC 8945).
	TSIGName string `toml:"tsig_name" example:"\"wcme.example.org\""`
	// Its algorithm: "hmac-sha256", "hmac-sha384", "hmac-sha512" or "hmac-sha224".
	TSIGAlgorithm TSIGAlgorithm `toml:"tsig_algorithm" default:"\"hmac-sha256\""`
	// The key, base64. Never printed.
	TSIGKey Secret `toml:"tsig_key" example:"\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=\""`
	// A file with that key in place of tsig_key: base64 alone, or a `key` statement as
	// tsig-keygen writes it, which has the name and the algorithm too. It is the name of
	// a credential that systemd gives the overseer (LoadCredential=), or else a path,
	// relative to the state directory. A file that every user can read is refused.
	TSIGKeyFile Path `toml:"tsig_key_file,omitempty" example:"\"etc/tsig.key\""`
	// The https URL of an acme-dns, in place of server.
	ACMEDNS URL `toml:"acme_dns" example:"\"https://auth.example.org\""`
	// A file with the accounts there, JSON, as other clients keep them: for each domain
	// its username, password, fulldomain and subdomain. It is the name of a credential
	// that systemd gives the overseer (LoadCredential=), or else a path, relative to the
	// state directory. A file that every user can read is refused.
	ACMEDNSAccounts Path `toml:"acme_dns_accounts,omitempty" example:"\"etc/acme-dns.json\""`
	// How long to wait for a record to be seen at all name servers of its zone: "1s" to
	// "1h".
	Patience Duration `toml:"patience" default:"\"2m\""`
	// The name servers, ADDRESS or ADDRESS:PORT, that tell where zones and their name
	// servers are, in place of the system's.
	Resolvers []NameServer `toml:"resolvers" example:"[\"192.0.2.1\"]"`
	// Whether the record is looked for before the CA is told. With false only `settle`
	// is waited for.
	Check *bool `toml:"check,omitempty" default:"true"`
	// How long to wait beyond that.
	Settle Duration `toml:"settle" example:"\"10s\""`
}

// NameServer is a server of the DNS.
type NameServer struct{ Server }

// UnmarshalText takes a host name or an IP address, with its port or without; nothing
// for none.
func (n *NameServer) UnmarshalText(text []byte) error {
	given := strings.TrimSuffix(strings.TrimPrefix(string(text), "["), "]")
	if given != "" && isHost(given) {
		n.text = net.JoinHostPort(given, "53")
		return nil
	}
	if n.Server.UnmarshalText(text) != nil {
		return refusal("name server", string(text), "is no HOST or HOST:PORT, such as 192.0.2.53 or [2001:db8::53]:5353")
	}
	return nil
}
