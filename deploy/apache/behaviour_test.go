package apache_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
	entries, err := filepath.Glob(filepath.Join(s.root, "www", "[^.]*")) // the overseer's sign of life begins with a dot
	if err != nil || len(entries) > 0 {
		t.Errorf("left in www: %v, %v", entries, err)
	}
}

// testArguments has Apache make program arguments of a query without "="
// (CVE-2012-1823); what is answered is in front.txtar.
func (s *site) testArguments(t *testing.T) {
	open := filepath.Join(s.dir, "open") // to everyone
	if err := errors.Join(os.Mkdir(open, 0o755), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(open, "made")
	for _, url := range []string{s.http(challengePath + "x"), s.https(listPath)} {
		s.get(t, url+"?setup+--root+"+made, password)
		s.get(t, url+"?--root+"+made+"+setup", password)
	}
	if _, err := os.Stat(made); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: got %v, want that nobody made it", made, err)
	}
}

func (s *site) testList(t *testing.T) {
	response, body := s.get(t, s.https(listPath), password)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("list: got %s and %q, want 200", response.Status, body)
	}
	for _, name := range names() {
		if !strings.Contains(body, name) {
			t.Errorf("%s is not on the page:\n%s", name, body)
		}
	}
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
