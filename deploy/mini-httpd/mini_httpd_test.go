// Package mini_httpd_test runs the real mini_httpd with the very files of this
// directory.
package mini_httpd_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

const miniHTTPD = "/usr/sbin/mini_httpd"

func TestFront(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	plain := s.start(t, "mini-httpd.conf", "127.0.0.1")
	plain6 := s.start(t, "mini-httpd.conf", "::1")
	secured := s.start(t, "mini-httpd-tls.conf", "127.0.0.1")
	front.Play(t, s.host, front.Target{
		Server: "mini_httpd", Mode: "CGI", Base: "/cgi-bin/wcme",
		HTTP: plain, HTTP6: plain6, HTTPS: secured, HangsUp: true,
		Log: func() string { return s.log(t) },
	})
}

// TestFormsAreRefused sends the head of a form, to which there is an answer as
// long as mini_httpd waits for the body.
func TestFormsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	plain := s.start(t, "mini-httpd.conf", "127.0.0.1")
	secured := s.start(t, "mini-httpd-tls.conf", "127.0.0.1")
	tlsConn, err := tls.Dial("tcp", secured, &tls.Config{RootCAs: s.host.Identity.Pool})
	must(t, err)
	plainConn, err := net.Dial("tcp", plain)
	must(t, err)
	for path, conn := range map[string]net.Conn{
		"/.well-known/acme-challenge/x": plainConn,
		"/cgi-bin/wcme/admin/list":      tlsConn,
	} {
		defer conn.Close()
		must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 3\r\nAuthorization: Basic %s\r\n\r\n", path, front.Name,
			base64.StdEncoding.EncodeToString([]byte(front.User+":"+front.Password)))
		must(t, err)
		answer, err := bufio.NewReader(conn).ReadString('\n')
		must(t, err)
		if !strings.HasPrefix(answer, "HTTP/1.0 405 ") {
			t.Errorf("%s: got %q, want status 405", path, answer)
		}
	}
}

// site is a host whose administrator has done what the README says.
type site struct {
	host  *front.Host
	dir   string // stands for /
	paths *strings.Replacer
}

func newSite(t *testing.T) *site {
	t.Helper()
	h := front.NewHost(t)
	s := &site{host: h, dir: filepath.Join(h.Dir, "mini-httpd")}
	certificate := filepath.Join(s.dir, "bundle.pem")
	s.paths = strings.NewReplacer(
		"/usr/lib/cgi-bin/wcme", filepath.Join(h.Bin, "wcme"),
		"/var/lib/wcme/ssl/fullchain_www_example_org.pem", certificate,
		"/var/lib/wcme", h.Root,
		"/var/www", filepath.Join(s.dir, "www"),
		"/var/log", s.dir,
		"/run", s.dir,
	)
	for _, dir := range []string{"html/.well-known", "wcme/.well-known", "wcme/cgi-bin"} {
		must(t, os.MkdirAll(filepath.Join(s.dir, "www", dir), 0o755))
	}
	for _, path := range []string{"html/.well-known/acme-challenge", "wcme/.well-known/acme-challenge", "wcme/cgi-bin/wcme"} {
		lab.WriteProgram(t, filepath.Join(s.dir, "www", path), []byte(s.paths.Replace(read(t, "wcme"))))
	}
	s.write(t, "www/wcme/cgi-bin/.htpasswd", users(t), 0o644)
	s.write(t, "bundle.pem", read(t, h.Identity.Certificate)+read(t, h.Identity.Key), 0o600)
	s.hide(t)
	return s
}

// hide does what the README says against lists of files, and for the site, which
// has no index.html here, as well: nobody may read the directories but their
// owner, who is not the server's user.
func (s *site) hide(t *testing.T) {
	t.Helper()
	mode := fs.FileMode(0o711)
	if os.Geteuid() != 0 { // then the server's user is the owner
		mode = 0o311
	}
	for _, dir := range []string{"html", "html/.well-known", "wcme", "wcme/.well-known", "wcme/cgi-bin"} {
		path := filepath.Join(s.dir, "www", dir)
		must(t, os.Chmod(path, mode))
		t.Cleanup(func() { must(t, os.Chmod(path, 0o755)) }) // what can be read can be removed
	}
}

// start starts one mini_httpd on one address, which the file leaves open, and
// returns the address with the port.
func (s *site) start(t *testing.T, file, ip string) (address string) {
	t.Helper()
	name := strings.TrimSuffix(file, ".conf") + strings.ReplaceAll(ip, ":", "_")
	at := func(ports []int) []string { return []string{net.JoinHostPort(ip, strconv.Itoa(ports[0]))} }
	server := lab.MustServer(t, lab.ServerOptions{
		Name: name, Dir: s.host.Dir, Ports: 1, Listens: at,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			text := s.paths.Replace(read(t, file))
			standard := "port=80\n"
			if strings.Contains(text, "\nssl\n") {
				standard = "port=443\n"
			}
			text = strings.Replace(text, standard, fmt.Sprintf("host=%s\nport=%d\n", ip, ports[0]), 1)
			s.write(t, name, text, 0o644)
			return nil, exec.Command(miniHTTPD, "-D", "-C", filepath.Join(s.dir, name)), nil
		},
	})
	return at(server.Ports)[0]
}

func (s *site) write(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), mode))
}

// log is what the servers wrote.
func (s *site) log(t *testing.T) string {
	t.Helper()
	return read(t, filepath.Join(s.dir, "mini_httpd.log")) + read(t, filepath.Join(s.dir, "mini_httpd-tls.log"))
}

// users is the file that htpasswd makes; any hash that crypt(3) knows will do.
func users(t *testing.T) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(front.Password), bcrypt.MinCost)
	must(t, err)
	return fmt.Sprintf("%s:%s\n", front.User, hash)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
