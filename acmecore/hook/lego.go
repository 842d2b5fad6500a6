package hook

import "cmp"

// The programs of lego's DNS provider `exec`, as its documentation has them
// (go-acme.github.io/lego/dns/exec): PROGRAM present FQDN VALUE, and PROGRAM cleanup with
// the same words. FQDN is where the record is, aliases followed, with a dot at its end,
// and VALUE its text.
// With EXEC_MODE=RAW in the environment it is PROGRAM present -- DOMAIN TOKEN KEYAUTH,
// where DOMAIN is the identifier of the CA's authorization.

// rawMode is what the variable EXEC_MODE says for the second form.
const rawMode = "RAW"

func legoBegin(h Hook, c Challenge) call { return lego(h, c, "present") }

func legoEnd(h Hook, c Challenge, _ bool) call { return lego(h, c, "cleanup") }

func lego(h Hook, c Challenge, what string) call {
	if h.Env["EXEC_MODE"] == rawMode {
		return call{args: extended(h.Args, what, "--", c.host(), string(c.Token), c.KeyAuthorization)}
	}
	return call{args: extended(h.Args, what, cmp.Or(c.Record, c.usual())+".", c.digest())}
}
