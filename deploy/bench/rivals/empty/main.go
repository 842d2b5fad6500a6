// Command empty is the least CGI program that Go's own library makes: it says hello.
package main

import (
	"io"
	"net/http"
	"net/http/cgi"
	"os"
)

func main() {
	hello := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello\n") }
	if cgi.Serve(http.HandlerFunc(hello)) != nil {
		os.Exit(1)
	}
}
