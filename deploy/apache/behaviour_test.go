package apache_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

func (s *site) testCertificate(t *testing.T) {
	root, err := s.pebble.IssuingRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.root, "ssl", "fullchain_www_example_test.pem")
	if _, err := lab.CheckChain(path, root, names()...); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), os.FileMode(0o600); got != want {
		t.Errorf("mode of %s: got %v, want %v", path, got, want)
	}
}

func (s *site) testNothingLeft(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join(s.root, "www"))
	if err != nil || len(entries) > 0 {
		t.Errorf("left in www: %v, %v", entries, err)
	}
}

func (s *site) testUnknownToken(t *testing.T) {
	for _, token := range []string{strings.Repeat("x", 43), "short", "a.b", "wcme.toml", ""} {
		response, body := s.get(t, s.http(challengePath+token), "")
		if response.StatusCode != http.StatusNotFound || strings.TrimSpace(body) != notPending {
			t.Errorf("token %q: got %s and %q, want 404 and %q", token, response.Status, body, notPending)
		}
	}
}

// A front server may have lower-cased the path; the answer keeps its case.
func (s *site) testPendingToken(t *testing.T) {
	token := "AbCdEfGhIjKlMnOpQrStUvWxYz-_0123456789aBcDe"
	authorization := s.publish(t, token)
	for _, asked := range []string{token, strings.ToLower(token)} {
		response, body := s.get(t, s.http(challengePath+asked), "")
		if response.StatusCode != http.StatusOK || body != authorization {
			t.Errorf("%s: got %s and %q, want 200 and %q", asked, response.Status, body, authorization)
		}
		if got, want := response.Header.Get("Content-Type"), "text/plain; charset=us-ascii"; got != want {
			t.Errorf("%s: type: got %q, want %q", asked, got, want)
		}
	}
}

// publish puts a challenge where the overseer does, until the test ends.
func (s *site) publish(t *testing.T, token string) (authorization string) {
	t.Helper()
	authorization = token + "." + strings.Repeat("T", 43)
	s.write(t, filepath.Join("state", "www", token), authorization)
	t.Cleanup(func() {
		if err := os.Remove(filepath.Join(s.root, "www", token)); err != nil {
			t.Error(err)
		}
	})
	return authorization
}

// Apache makes program arguments of a query without "=" (CVE-2012-1823).
func (s *site) testArguments(t *testing.T) {
	token := "query" + strings.Repeat("Q", 38)
	authorization := s.publish(t, token)
	made := filepath.Join(s.dir, "made")
	for _, query := range []string{
		"-config+/etc/passwd", "-h", "--help", "-", "--", "-v", "--version", "version", "setup+--root+" + made,
		"%2Dx", "%2D%2Droot%3D/etc", "a+b", "-config%00", "@/etc/passwd", strings.Repeat("-x+", 2000),
	} {
		response, body := s.get(t, s.http(challengePath+token+"?"+query), "")
		if response.StatusCode != http.StatusOK || body != authorization {
			t.Errorf("pending?%.40s: got %s and %.200q, want what it says without a query", query, response.Status, body)
		}
		response, body = s.get(t, s.http(challengePath+"x?"+query), "")
		if response.StatusCode != http.StatusNotFound || strings.TrimSpace(body) != notPending {
			t.Errorf("unknown?%.40s: got %s and %.200q, want what it says without a query", query, response.Status, body)
		}
		response, body = s.get(t, s.https(listPath+"?"+query), password)
		if response.StatusCode != http.StatusOK || !strings.Contains(body, names()[0]) || strings.Contains(body, "root:") {
			t.Errorf("list?%.40s: got %s and %.200q, want the list", query, response.Status, body)
		}
	}
	if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: got %v, want that nobody made it", made, err)
	}
}

func (s *site) testList(t *testing.T) {
	if response, _ := s.get(t, s.https(listPath), ""); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a password: got %s, want 401", response.Status)
	}
	if response, _ := s.get(t, s.https(listPath), "wrong"); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("with a wrong password: got %s, want 401", response.Status)
	}
	response, body := s.get(t, s.https(listPath), password)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("with the password: got %s and %q, want 200", response.Status, body)
	}
	for _, name := range names() {
		if !strings.Contains(body, name) {
			t.Errorf("%s is not on the page:\n%s", name, body)
		}
	}
	for _, password := range []string{"", password} { // in the clear, it must not even be asked for
		response, _ := s.get(t, s.http(listPath), password)
		if response.StatusCode != http.StatusForbidden || response.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("over http: got %s, want 403; WWW-Authenticate %q, want none", response.Status, response.Header.Get("WWW-Authenticate"))
		}
	}
}

// testHostile sends what no client of Go's would. Nothing of it may reach a
// page, and nothing may come out as 500.
func (s *site) testHostile(t *testing.T) {
	token := "secret" + strings.Repeat("S", 37)
	s.publish(t, token)
	for _, row := range []struct{ line, want string }{
		{"GET /.well-known/acme-challenge/../../etc/passwd", "400 404"},
		{"GET /.well-known/acme-challenge/%2e%2e/%2e%2e/etc/passwd", "400 404"},
		{"GET /.well-known/acme-challenge/..%2f..%2fetc%2fwcme.toml", "400 404"},
		{"GET /.well-known/acme-challenge/..%5c..%5cetc%5cwcme.toml", "400 404"},
		{"GET /.well-known/acme-challenge/%00", "400 404"},
		{"GET /.well-known/acme-challenge/" + token + "%00", "400 404"},
		{"GET /.well-known/acme-challenge/" + token + "%0d%0aX-Evil:%201", "400 404"},
		{"GET /.well-known/acme-challenge/" + token + "/", "400 404"},
		{"GET /.well-known/acme-challenge/" + token + "/..", "400 404"},
		{"GET /.well-known/acme-challenge/" + token + ";x", "400 404"},
		{"GET /.well-known/acme-challenge/" + strings.Repeat("a", 4000), "400 404"},
		{"GET /.well-known/acme-challenge/\xff\xfe", "400 404"},
		{"GET //.well-known//acme-challenge//", "400 404"},
		{"GET /.well-known/acme-challenge/admin/list", "400 404"},
		{"GET /.well-known/acme-challenge//admin/list", "400 404"},
		{"GET http://evil.example/.well-known/acme-challenge/x", "400 404"},
		{"GET http://evil.example/cgi-bin/wcme/admin/list", "400 403 404"},
		{"GET /cgi-bin/wcme/../wcme/admin/list", "400 403 404"},
		{"POST /.well-known/acme-challenge/" + token, "400 404 405"},
		{"PUT /.well-known/acme-challenge/" + token, "400 404 405"},
		{"FOO /.well-known/acme-challenge/" + token, "400 404 405 501"},
		{"HEAD /.well-known/acme-challenge/unknown", "400 404 405"},
	} {
		if got := s.send(t, row.line); !strings.Contains(row.want, got) {
			t.Errorf("%.90q: got %s, want one of %s", row.line, got, row.want)
		}
	}
}

// send writes a request line as it is and returns the status of the answer.
func (s *site) send(t *testing.T, line string) (status string) {
	t.Helper()
	conn, err := net.Dial("tcp", lab.Loopback(s.apache.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: www.example.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", line)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.90q: %v", line, err)
	}
	response.Body.Close()
	return fmt.Sprint(response.StatusCode)
}

// testAnswered looks for the authority's own requests.
func (s *site) testAnswered(t *testing.T) {
	answered := make(map[string]bool)
	pattern := regexp.MustCompile(`"GET /\.well-known/acme-challenge/([-\w]+) HTTP/1\.1" 200 "[^"]*[Pp]ebble`)
	for _, found := range pattern.FindAllStringSubmatch(s.apache.AccessLog(), -1) {
		answered[found[1]] = true
	}
	if len(answered) != len(names()) {
		t.Errorf("tokens answered: got %d, want %d; the access log:\n%s", len(answered), len(names()), s.apache.AccessLog())
	}
}

// testLogs allows what Apache says of itself, and of requests that it refused.
func (s *site) testLogs(t *testing.T) {
	for line := range strings.Lines(s.apache.Log()) {
		if strings.Contains(line, "cgid:error") || strings.Contains(line, "panic") {
			t.Errorf("Apache's error log: %s", line)
		}
	}
	if log := s.apache.AccessLog(); strings.Contains(log, `" 500`) {
		t.Errorf("a request ended in 500; the access log:\n%s", log)
	}
}
