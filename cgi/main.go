// Command wcme is wCME's script: a web server runs it as a CGI program for each
// request that it maps to it (RFC 3875). It answers challenges from ROOT/www and
// asks the overseer for everything else.
//
// It looks at no argument, because Apache makes arguments of a query string
// (RFC 3875 section 4.4), and has three settings, which the web server's
// configuration sets in its environment: WCME_ROOT, WCME_SOCKET and WCME_BASE.
package main

import "os"

func main() {
	// Nothing that a visitor sends as a header may be taken for a setting by
	// whatever runs later: HTTP_PROXY is the known example.
	environ := os.Environ()
	os.Clearenv()
	leave(run(environ, os.Stdin, os.Stdout, os.Stderr), environ)
}
