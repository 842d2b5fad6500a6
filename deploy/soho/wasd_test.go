package soho_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// The challenge of the report that WASD's WATCH facility gave of a renewal: the
// authority asks for token and thumbprint, WASD for both in lower case.
const (
	watchedToken      = "yIIZJXXiCJ0aynim9rn7HGRE_uBY-CgE"
	watchedThumbprint = "QH3pRwq2ZSCeEYlrN-0MNKHxB8zeq-uB-mb5nTt7SLlHfoD5Ox_Qk"
)

// TestWASD asks the internal host as WASD's proxy does; the answer is in the case
// that the authority expects.
func TestWASD(t *testing.T) {
	t.Parallel()
	inside := newHost(t, here(), "inside-apache.conf")
	want := inside.publishAs(t, watchedToken, watchedThumbprint)
	lower := strings.ToLower(watchedToken)
	proxied := "Via: 1.1 klaatu.lan:80 (HTTPd-WASD/12.1.0 OpenVMS/AXP SSL)\r\n" +
		"X-Forwarded-For: 203.0.113.9\r\nForwarded: by=\"http://klaatu.lan:80\"; for=203.0.113.9; host=" + name + "\r\n"
	for what, row := range map[string]struct{ path, headers string }{
		"token and thumbprint, in lower case": {below + lower + "." + strings.ToLower(watchedThumbprint), ""},
		"the token alone, in lower case":      {below + lower, ""},
		"as the authority asks":               {below + watchedToken, ""},
		"with the headers of a proxy":         {below + lower, proxied},
		"at the root of the site":             {wellKnown + lower, proxied},
	} {
		request := "GET " + row.path + " HTTP/1.1\r\nHost: " + insideIP + "\r\n" + row.headers + "Connection: close\r\n\r\n"
		if status, body := ask(t, lab.Loopback(inside.port), request); status != http.StatusOK || body != want {
			t.Errorf("%s: got %d and %q, want 200 and %q", what, status, body, want)
		}
	}
	for what, path := range map[string]string{
		"the list":           "/cgi-bin/wcme/admin/list",
		"the list, by a way": below + "../../admin/list",
		"another token":      below + lower + "x",
	} {
		if status, body := ask(t, lab.Loopback(inside.port), get(path, insideIP)); status < 400 {
			t.Errorf("%s: got %d and %q, want that it is refused", what, status, body)
		}
	}
}

// TestWASDInFront obtains a certificate by way of a front that does as WASD does.
func TestWASDInFront(t *testing.T) {
	t.Parallel()
	inside := newHost(t, here(), "inside-apache.conf")
	port := startWASD(t, inside.address)
	pebble := lab.MustPebble(t, inside.programs, lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: port})
	inside.trust(t, pebble.Directory, pebble.Roots, "")
	inside.certify(t, pebble)
	for _, line := range inside.seen(t) {
		if path, _, _ := strings.Cut(line, " HTTP/1."); path != strings.ReplaceAll(strings.ToLower(path), "get ", "GET ") {
			t.Errorf("the internal host was asked in mixed case: %s", line)
		}
	}
}

// startWASD plays what WASD is seen to do by the rules of wasd.map: it asks for the
// path in lower case, in the name of the internal host, and says for whom.
func startWASD(t *testing.T, inside string) (port int) {
	from, to := rules(t)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		path := strings.ToLower(to + strings.TrimPrefix(r.In.URL.Path, from))
		r.Out.URL = &url.URL{Scheme: "http", Host: inside, Path: strings.TrimPrefix(path, "http://"+insideIP)}
		r.Out.Host = inside
		r.SetXForwarded()
		r.Out.Header.Set("Via", "1.1 klaatu.lan:80 (HTTPd-WASD)")
	}}
	mux := http.NewServeMux()
	mux.Handle(name+from, proxy)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.Listener.Addr().(*net.TCPAddr).Port
}

// rules reads wasd.map: what begins like from is asked for at to, and nothing else
// anywhere.
func rules(t *testing.T) (from, to string) {
	t.Helper()
	text := recipe(t, "wasd.map", here())
	lines := regexp.MustCompile(`(?m)^[^#\s].*$`).FindAllString(text, -1)
	words := strings.Fields(lines[1])
	want := []string{"[[" + name + ":80]]", "redirect " + words[1] + " /" + words[2][1:], "pass " + words[2][1:], `pass * "404"`}
	if !slices.Equal(lines, want) {
		t.Fatalf("wasd.map: got the rules %q, want %q", lines, want)
	}
	return strings.TrimSuffix(words[1], "*"), strings.TrimSuffix(words[2][1:], "*")
}
