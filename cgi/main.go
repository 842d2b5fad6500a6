// Command wcme is wCME's script, which a web server runs as a CGI program for
// each request that it maps to it (RFC 3875). It answers a plain challenge from
// ROOT/www itself, and becomes the program wcme-pages beside it for everything
// else.
//
// The reason is the start: a program that links net/http takes half as long
// again to start as one that does not, and challenges are what strangers may ask
// for as often as they like. It also leaves little for them to attack: this
// program opens a directory of public texts, and no socket.
//
// It looks at no argument, because Apache makes arguments of a query string
// (RFC 3875 section 4.4).
package main

import (
	"os"

	"wcme/cgi/leave"
	"wcme/cgi/meta"
	"wcme/cgi/plain"
)

func main() {
	environ := os.Environ()
	os.Clearenv()
	text, isPlain := answer(meta.FromEnviron(environ))
	if !isPlain {
		os.Exit(become(environ, os.Stdout, os.Stderr))
	}
	if _, err := os.Stdout.Write(text); err != nil {
		os.Exit(1) // nobody is left to be told
	}
	leave.Process(0, environ)
}

// answer answers a plain challenge; isPlain is false for every other request.
func answer(v meta.Variables) (text []byte, isPlain bool) {
	return plain.Answer(v, plain.Challenges(v))
}
