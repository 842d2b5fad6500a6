// Command pages is the whole of wCME's script: it answers challenges from
// ROOT/www, or from where the overseer has said there that others are, and asks
// the overseer for everything else. A web server may run it as a CGI program
// (RFC 3875); usually the small program cgi-bin/wcme does, for whatever is no
// plain challenge.
//
// It looks at no argument, because Apache makes arguments of a query string
// (RFC 3875 section 4.4), and has three settings, which the web server's
// configuration sets in its environment: WCME_ROOT, WCME_SOCKET and WCME_BASE.
package main

import (
	"os"

	"wcme/cgi/leave"
)

func main() {
	// Nothing that a visitor sends as a header may be taken for a setting by
	// whatever runs later: HTTP_PROXY is the known example.
	environ := os.Environ()
	os.Clearenv()
	leave.Process(run(environ, os.Stdin, os.Stdout, os.Stderr), environ)
}
