package config

import (
	"slices"
	"time"

	"wcme/acmecore"
)

// Hook is a program that answers challenges, for some of the names, in the way of
// another ACME client, so that what was written for that one can be used.
type Hook struct {
	// What records, pages and reports call it: small letters, digits, "-" and "_",
	// at most 64.
	Name Label `toml:"name" example:"\"provider\""`
	// The domains whose names it proves, those below them included; while this is
	// absent, all names. Where several fit a name, that with the longest domain does.
	For []Name `toml:"for,omitzero" example:"[\"example.org\"]"`
	// The program, by its absolute path, and its first arguments. Nobody but root, the
	// overseer's user and the user below may be able to change it, nor the directories
	// that lead to it.
	Run Command `toml:"run" example:"[\"/usr/share/uacme/uacme.sh\"]"`
	// How it is called: "uacme" (begin, done and failed, with five words), "dehydrated"
	// (deploy_challenge and clean_challenge), "lego" (present and cleanup, as its `exec`)
	// or "acme.sh" (a script of its dnsapi, with dns_NAME_add and dns_NAME_rm; only that
	// one is executed by a shell).
	Protocol Protocol `toml:"protocol" example:"\"uacme\""`
	// The methods that it answers: "dns-01", and of "uacme" also "http-01" and
	// "tls-alpn-01", of "dehydrated" also "http-01".
	Methods Several[Method] `toml:"methods" default:"\"dns-01\""`
	// What its environment has beside PATH, HOME and LANG. The values are secrets: they
	// are never printed, nor shown where the program prints them.
	Env map[string]Secret `toml:"env,omitempty" example:"{ TOKEN = \"…\" }"`
	// A file with more of it, NAME=VALUE on each line: the name of a credential that
	// systemd gives the overseer (LoadCredential=), or else a path, relative to the
	// state directory. A file that every user can read is refused.
	EnvFile Path `toml:"env_file,omitempty" example:"\"etc/provider.env\""`
	// How long one call may take before it is ended: "1s" to "1h".
	Timeout Duration `toml:"timeout" default:"\"2m\""`
	// The user that it runs as, in place of the overseer's own; for that the overseer
	// must run as root.
	User Account `toml:"user,omitempty" example:"\"nobody\""`
	// How long to wait for a record of dns-01 to be seen at all name servers of its zone:
	// "1s" to "1h".
	Patience Duration `toml:"patience" default:"\"2m\""`
	// Whether the record is looked for before the CA is told.
	Check *bool `toml:"check,omitempty" default:"true"`
	// How long to wait beyond that.
	Settle Duration `toml:"settle" example:"\"10s\""`
	// The name servers, ADDRESS or ADDRESS:PORT, that tell where zones and their name
	// servers are, in place of the system's.
	Resolvers []NameServer `toml:"resolvers" example:"[\"192.0.2.1\"]"`
}

// Protocol is how a hook is called.
type Protocol struct{ text string }

// The protocols, each the way of the client that it is named after.
var (
	ProtocolUACME      = Protocol{"uacme"}
	ProtocolDehydrated = Protocol{"dehydrated"}
	ProtocolLego       = Protocol{"lego"}
	ProtocolACMESh     = Protocol{"acme.sh"}
)

// UnmarshalText takes one of the protocols.
func (p *Protocol) UnmarshalText(text []byte) error {
	p.text = string(text)
	return oneOf("protocol", p.text, Texts([]Protocol{ProtocolUACME, ProtocolDehydrated, ProtocolLego, ProtocolACMESh}))
}

// MarshalText is its reverse.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// String returns the word.
func (p Protocol) String() string { return p.text }

// answers lists the methods that a hook of the protocol can answer. That of dehydrated
// for tls-alpn-01 is left out: the client makes a certificate of its own for it.
func (p Protocol) answers() []acmecore.Method {
	switch p {
	case ProtocolUACME:
		return acmecore.Methods()
	case ProtocolDehydrated:
		return []acmecore.Method{acmecore.HTTP01, acmecore.DNS01}
	}
	return []acmecore.Method{acmecore.DNS01}
}

// usualPatience is that of hooks which make records, and say none.
const usualPatience = 2 * time.Minute

// settle gives the hook the defaults of what it does not say.
func (h *Hook) settle() {
	if h.Methods == nil {
		h.Methods = Several[Method]{{acmecore.DNS01}}
	}
	if !h.Timeout.Said() {
		h.Timeout = lasting(2 * time.Minute)
	}
	if !h.Patience.Said() && h.Answers(acmecore.DNS01) {
		h.Patience = lasting(usualPatience)
	}
}

// Args returns the program and its first arguments.
func (h *Hook) Args() []string {
	if lone := h.Run.lone(); lone != "" {
		return []string{lone}
	}
	return h.Run.Args()
}

// Answers tells whether it answers challenges of the method.
func (h *Hook) Answers(method acmecore.Method) bool {
	return slices.Contains(h.Methods, Method{method})
}

// Looks tells whether the record is looked for before the CA is told.
func (h *Hook) Looks() bool { return h.Check == nil || *h.Check }

// HookFor returns the hook that answers the method for the name: that with the longest
// domain, and the first one of those that are for all names. There is none, for dns-01,
// where a [[dns]] has a longer domain.
func (c *Config) HookFor(method acmecore.Method, name acmecore.Name) (hook Hook, found bool) {
	longest := -1
	for _, candidate := range c.Hook {
		if length, covered := covers(candidate.For, name); covered && length > longest && candidate.Answers(method) {
			hook, longest = candidate, length
		}
	}
	if method == acmecore.DNS01 {
		for _, dns := range c.DNS {
			if length, covered := covers(dns.For, name); covered && length > longest {
				return Hook{}, false
			}
		}
	}
	return hook, longest >= 0
}
