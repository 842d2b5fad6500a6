package hook

import "wcme/acmecore"

// The hooks of uacme, as its manual page uacme(1) has them (-h PROGRAM): PROGRAM METHOD
// TYPE IDENT TOKEN AUTH. METHOD is "begin", or "done" where the CA has believed the
// challenge, or "failed". TYPE is the type of the challenge. IDENT is the identifier of
// the CA's authorization, without a wildcard's "*.". AUTH is the key authorization, and
// for dns-01 and tls-alpn-01 its SHA-256 in base64url. A "begin" that does not return 0
// declines the challenge, and neither "done" nor "failed" follows.

func uacmeBegin(h Hook, c Challenge) call { return uacme(h, c, "begin") }

func uacmeEnd(h Hook, c Challenge, valid bool) call {
	if valid {
		return uacme(h, c, "done")
	}
	return uacme(h, c, "failed")
}

func uacme(h Hook, c Challenge, method string) call {
	auth := c.digest()
	if c.Method == acmecore.HTTP01 {
		auth = c.KeyAuthorization
	}
	return call{args: extended(h.Args, method, string(c.Method), c.host(), string(c.Token), auth)}
}

// extended is a list with more at its end, and leaves what is behind the first one alone.
func extended(args []string, more ...string) []string {
	return append(append([]string{}, args...), more...)
}
