package gateway

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"wcme/web"
)

// answer keeps what a handler writes until it is complete. It implements
// http.ResponseWriter.
type answer struct {
	header http.Header // what the handler changes
	sent   http.Header // what it was when the status was written
	status int         // 0 until it is written
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. Only the first final status
// counts: a script cannot send an interim one (1xx).
func (a *answer) WriteHeader(status int) {
	if status < 100 || status > 599 {
		panic(fmt.Sprintf("status %d", status))
	}
	if status < 200 || a.status != 0 {
		return
	}
	a.status = status
	a.sent = a.header.Clone()
}

// Write implements http.ResponseWriter.
func (a *answer) Write(text []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(text)
}

// plain answers with a sentence.
func (a *answer) plain(status int, reason string) {
	web.SetHeaders(a.header)
	a.header.Set("Content-Type", "text/plain; charset=us-ascii")
	a.WriteHeader(status)
	fmt.Fprintf(a, "%s: %s.\n", http.StatusText(status), reason)
}

// send writes the answer as RFC 3875 section 6 asks, in one write, so that the
// server has all of it when it has any.
func (a *answer) send(output io.Writer, headOnly bool) error {
	a.WriteHeader(http.StatusOK)
	bodyless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	text := make([]byte, 0, 512+a.body.Len())
	text = append(strconv.AppendInt(append(text, "Status: "...), int64(a.status), 10), ' ')
	text = append(append(text, reasonPhrase(a.status)...), "\r\n"...)
	if !bodyless {
		a.finishHeader(headOnly)
	}
	text = append(a.appendHeader(text), "\r\n"...)
	if !bodyless && !headOnly {
		text = append(text, a.body.Bytes()...)
	}
	_, err := output.Write(text)
	return err
}

// finishHeader says what the body is. A HEAD request's length is that of the
// body which GET would get, and unknown to a handler that wrote none.
func (a *answer) finishHeader(headOnly bool) {
	if a.body.Len() > 0 || !headOnly {
		a.sent.Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	if a.sent.Get("Content-Type") == "" {
		a.sent.Set("Content-Type", "text/plain; charset=utf-8")
	}
}

func (a *answer) appendHeader(text []byte) []byte {
	for _, name := range slices.Sorted(maps.Keys(a.sent)) {
		if !isToken(name) || a.isServers(name) {
			continue
		}
		for _, value := range a.sent[name] {
			text = append(append(text, name...), ": "...)
			text = append(append(text, oneLine(value)...), "\r\n"...)
		}
	}
	return text
}

// isServers names the headers that are the web server's to write. A Location
// beside status 200 would make it answer with another of its own pages
// (RFC 3875 section 6.2.2).
func (a *answer) isServers(name string) bool {
	switch name {
	case "Status", "Connection", "Transfer-Encoding", "Trailer":
		return true
	case "Location":
		return a.status == http.StatusOK
	}
	return false
}

// oneLine keeps a value from becoming two headers.
func oneLine(value string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, value))
}

// reasonPhrase is never empty: some servers want one.
func reasonPhrase(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Status"
}
