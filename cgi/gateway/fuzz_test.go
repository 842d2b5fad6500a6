package gateway_test

import (
	"path"
	"strings"
	"testing"
	"unicode"

	"wcme/cgi/meta"
)

// FuzzRequest passes any variables: whatever they are, there is an answer that
// a web server can read, and a request that is handed on is a proper one.
func FuzzRequest(f *testing.F) {
	for _, host := range hostileHosts() {
		f.Add("GET", "HTTP/1.1", host, "", "X_ANY", "x", "", "admin")
	}
	f.Add("G\r\nET", "HTTP/2", "a", "a=b", "PROXY", "http://x", "5", "")
	f.Add("POST", "INCLUDED", "[::1]:80", "-x+y", "COOKIE", "a\x00b", "-5", "a\nb")
	f.Fuzz(func(t *testing.T, method, protocol, host, query, name, value, length, user string) {
		v := meta.Variables{
			"REQUEST_METHOD": method, "SERVER_PROTOCOL": protocol, "HTTP_HOST": host, "QUERY_STRING": query,
			"HTTP_" + name: value, "CONTENT_LENGTH": length, "REMOTE_USER": user, "AUTH_TYPE": "Basic", "CONTENT_TYPE": value,
			"SCRIPT_NAME": "/cgi-bin/wcme", "PATH_INFO": "/admin/list",
		}
		x := serve(t, v, strings.NewReader("hello"))
		if x.request == nil {
			if x.status < 400 || x.status > 499 {
				t.Fatalf("refused with %d %q", x.status, x.answer)
			}
			return
		}
		r := x.request
		if r.URL.Path != "/admin/list" || x.visitor.Base != "/cgi-bin/wcme" || x.visitor.User != user || len(x.body) > 5 {
			t.Fatalf("path %q, visitor %+v, body %q", r.URL.Path, x.visitor, x.body)
		}
		for _, text := range []string{r.Method, r.Proto, r.Host, r.URL.RawQuery, r.Header.Get("Cookie"), x.visitor.User} {
			if strings.ContainsAny(text, "\r\n\x00") {
				t.Fatalf("a line end in %q", text)
			}
		}
		if strings.ContainsAny(r.Host, `/?#@\%;<>" `) {
			t.Fatalf("host %q", r.Host)
		}
	})
}

// FuzzBase passes any path: base and path are the server's path taken apart, and
// nothing that a challenge's mapping can be asked for is a page.
func FuzzBase(f *testing.F) {
	for _, p := range append(hostilePaths(), "/admin/list", "/.well-known/acme-challenge/x", "/", "") {
		f.Add("/cgi-bin/wcme", p, "")
		f.Add(p, "", "/cgi-bin/wcme")
		f.Add(p, p, "")
		f.Add("/.well-known/acme-challenge", p, "/")
	}
	f.Add("/.WELL-KNOWN/acme-challenge", "/İ/admin", "")
	f.Fuzz(func(t *testing.T, script, info, setting string) {
		x := serve(t, with("SCRIPT_NAME", script, "PATH_INFO", info, "WCME_BASE", setting), nil)
		if x.request == nil {
			return
		}
		whole := script + info
		if script == info {
			whole = script
		}
		base, below := x.visitor.Base, x.request.URL.Path
		if !strings.EqualFold(strings.TrimSuffix(base+below, "/"), strings.TrimSuffix(whole, "/")) {
			t.Fatalf("%q and %q were made of %q and %q", base, below, script, info)
		}
		if strings.HasSuffix(base, "/") || !strings.HasPrefix(below, "/") || strings.ContainsFunc(base+below, unicode.IsControl) {
			t.Fatalf("base %q, path %q", base, below)
		}
		if clean := path.Clean(base + below); clean != "/" && clean != strings.TrimSuffix(base+below, "/") {
			t.Fatalf("%q is not clean", base+below)
		}
		const challenges = "/.well-known/acme-challenge"
		if strings.Contains(whole+"/", challenges+"/") && !strings.HasPrefix(below, challenges+"/") {
			t.Fatalf("%q and %q reach %q", script, info, below)
		}
	})
}
