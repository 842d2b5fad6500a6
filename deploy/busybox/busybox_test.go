// Package busybox_test runs the real busybox httpd as this directory says.
package busybox_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

const busybox = "/bin/busybox"

func TestFront(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.addUser(t)
	plain := s.serve(t, "127.0.0.1", "html", "httpd.conf")
	plain6 := s.serve(t, "::1", "html", "httpd.conf")
	admin := s.serve(t, "127.0.0.1", "wcme", "wcme-admin.conf")
	front.Play(t, s.host, front.Target{
		Server: "busybox httpd", Mode: "files, CGI", Base: "/cgi-bin/wcme", Log: admin.Log,
		Files: plain.address, Files6: plain6.address, Admin: admin.address, Slashless: true,
	})
}

// TestWithoutUsers is what the head of wcme-admin.conf says of a file that has
// none yet: nobody is asked for a password, and nobody sees a page.
func TestWithoutUsers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := s.serve(t, "127.0.0.1", "wcme", "wcme-admin.conf")
	for _, password := range []string{"", front.Password} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin.address+"/cgi-bin/wcme/admin/list", nil)
		must(t, err)
		if password != "" {
			request.SetBasicAuth(front.User, password)
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		must(t, err)
		if response.StatusCode != http.StatusForbidden || strings.Contains(string(page), front.Listed) {
			t.Errorf("password %q: got %s, want 403; %s", password, response.Status, page)
		}
	}
}

// site is a host whose administrator has done what the README says.
type site struct {
	host *front.Host
	dir  string // stands for /
}

func newSite(t *testing.T) *site {
	t.Helper()
	h := front.NewHost(t)
	s := &site{host: h, dir: filepath.Join(h.Dir, "busybox")}
	for _, dir := range []string{"etc", "www/html/.well-known/acme-challenge", "www/wcme/cgi-bin"} {
		must(t, os.MkdirAll(filepath.Join(s.dir, dir), 0o755))
	}
	s.publish(t)
	must(t, os.Symlink(filepath.Join(h.Bin, "wcme"), filepath.Join(s.dir, "www/wcme/cgi-bin/wcme")))
	s.write(t, "httpd.conf", "# a site without settings\n")
	s.write(t, "wcme-admin.conf", conf(t))
	return s
}

// publish does what wCME does with a pending challenge where [challenge] webroot
// names the directory.
func (s *site) publish(t *testing.T) {
	t.Helper()
	pending, err := filepath.Glob(filepath.Join(s.host.Root, "www", "[^.]*"))
	must(t, err)
	for _, path := range pending {
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(s.dir, "www/html/.well-known/acme-challenge", filepath.Base(path)), text, 0o644))
	}
}

func conf(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("wcme-admin.conf")
	must(t, err)
	return string(text)
}

// addUser adds the line that the head of wcme-admin.conf has made; the hash is what
// openssl passwd -6 says of front.Password.
func (s *site) addUser(t *testing.T) {
	t.Helper()
	const hash = "$6$wcmewcmewcme$.yELJZqqAi9CP1PyxrGQE0G0DH0lAvgfK5DtgqrJjMb0Pxn188JwBxRegko2q2wGHYTVqvBXXZEF5BYuHRsem0"
	s.write(t, "wcme-admin.conf", conf(t)+"/:"+front.User+":"+hash+"\n")
}

func (s *site) write(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(s.dir, "etc", name), []byte(text), 0o644))
}

// instance is one running busybox httpd.
type instance struct {
	*lab.Server
	address string
}

// serve starts one for a directory of www.
func (s *site) serve(t *testing.T, ip, home, conf string) instance {
	t.Helper()
	at := func(ports []int) []string { return []string{net.JoinHostPort(ip, strconv.Itoa(ports[0]))} }
	server := lab.MustServer(t, lab.ServerOptions{
		Name: home + strings.ReplaceAll(ip, ":", "_"), Dir: s.host.Dir, Ports: 1, Listens: at,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
			args := []string{"httpd", "-f", "-vv", "-p", at(ports)[0], "-r", "wCME",
				"-h", filepath.Join(s.dir, "www", home), "-c", filepath.Join(s.dir, "etc", conf)}
			if os.Geteuid() == 0 {
				args = append(args, "-u", lab.WebUser)
			}
			run = exec.Command(busybox, args...)
			run.Env = append(os.Environ(), "WCME_ROOT="+s.host.Root, "GOMAXPROCS=1")
			return nil, run, nil
		},
	})
	return instance{server, at(server.Ports)[0]}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
