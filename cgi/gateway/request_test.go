package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wcme/cgi/meta"
)

// TestHostileMethods is the first half of G04.
func TestHostileMethods(t *testing.T) {
	for _, method := range []string{"", " ", "G\r\nET", "GET ", "GET /", "G\x00ET", "GÉT", "GET:", strings.Repeat("A", 10_000)} {
		serve(t, with("REQUEST_METHOD", method), nil).wantRefused(t, http.StatusBadRequest)
	}
	for _, method := range []string{"GET", "POST", "OPTIONS", "FOO", "M-SEARCH"} {
		if x := serve(t, with("REQUEST_METHOD", method), nil); x.request.Method != method {
			t.Errorf("method %q, want %q", x.request.Method, method)
		}
	}
}

// TestProtocols is the second half of G04.
func TestProtocols(t *testing.T) {
	for _, row := range []struct {
		protocol     string
		major, minor int
	}{
		{"HTTP/1.0", 1, 0}, {"HTTP/1.1", 1, 1}, {"HTTP/2", 2, 0}, {"HTTP/2.0", 2, 0}, {"HTTP/3", 3, 0},
		{"HTTP/0.9", 0, 9}, {"http/1.1", 1, 1}, {"INCLUDED", 1, 0}, {"", 1, 0},
	} {
		r := serve(t, with("SERVER_PROTOCOL", row.protocol), nil).request
		if r == nil || r.ProtoMajor != row.major || r.ProtoMinor != row.minor {
			t.Errorf("protocol %q: got %+v, want %d.%d", row.protocol, r, row.major, row.minor)
		}
	}
	for _, protocol := range []string{"HTTP", "HTTP/", "HTTP/1.", "HTTP/.1", "HTTP/11.1", "HTTP/1.1 ", "HTTP/1.1\r\nX: y",
		"FTP/1.1", "HTTP/a", "HTTP/-1", "HTTP/1.1.1", strings.Repeat("9", 10_000)} {
		serve(t, with("SERVER_PROTOCOL", protocol), nil).wantRefused(t, http.StatusBadRequest)
	}
}

// hostileHosts are G12: what nginx passes on as it came, and more.
func hostileHosts() []string {
	return []string{
		"a?", "a#", "a@b", "a;b", "a%2f", `a\b`, "[::1", "aé", `a"<b>`, "a/admin?", "a/b?x", "user@h", "a b", "a\tb",
		"a\r\nX: y", "a\x00", "http://a", "a:b", "a:65536", "a:80:80", "a:-1", "a:+80", "::1", "[::1]x", "[::1]:x", "[]",
		"[fe80::1%25eth0]", "[1.2.3.4]", "..", "a..b", ".a", ".", ":80", "*", "a,b", "'", "a|b", "{a}", "a\u202eb",
		strings.Repeat("a", 64) + ".org", strings.Repeat("a.", 130) + "org", strings.Repeat("a", 100_000),
	}
}

func TestHostileHosts(t *testing.T) {
	for _, host := range hostileHosts() {
		x := serve(t, with("HTTP_HOST", host), nil)
		x.wantRefused(t, http.StatusBadRequest)
		if len(host) > 2 && strings.Contains(x.answer, host) {
			t.Errorf("host %q is in the answer %q", host, x.answer)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, row := range []struct{ named, name, port, want string }{
		{"www.example.org", "", "", "www.example.org"},
		{"WWW.Example.ORG.:8080", "", "", "WWW.Example.ORG.:8080"},
		{"www.example.org:", "", "", "www.example.org"},
		{"a_b.example", "", "", "a_b.example"},
		{"192.0.2.1:80", "", "", "192.0.2.1:80"},
		{"[2001:db8::1]", "", "", "[2001:db8::1]"},
		{"[2001:db8::1]:8443", "", "", "[2001:db8::1]:8443"},
		{"localhost", "ignored.example", "81", "localhost"},
		{"", "www.example.org", "443", "www.example.org"},
		{"", "www.example.org", "8080", "www.example.org:8080"},
		{"", "www.example.org", "", "www.example.org"},
		{"", "2001:db8::1", "80", "[2001:db8::1]"},
		{"", "[2001:db8::1]", "8080", "[2001:db8::1]:8080"},
		{"", "", "80", ""},
		{"", "_:x", "80", ""},
		{"", "a/admin?", "80", ""},
		{"", "www.example.org", "80x", ""},
	} {
		x := serve(t, with("HTTP_HOST", row.named, "SERVER_NAME", row.name, "SERVER_PORT", row.port), nil)
		x.wantSeen(t)
		if x.request.Host != row.want {
			t.Errorf("HTTP_HOST=%s SERVER_NAME=%s SERVER_PORT=%s: host %q, want %q", row.named, row.name, row.port, x.request.Host, row.want)
		}
	}
}

// hostilePaths are G05: what changes under cleaning, or for another reader.
func hostilePaths() []string {
	return []string{
		"/..", "/../", "/../admin/list", "/admin/..", "/admin/../../x", "/.", "/./admin", "/admin/.", "/admin/./list",
		"//", "//admin", "/admin//list", "/admin/list//", "/admin\\list", "/\\evil.example", "/admin/list\x00", "/\x00",
		"/admin/list\r\nX: y", "/admin/\nlist", "/admin/\tlist", "/admin/\x1b[2J", "/admin/\x7f", "/admin/\u0085", "/admin/\xff",
		"/admin/\xc0\xaf", "/\xed\xa0\x80", "admin/list", "list", "?", "/" + strings.Repeat("a", 8<<10),
	}
}

func TestHostilePaths(t *testing.T) {
	for _, path := range hostilePaths() {
		for _, v := range []meta.Variables{
			with("PATH_INFO", path),
			with("SCRIPT_NAME", path, "PATH_INFO", ""),
			with("SCRIPT_NAME", "", "PATH_INFO", path),
			with("SCRIPT_NAME", "/.well-known/acme-challenge", "PATH_INFO", path),
		} {
			status := http.StatusBadRequest
			if len(path) > 8<<10 {
				status = http.StatusRequestURITooLong
			}
			serve(t, v, nil).wantRefused(t, status)
		}
	}
	serve(t, with("SCRIPT_NAME", "", "PATH_INFO", ""), nil).wantRefused(t, http.StatusBadRequest)
	serve(t, with("SCRIPT_NAME", "/cgi-bin/", "PATH_INFO", "/admin"), nil).wantRefused(t, http.StatusBadRequest)
}

// TestRequestURIIsIgnored is G13: an absolute one, or one that says something else.
func TestRequestURIIsIgnored(t *testing.T) {
	for _, uri := range []string{"http://evil.example/cgi-bin/wcme/x", "//evil.example/admin", "*", "/%2e%2e/admin/x", "a:b", "\x00"} {
		x := serve(t, with("REQUEST_URI", uri, "DOCUMENT_URI", uri, "PATH_TRANSLATED", uri), nil)
		x.wantSeen(t)
		if x.request.URL.String() != "/admin/list" || x.request.RequestURI != "" {
			t.Errorf("REQUEST_URI=%s: URL %q, request URI %q", uri, x.request.URL, x.request.RequestURI)
		}
	}
}

// TestClaimsOfTheVisitorAreIgnored is G03 and G14.
func TestClaimsOfTheVisitorAreIgnored(t *testing.T) {
	x := serve(t, with(
		"HTTP_X_FORWARDED_FOR", "203.0.113.9", "HTTP_X_FORWARDED_PROTO", "https", "HTTP_X_FORWARDED_HOST", "evil.example",
		"HTTP_X_FORWARDED_USER", "root", "HTTP_FORWARDED", "for=203.0.113.9;proto=https", "HTTP_X_REAL_IP", "203.0.113.9",
		"HTTP_REMOTE_USER", "root", "HTTP_HTTPS", "on", "HTTP_PROXY", "http://evil.example:8080", "HTTP_VIA", "1.1 evil",
		"HTTP_REMOTE_ADDR", "203.0.113.9", "HTTP_SCRIPT_NAME", "/x", "HTTP_WCME_BASE", "/x", "HTTP_WCME_ROOT", "/x",
		"HTTP_TRANSFER_ENCODING", "chunked", "HTTP_CONTENT_LENGTH", "5", "HTTP_CONTENT_TYPE", "text/evil",
	), strings.NewReader("hello"))
	x.wantSeen(t)
	v := x.visitor
	if v.User != "" || v.HTTPS || v.Address != "192.0.2.7" || v.Base != "/cgi-bin/wcme" || x.request.Host != "www.example.org" {
		t.Errorf("visitor %+v at host %s", v, x.request.Host)
	}
	for name := range x.request.Header {
		switch name {
		case "Remote-User", "Https", "Remote-Addr", "Script-Name", "Wcme-Base", "Wcme-Root": // headers like any other
		default:
			t.Errorf("header %s came through", name)
		}
	}
	if x.body != "" || x.request.ContentLength != 0 || x.request.TransferEncoding != nil {
		t.Errorf("body %q of length %d, want none", x.body, x.request.ContentLength)
	}
}

func TestVisitorIsWhomTheServerNames(t *testing.T) {
	for _, row := range []struct {
		name, value string
		https       bool
	}{
		{"HTTPS", "on", true}, {"HTTPS", "ON", true}, {"HTTPS", "1", true}, {"HTTPS", "off", false}, {"HTTPS", "", false},
		{"REQUEST_SCHEME", "https", true}, {"REQUEST_SCHEME", "https:", true}, {"REQUEST_SCHEME", "http", false},
	} {
		if x := serve(t, with(row.name, row.value), nil); x.visitor.HTTPS != row.https {
			t.Errorf("%s=%s: HTTPS %v, want %v", row.name, row.value, x.visitor.HTTPS, row.https)
		}
	}
	for _, row := range []struct{ address, port, want, remote string }{
		{"192.0.2.7", "1", "192.0.2.7", "192.0.2.7:1"},
		{"2001:DB8::1", "65535", "2001:db8::1", "[2001:db8::1]:65535"},
		{"192.0.2.7", "", "192.0.2.7", "192.0.2.7:0"},
		{"192.0.2.7", "x", "192.0.2.7", "192.0.2.7:0"},
		{"unix:", "", "", ""},
		{"evil\r\n", "", "", ""},
		{"", "", "", ""},
	} {
		x := serve(t, with("REMOTE_ADDR", row.address, "REMOTE_PORT", row.port), nil)
		if x.visitor.Address != row.want || x.request.RemoteAddr != row.remote {
			t.Errorf("REMOTE_ADDR=%s: %q, %q; want %q, %q", row.address, x.visitor.Address, x.request.RemoteAddr, row.want, row.remote)
		}
	}
	for _, user := range []string{"a\r\nb", "a\x00", "\x1b[2J", strings.Repeat("a", 256)} {
		serve(t, with("REMOTE_USER", user, "AUTH_TYPE", "Basic"), nil).wantRefused(t, http.StatusBadRequest)
	}
}

// nginx's usual parameters name in REMOTE_USER whoever a visitor claims to be.
func TestUserCountsOnlyWhereTheServerAuthenticated(t *testing.T) {
	for _, row := range []struct{ kind, user, want string }{
		{"Basic", "alice", "alice"},
		{"openid-connect", "alice", "alice"},
		{"", "alice", ""},
		{"Basic", "", ""},
	} {
		if x := serve(t, with("AUTH_TYPE", row.kind, "REMOTE_USER", row.user), nil); x.visitor.User != row.want {
			t.Errorf("AUTH_TYPE=%q REMOTE_USER=%q: got %q, want %q", row.kind, row.user, x.visitor.User, row.want)
		}
	}
	x := serve(t, with("HTTP_AUTH_TYPE", "Basic", "REMOTE_USER", "alice"), nil)
	if x.visitor.User != "" {
		t.Errorf("a visitor's own header: got user %q", x.visitor.User)
	}
}

func TestHeaderLimits(t *testing.T) {
	serve(t, with("HTTP_COOKIE", strings.Repeat("a", 60<<10)), nil).wantSeen(t)
	serve(t, with("HTTP_COOKIE", strings.Repeat("a", 64<<10)), nil).wantRefused(t, http.StatusRequestHeaderFieldsTooLarge)
	many := usual()
	for i := range 10_000 {
		many[fmt.Sprintf("HTTP_X_%d", i)] = "y"
	}
	serve(t, many, nil).wantRefused(t, http.StatusRequestHeaderFieldsTooLarge)
	for _, value := range []string{"a\r\nb", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x7f"} {
		serve(t, with("HTTP_X_ANY", value), nil).wantRefused(t, http.StatusBadRequest)
	}
	serve(t, with("HTTP_X_ANY", "a\tb é \xff"), nil).wantSeen(t)
	serve(t, with("HTTP_", "x", "HTTP_A B", "x", "HTTP_É", "x", "HTTP_A:", "x"), nil).wantSeen(t)
}

// TestQueries is G01 and G09 as far as the gateway sees them.
func TestQueries(t *testing.T) {
	for _, query := range []string{"-h", "--config+/x", "-", "%2D%2Dx", "a+b", "a%zz;b", "é"} {
		x := serve(t, with("QUERY_STRING", query), nil)
		x.wantSeen(t)
		if x.request.URL.RawQuery != query || x.request.URL.Path != "/admin/list" {
			t.Errorf("query %q: got %q, path %q", query, x.request.URL.RawQuery, x.request.URL.Path)
		}
	}
	serve(t, with("QUERY_STRING", strings.Repeat("a", 1<<20)), nil).wantRefused(t, http.StatusRequestURITooLong)
	serve(t, with("QUERY_STRING", "a\r\nb"), nil).wantRefused(t, http.StatusBadRequest)
}

// TestLogOfARefusalIsOneInertLine is the gateway's part of L09.
func TestLogOfARefusalIsOneInertLine(t *testing.T) {
	x := serve(t, with("HTTP_HOST", "a\nlevel=ERROR msg=\"forged\" \x1b[31m\u202e"+strings.Repeat("b", 5000)), nil)
	x.wantRefused(t, http.StatusBadRequest)
	if strings.ContainsAny(x.log, "\x1b\u202e") || len(x.log) > 500 {
		t.Errorf("log %q", x.log)
	}
}
