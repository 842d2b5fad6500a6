package hook

import "wcme/acmecore"

// The hooks of dehydrated, as its documents docs/examples/hook.sh and
// docs/dns-verification.md have them, with HOOK_CHAIN=no: PROGRAM deploy_challenge DOMAIN
// TOKEN_FILENAME TOKEN_VALUE, and clean_challenge with the same words, whatever the CA has
// decided. DOMAIN is the identifier of the CA's authorization, without a wildcard's "*.".
// TOKEN_VALUE is what the file holds that http-01 asks for, and for dns-01 the text of
// the record. What else dehydrated tells its hooks of is not told, because those must
// leave out in silence what they do not know.

func dehydratedBegin(h Hook, c Challenge) call { return dehydrated(h, c, "deploy_challenge") }

func dehydratedEnd(h Hook, c Challenge, _ bool) call { return dehydrated(h, c, "clean_challenge") }

func dehydrated(h Hook, c Challenge, what string) call {
	value := c.KeyAuthorization
	if c.Method == acmecore.DNS01 {
		value = c.digest()
	}
	return call{args: extended(h.Args, what, c.host(), string(c.Token), value)}
}
