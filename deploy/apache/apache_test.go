// Package apache_test runs the real Apache with the very files of this directory,
// each with the requests that all servers answer alike, and wcme.conf with a real
// certification authority that validates through it.
package apache_test

import (
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

const (
	challengePath = "/.well-known/acme-challenge/"
	listPath      = "/cgi-bin/wcme/admin/list"
	password      = "correct horse"
)

// site is a machine as the README makes one: the script installed, the state
// directory set up, Apache configured, the overseer running.
type site struct {
	dir, root string
	programs  lab.Programs
	apache    *lab.Apache
	pebble    *lab.Pebble
	client    *http.Client // trusts the https virtual host, follows no redirection
}

func TestCertify(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.wcme(t, "register", "--accept-terms")
	s.wcme(t, "certify", strings.Join(names(), ","))

	t.Run("certificate is on disk", s.testCertificate)
	t.Run("no challenge is left", s.testNothingLeft)
	t.Run("arguments in the query do nothing", s.testArguments)
	t.Run("list page", s.testList)

	if err := s.apache.Stop(); err != nil { // then its logs are complete
		t.Fatal(err)
	}
	t.Run("script answered the authority", s.testAnswered)
	t.Run("logs tell of nothing wrong", s.testLogs)
}

func names() []string {
	return []string{"www.example.test", "shop.example.test", "mail.example.test"}
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: lab.TempDir(t), programs: lab.MustBuild(t)}
	s.root = filepath.Join(s.dir, "state")
	identity, err := lab.MakeIdentity(s.dir, names()...)
	if err != nil {
		t.Fatal(err)
	}
	s.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: identity.Pool}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := s.programs.InstallScript(s.dir); err != nil {
		t.Fatal(err)
	}
	s.write(t, "users", "admin:{SHA}"+hash(password)+"\n")
	s.apache = lab.MustApache(t, lab.ApacheOptions{Dir: s.dir, Site: certifyConfiguration(t, identity)})
	s.pebble = lab.MustPebble(t, s.programs, lab.PebbleOptions{Dir: s.dir, HTTPPort: s.apache.Port, NonceReject: 5})
	s.setUp(t)
	return s
}

// certifyConfiguration includes the file to test; around it stands what a machine
// with a web server has already: virtual hosts, one with TLS.
func certifyConfiguration(t *testing.T, identity lab.Identity) string {
	t.Helper()
	file, err := filepath.Abs("wcme.conf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil { // go test has to know that the result depends on it
		t.Fatal(err)
	}
	return fmt.Sprintf(`
Define WCME_SCRIPT "${LAB_DIR}/wcme"
Define WCME_ROOT   "${LAB_DIR}/state"
Define WCME_USERS  "${LAB_DIR}/users"
Include "%s"

<VirtualHost *:${LAB_HTTP}>
    ServerName www.example.test
</VirtualHost>
<VirtualHost *:${LAB_HTTPS}>
    ServerName www.example.test
    SSLEngine on
    SSLCertificateFile "%s"
    SSLCertificateKeyFile "%s"
</VirtualHost>
`, file, identity.Certificate, identity.Key)
}

// setUp does what an administrator does once.
func (s *site) setUp(t *testing.T) {
	t.Helper()
	s.wcme(t, "setup")
	script := ""
	if os.Geteuid() == 0 { // otherwise Apache runs as the overseer's own user
		script = "[script]\nuser = \"" + lab.WebUser + "\"\n"
	}
	s.write(t, "state/etc/wcme.toml", fmt.Sprintf(`ca = "lab"
contact = ["admin@example.test"]
accept_terms = true
%s
[authority.lab]
directory = %q
roots = %q
`, script, s.pebble.Directory, s.pebble.Roots))
	lab.MustOverseer(t, s.programs, s.root)
}

// wcme runs a verb, which must succeed.
func (s *site) wcme(t *testing.T, verb string, args ...string) {
	t.Helper()
	if output, err := s.programs.Command(t.Context(), s.root, verb, args...).CombinedOutput(); err != nil {
		t.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
}

// write makes a file that everybody can read, or rewrites one.
func (s *site) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hash is of the kind that Apache marks {SHA}: not for real users, but in the
// standard library.
func hash(password string) string {
	sum := sha1.Sum([]byte(password))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (s *site) http(path string) string {
	return "http://" + lab.Loopback(s.apache.Port) + path
}

func (s *site) https(path string) string {
	return "https://" + lab.Loopback(s.apache.TLSPort) + path
}

// get fetches a page, with the password where there is one.
func (s *site) get(t *testing.T, url, password string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		request.SetBasicAuth("admin", password)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}
