package verify

import (
	"bytes"
	"io"
	"strings"
)

// Open holds the conversation before TLS with a server that says these words,
// whatever it is told. It returns what was sent, and what went wrong.
func Open(protocol, says string) (sent, problem, hint string) {
	var out bytes.Buffer
	conn := struct {
		io.Reader
		io.Writer
	}{strings.NewReader(says), &out}
	if wrong := openingOf(protocol)(newTalk(conn)); wrong != nil {
		return out.String(), wrong.problem, wrong.hint
	}
	return out.String(), "", ""
}

// HostName is what EHLO says.
func HostName() string { return hostName() }
