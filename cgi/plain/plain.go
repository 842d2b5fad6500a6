// Package plain answers a challenge as a certification authority asks for it: a
// GET or HEAD without anything strange about it. It needs nothing of HTTP, so that
// a program that is started for it starts fast, and a daemon answers at once.
package plain

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/cgi/meta"
)

// defaultRoot is the state directory of the default installation.
const defaultRoot = "/var/lib/wcme"

// maxPlain is how long all variables of a plain request may be, in bytes.
const maxPlain = 16 << 10

// Challenges is the directory of pending challenges that the settings name.
func Challenges(v meta.Variables) challenge.Directory {
	root := v["WCME_ROOT"]
	if root == "" {
		root = defaultRoot
	}
	return challenge.Directory(filepath.Join(root, "www"))
}

// Answer answers a plain challenge in the form of RFC 3875 section 6, byte for
// byte as the pages would; plain is false for every other request, and for what
// an administrator must be told.
func Answer(v meta.Variables, challenges challenge.Directory) (text []byte, plain bool) {
	if !isPlain(v) {
		return nil, false
	}
	place, refused := v.Locate()
	if refused != nil {
		return nil, false
	}
	asked, found := place.Challenge()
	if !found {
		return nil, false
	}
	body, err := challenges.Lookup(asked)
	switch {
	case errors.Is(err, challenge.ErrUnknown):
		if challenge.IsToken(asked) && challenges.HasSettings() {
			return nil, false // somebody elsewhere may know it
		}
		return response("404 Not Found", []byte(challenge.Absent), v), true
	case err != nil, acmecore.IsProbe(asked): // the pages tell a probe what has arrived
		return nil, false
	}
	return response("200 OK", body, v), true
}

// response writes what RFC 3875 section 6 asks for.
func response(status string, body []byte, v meta.Variables) []byte {
	var text strings.Builder
	text.WriteString("Status: " + status + "\r\n")
	for _, header := range challenge.Headers(len(body)) {
		text.WriteString(header.Name + ": " + header.Value + "\r\n")
	}
	text.WriteString("\r\n")
	if v["REQUEST_METHOD"] != "HEAD" {
		text.Write(body)
	}
	return []byte(text.String())
}

// isPlain tells whether the request is what a certification authority sends: a
// GET or HEAD without a body, a user or anything strange. Whatever is not is for
// the pages to refuse.
func isPlain(v meta.Variables) bool {
	if method := v["REQUEST_METHOD"]; method != "GET" && method != "HEAD" {
		return false
	}
	if protocol := v["SERVER_PROTOCOL"]; protocol != "HTTP/1.1" && protocol != "HTTP/1.0" {
		return false
	}
	length, err := strconv.Atoi(v["CONTENT_LENGTH"])
	bodyless := v["CONTENT_LENGTH"] == "" || err == nil && length == 0
	return bodyless && v["HTTP_TRANSFER_ENCODING"] == "" && v["REMOTE_USER"] == "" &&
		isPlainHost(v["HTTP_HOST"]) && areInert(v)
}

// isPlainHost knows names and IPv4 addresses in their usual form, with a port or
// without one.
func isPlainHost(host string) bool {
	name, port, _ := strings.Cut(host, ":")
	const marks = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	for label := range strings.SplitSeq(name, ".") {
		if strings.Trim(label, marks) != "" || len(label) > 63 || label == "" && host != "" {
			return false
		}
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return len(name) < 254 && (port == "" || err == nil)
}

// areInert tells whether no variable has a control character or is long.
func areInert(v meta.Variables) bool {
	size := 0
	for name, value := range v {
		size += len(name) + len(value)
		if len(value) > meta.MaxTarget || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return false
		}
	}
	return size <= maxPlain
}
