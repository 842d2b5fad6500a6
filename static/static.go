// Package static holds the files that the pages link to: one stylesheet, two
// scripts and one icon, embedded into the program.
//
// Their addresses carry a part of the hash of their content, so that a browser
// may keep them for ever and still sees a changed file at once. The names are
// constants, because a CGI program starts for every request and should hash
// nothing then; a test tells when they no longer fit.
package static

import "embed"

// The names of the files in addresses. After changing a file, `go generate
// ./static` brings them up to date.
const (
	Style   = "style-08e1706c.css"
	Script  = "script-94bd2c48.js"
	Passkey = "passkey-47bfcb67.js"
	Icon    = "icon-113d0223.svg"
)

//go:generate go test -run TestNamesFitTheContent -args -update

//go:embed style.css script.js passkey.js icon.svg
var files embed.FS

// Lookup returns the content and the media type of the file with that name in
// addresses.
func Lookup(name string) (content []byte, mediaType string, found bool) {
	switch name {
	case Style:
		return read("style.css"), "text/css; charset=utf-8", true
	case Script:
		return read("script.js"), "text/javascript; charset=utf-8", true
	case Passkey:
		return read("passkey.js"), "text/javascript; charset=utf-8", true
	case Icon:
		return read("icon.svg"), "image/svg+xml", true
	}
	return nil, "", false
}

// read returns an embedded file, which is there because the compiler put it there.
func read(file string) []byte {
	content, err := files.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return content
}
