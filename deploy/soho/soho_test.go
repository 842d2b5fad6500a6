// Package soho_test plays a small office with one public address: a real front
// server, a host behind it with wCME under Apache, and a real certification
// authority outside, with the very files of this directory.
package soho_test

import (
	"regexp"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// TestFront: by way of each front, the host behind it gets its certificate, and
// nothing else passes.
func TestFront(t *testing.T) {
	t.Parallel()
	for _, f := range fronts() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			inside := newHost(t, here(), "inside-apache.conf")
			port := f.start(t, here(), inside.address)
			pebble := lab.MustPebble(t, inside.programs, lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: port})
			inside.trust(t, pebble.Directory, pebble.Roots, "")
			inside.certify(t, pebble)
			testPassage(t, inside, lab.Loopback(port))
		})
	}
}

// TestFrontToRootOfSite: the files work without the script's path too, and then
// the internal host needs nothing but the file of its server.
func TestFrontToRootOfSite(t *testing.T) {
	t.Parallel()
	for _, f := range fronts() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			inside, at := newHost(t, here()), here()
			at.short = true
			testPassage(t, inside, lab.Loopback(f.start(t, at, inside.address)))
		})
	}
}

// The tokens of testPassage: only the first one is asked for as it should be.
const (
	open   = "OpenOpenOpenOpen-_0123456789"
	closed = "ClosedClosedClosed-_0123456789"

	notPending = "Challenge received but no such file or directory."
)

// testPassage asks the front for what it passes on, and then for what it does not.
// The internal host's log tells what has passed.
func testPassage(t *testing.T, inside *host, address string) {
	t.Helper()
	authorization, secret := inside.publish(t, open), inside.publish(t, closed)
	for _, host := range []string{name, "Intranet.Example.ORG", name + ":80"} {
		request := "GET " + wellKnown + open + " HTTP/1.1\r\nHost: " + host + "\r\nCookie: a=visitor\r\nAuthorization: Basic visitor\r\nConnection: close\r\n\r\n"
		if status, body := ask(t, address, request); status != 200 || strings.TrimSpace(body) != authorization {
			t.Errorf("Host: %s: got %d and %q, want 200 and %q", host, status, body, authorization)
		}
	}
	for _, token := range []string{"unknown-unknown-unknown", "test"} {
		if status, body := ask(t, address, get(wellKnown+token, name)); status != 404 || strings.TrimSpace(body) != notPending {
			t.Errorf("unknown token: got %d and %q, want 404 and %q", status, body, notPending)
		}
	}
	for what, request := range strays() {
		if status, body := ask(t, address, request); strings.Contains(body, secret) || status == 200 && strings.Contains(body, "wCME") {
			t.Errorf("%s: got %d and %q, which is the internal host's", what, status, body)
		}
	}
	testSeen(t, inside.seen(t))
}

// get is the request of an authority.
func get(path, host string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"
}

// strays are requests that no front passes on.
func strays() map[string]string {
	requests := map[string]string{
		"another host":     get(wellKnown+closed, "other.example.org"),
		"no host":          "GET " + wellKnown + closed + " HTTP/1.0\r\n\r\n",
		"an absolute URL":  get("http://"+insideIP+below+closed, "other.example.org"),
		"a posted token":   "POST " + wellKnown + closed + " HTTP/1.1\r\nHost: " + name + "\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b",
		"a deleted token":  "DELETE " + wellKnown + closed + " HTTP/1.1\r\nHost: " + name + "\r\nConnection: close\r\n\r\n",
		"a way through":    "CONNECT " + insideIP + ":80 HTTP/1.1\r\nHost: " + insideIP + ":80\r\n\r\n",
		"no line of HTTP":  "GET " + wellKnown + closed + "\r\n\r\n",
		"a host with more": get(wellKnown+closed, name+".evil.example"),
	}
	for _, path := range []string{
		"/", "/index.html", below + closed, "/cgi-bin/wcme/admin/list", "/.well-known/acme-challenge", wellKnown, wellKnown + "../../cgi-bin/wcme/admin/list",
		wellKnown + "..%2f..%2fadmin/list", wellKnown + "%2e%2e/%2e%2e/admin/list", wellKnown + closed + "/..", wellKnown + closed + "/x",
		wellKnown + closed + "%2fx", wellKnown + closed + "%00", wellKnown + closed + "%0d%0aHost:%20x", "/x" + wellKnown + closed, "/.well-known/other/" + closed,
	} {
		requests[path] = get(path, name)
	}
	return requests
}

// testSeen reads the internal host's log: challenges and nothing else have come,
// and nothing of a visitor but what was asked for.
func testSeen(t *testing.T, lines []string) {
	t.Helper()
	asked := regexp.MustCompile(`^(GET|HEAD) (?:/cgi-bin/wcme)?` + regexp.QuoteMeta(wellKnown) + `([A-Za-z0-9_-]+) HTTP/1\.[01]\|[^|]*\|--$`) // neither cookie nor password
	opened := 0
	for _, line := range lines {
		token := asked.FindStringSubmatch(line)
		if token == nil || strings.EqualFold(token[2], closed) {
			t.Errorf("the internal host was asked for: %s", line)
			continue
		}
		if strings.EqualFold(token[2], open) {
			opened++
		}
	}
	if opened == 0 {
		t.Errorf("the internal host was asked for no token, but for %s", lines)
	}
}
