package renewal_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

const nginxProgram = "/usr/sbin/nginx"

// host is a name that a server has a site for.
type host struct{ Name string }

// ID is what wCME calls its certificate.
func (h host) ID() acmecore.ID { return acmecore.Name(h.Name).ID() }

// The hosts of the sites.
var (
	www   = host{"www.example.test"}
	short = host{"short.example.test"}
)

// webServer is a server, with its target.
type webServer struct {
	name          string
	certificates  string // the target's directory
	format        string
	configuration string // of the server
	httpPort      int    // where it answers challenges; 0 for nowhere
	port          int    // of TLS
	reload        []string
	log           string // of nginx
}

// values are what a server's configuration is made of.
type values struct {
	Dir, Root, Certificates, User string
	HTTP, TLS                     int
	Hosts                         []host
}

// newServer makes a server's directories, with certificates in them that the
// distribution has put there, as it were: the server starts with them.
func (s *site) newServer(name, format string, hosts []host) (*webServer, values) {
	s.Helper()
	w := &webServer{name: name, certificates: s.mkdir(name + "/certificates"), format: format}
	for _, h := range hosts {
		s.snakeoil(w, h)
	}
	v := values{Dir: s.mkdir(name), Root: s.root, Certificates: w.certificates, Hosts: hosts}
	if os.Geteuid() == 0 {
		v.User = lab.WebUser
	}
	return w, v
}

func (s *site) snakeoil(w *webServer, h host) {
	s.Helper()
	pair, both := w.pair(h.ID()), s.snakeoilFor(h.Name)
	s.write(pair.Certificate, both, 0o600)
	if pair.Key != "" {
		s.write(pair.Key, both, 0o600)
	}
}

// snakeoilFor is a certificate and its key.
func (s *site) snakeoilFor(name string) string {
	s.Helper()
	identity, err := lab.MakeIdentity(s.TempDir(), name)
	if err != nil {
		s.Fatal(err)
	}
	return s.read(identity.Certificate) + s.read(identity.Key)
}

// pair is where the target has the certificate.
func (w *webServer) pair(id acmecore.ID) lab.Pair {
	pair := lab.Pair{Certificate: filepath.Join(w.certificates, "fullchain_"+string(id)+".pem")}
	if w.format == "split" {
		pair.Key = filepath.Join(w.certificates, "key_"+string(id)+".pem")
	}
	return pair
}

// nginx starts nginx with a combined file for each host. It answers challenges, from
// the files in ROOT/www.
func (s *site) nginx(hosts ...host) *webServer {
	s.Helper()
	w, v := s.newServer("nginx", "combined", hosts)
	w.configuration = filepath.Join(v.Dir, "nginx.conf")
	server := lab.MustServer(s, lab.ServerOptions{Name: "server", Dir: v.Dir, Ports: 2, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		v.HTTP, v.TLS = ports[0], ports[1]
		w.log = filepath.Join(v.Dir, "error.log")
		err = lab.Fill("testdata/nginx.conf.template", w.configuration, v)
		arguments := []string{"-c", w.configuration, "-p", v.Dir, "-e", w.log}
		w.reload = append([]string{nginxProgram, "-s", "reload"}, arguments...)
		return exec.Command(nginxProgram, append([]string{"-t"}, arguments...)...), exec.Command(nginxProgram, arguments...), err
	}})
	w.httpPort, w.port = server.Ports[0], server.Ports[1]
	return w
}

// apache starts Apache with a certificate and a key for each host.
func (s *site) apache(hosts ...host) *webServer {
	s.Helper()
	w, v := s.newServer("apache", "split", hosts)
	template := filepath.Join(v.Dir, "site.conf")
	if err := lab.Fill("testdata/apache.conf.template", template, v); err != nil {
		s.Fatal(err)
	}
	server := lab.MustApache(s, lab.ApacheOptions{Dir: v.Dir, Site: s.read(template)})
	w.port, w.configuration = server.TLSPort, filepath.Join(v.Dir, "apache", "apache.conf")
	w.reload = []string{"/usr/sbin/apache2", "-f", w.configuration, "-k", "graceful"}
	return w
}

func (w *webServer) address() string { return lab.Loopback(w.port) }

// settle returns when the server has ended what served the certificate before: nginx
// has both for a tenth of a second, in which years must not pass.
func (s *site) settle(w *webServer) {
	s.Helper()
	if w.log == "" {
		return
	}
	s.await("the end of what nginx was", func() error {
		text := s.read(w.log)
		if workers := strings.Count(text, ": start worker process ") - strings.Count(text, " exited with code 0"); workers != 1 {
			return fmt.Errorf("it has %d workers", workers)
		}
		return nil
	})
}

// tables are the server's target, and its load action, in wcme.toml.
func (w *webServer) tables() string {
	return fmt.Sprintf("[[install]]\nname = %q\ndir = %q\nformat = %q\n\n[[load]]\nname = %q\nrun = %s\n",
		w.name, w.certificates, w.format, w.name, quoted(w.reload))
}

// verified is the table that has wCME look at the servers, which the name server of
// this machine knows nothing of.
func verified(patience string, servers ...*webServer) string {
	var addresses []string
	for _, w := range servers {
		addresses = append(addresses, w.address())
	}
	return fmt.Sprintf("[verify]\npatience = %q\nprobe = %s\n", patience, quoted(addresses))
}

// breakDown makes the server's configuration one that it refuses, and returns what
// puts it right again.
func (s *site) breakDown(w *webServer) (repair func()) {
	s.Helper()
	intact := s.read(w.configuration)
	s.write(w.configuration, intact+"\nnonsense { here\n", 0o644)
	return func() { s.write(w.configuration, intact, 0o644) }
}

// loadByHand is what an administrator does whose load action does nothing.
func (s *site) loadByHand(w *webServer) {
	s.Helper()
	if output, err := exec.Command(w.reload[0], w.reload[1:]...).CombinedOutput(); err != nil {
		s.Fatalf("%q: %v\n%s", w.reload, err, output)
	}
}

// roots verify what the CA issues.
func (s *site) roots() *x509.CertPool {
	s.Helper()
	text, err := s.pebble.IssuingRoot(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		s.Fatal(errors.New("the CA's root is no certificate"))
	}
	return pool
}
