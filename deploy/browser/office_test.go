package browser_test

import (
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// adminName is the name that the pages are asked for by.
const adminName = "admin.example.test"

// The users whom Apache lets in. Each has the password.
const (
	admin    = "alice"
	operator = "bob"
	viewer   = "carol"
	password = "correct horse"
)

// The names of other sites, on the same host: browsers take the first one for the same
// site as adminName (SameSite), and the second one for another.
const (
	siblingName = "sibling.example.test"
	foreignName = "foreign.example.org"
)

// mount is where the script is.
const mount = "/cgi-bin/wcme"

// office is a host with wCME.
type office struct {
	*testing.T
	programs     lab.Programs
	dir, root    string // of everything; the state directory
	identity     lab.Identity
	certificates string     // the target's directory
	sites        [][]string // the names of the server's sites beside that of the pages
	httpPort     int
	tlsPort      int
	reload       string        // has the web server test and read its configuration: a shell command
	faulty       string        // a file of the server's configuration that a test may spoil
	errors       func() string // the server's log of errors, with what the script says
	accesses     func() string // its log of requests: "METHOD PATH PROTOCOL" STATUS
	pebble       *lab.Pebble
	overseer     *lab.Process
	expected     *[]string // what wCME's own logs may complain of, in part
}

// found sets a host up, as `wcme setup` does, with no server yet.
func found(t *testing.T, programs lab.Programs) *office {
	t.Helper()
	o := &office{T: t, dir: lab.TempDir(t), programs: programs, sites: [][]string{{www, shop}}, expected: new([]string)}
	t.Cleanup(o.judge)
	o.root, o.certificates = filepath.Join(o.dir, "state"), filepath.Join(o.dir, "certificates")
	var err error
	if o.identity, err = lab.MakeIdentity(o.dir, adminName, siblingName, foreignName); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(o.dir, "wcme-overseer")
	if err := lab.Install(programs.Wcme, program); err != nil { // where the server's user can run it
		t.Fatal(err)
	}
	o.programs.Wcme = program
	if err := os.Mkdir(o.certificates, 0o755); err != nil {
		t.Fatal(err)
	}
	o.wcme("setup")
	return o
}

// on is the same office for a part of the test.
func (o *office) on(t *testing.T) *office {
	part := *o
	part.T = t
	return &part
}

// settings are what differs from office to office in wcme.toml.
type settings struct {
	admin string // the table [admin], but for hosts
	ca    lab.PebbleOptions
}

// open starts the authority and the overseer.
func (o *office) open(s settings) {
	o.Helper()
	s.ca.Dir, s.ca.HTTPPort = o.dir, o.httpPort
	o.pebble = lab.MustPebble(o, o.programs, s.ca)
	script := ""
	if os.Geteuid() == 0 { // otherwise the server runs as the overseer's own user
		script = "[script]\nuser = \"" + lab.WebUser + "\"\n"
	}
	o.write("state/etc/wcme.toml", fmt.Sprintf(`ca = "internal"
contact = ["admin@example.test"]
accept_terms = true

[authority.internal]
directory = %q
roots = %q

[admin]
hosts = [%q]
%s

[[install]]
name = "web"
dir = %q

[[load]]
name = "web"
run = %q

[verify]
patience = "1m"
probe = [%q]

[renew]
at = %q
jitter = "0s"

%s`, o.pebble.Directory, o.pebble.Roots, adminName, s.admin, o.certificates, o.reload, lab.Loopback(o.tlsPort), awayFromNow(), script))
	o.overseer = lab.MustOverseer(o, o.programs, o.root)
	o.wcme("register", "--accept-terms")
}

// awayFromNow is a time of the day at which no test runs that begins now: by itself the
// overseer has nothing to do meanwhile.
func awayFromNow() string { return time.Now().Add(12 * time.Hour).Format("15:04") }

// expect says what wCME's own logs may complain of.
func (o *office) expect(parts ...string) { *o.expected = append(*o.expected, parts...) }

// judge fails the test for what the logs of the overseer, and of the script in that of
// the web server, complain of besides.
func (o *office) judge() {
	logs := o.read(o.root + ".log")
	if o.errors != nil {
		logs += o.errors()
	}
	for line := range strings.Lines(logs) {
		complains := strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") || strings.Contains(line, "panic")
		if complains && !slices.ContainsFunc(*o.expected, func(part string) bool { return strings.Contains(line, part) }) {
			o.Errorf("a log has: %s", line)
		}
	}
}

// wcme runs a verb, which must succeed, and returns what it said.
func (o *office) wcme(verb string, args ...string) string {
	o.Helper()
	output, err := o.try(verb, args...)
	if err != nil {
		o.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
	return output
}

// wcmeAdmin runs `wcme admin VERB`, which must succeed, and returns what it said.
func (o *office) wcmeAdmin(verb string, args ...string) string {
	o.Helper()
	command := o.programs.Command(o.Context(), o.root, "admin")
	command.Args = slices.Concat([]string{command.Args[0], "admin", verb}, args, command.Args[2:]) // --root last
	output, err := command.CombinedOutput()
	if err != nil {
		o.Fatalf("wcme admin %s: %v\n%s", verb, err, output)
	}
	return string(output)
}

// try runs a verb that may fail.
func (o *office) try(verb string, args ...string) (output string, err error) {
	text, err := o.programs.Command(o.Context(), o.root, verb, args...).CombinedOutput()
	return string(text), err
}

// write makes a file that everybody can read.
func (o *office) write(name, text string) {
	o.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o644); err != nil {
		o.Fatal(err)
	}
}

func (o *office) read(path string) string {
	o.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		o.Fatal(err)
	}
	return string(text)
}

// origin is that of the pages.
func (o *office) origin() string {
	return "https://" + net.JoinHostPort(adminName, strconv.Itoa(o.tlsPort))
}

// page is the address of a page.
func (o *office) page(path string) string { return o.origin() + mount + path }

// hold puts a certificate of the lab's own where the server reads one, as a
// distribution does, so that the server can start before there is another.
func (o *office) hold() {
	o.Helper()
	both := o.read(o.identity.Certificate) + o.read(o.identity.Key)
	for _, names := range o.sites {
		if err := os.WriteFile(o.installed(names), []byte(both), 0o600); err != nil {
			o.Fatal(err)
		}
	}
}

// installed is the file of a site.
func (o *office) installed(names []string) string {
	return filepath.Join(o.certificates, "fullchain_"+strings.ReplaceAll(names[0], ".", "_")+".pem")
}

// served is the serial number of the certificate that visitors of the name get.
func (o *office) served(name string) string {
	o.Helper()
	config := &tls.Config{ServerName: name, InsecureSkipVerify: true} // whose it is, is the question
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", lab.Loopback(o.tlsPort), config)
	if err != nil {
		o.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Text(16)
}

// servedBesides is the serial number of the certificate that visitors of the name get in
// place of the one before. A worker that the server has told to end may still take a
// visitor or two.
func (o *office) servedBesides(before, name string) (serial string) {
	o.Helper()
	for late := time.After(patience); ; {
		if serial = o.served(name); serial != before {
			return serial
		}
		select {
		case <-late:
			o.Errorf("visitors of %s get the same certificate as before, %s", name, before)
			return serial
		case <-time.After(pause):
		}
	}
}

// changes are what nobody may have changed without a right: a digest of the records,
// the versions and the installed files.
func (o *office) changes() string {
	o.Helper()
	var seen strings.Builder
	for _, pattern := range []string{"etc/certificates/*", "priv/certificates/*/*", "ssl/*", "log/runs/*"} {
		names, err := filepath.Glob(filepath.Join(o.root, pattern))
		if err != nil {
			o.Fatal(err)
		}
		for _, name := range names {
			info, err := os.Lstat(name)
			if errors.Is(err, fs.ErrNotExist) { // it was being written, by another name
				continue
			}
			if err != nil {
				o.Fatal(err)
			}
			fmt.Fprintln(&seen, name, info.Size(), info.ModTime().Format(time.RFC3339Nano))
		}
	}
	return seen.String()
}

// versions is how many versions of www's certificate are kept.
func (o *office) versions() int {
	o.Helper()
	names, err := filepath.Glob(filepath.Join(o.root, "priv", "certificates", "www_example_test", "0*"))
	if err != nil {
		o.Fatal(err)
	}
	return len(names)
}

// client is a visitor without a browser, who trusts the pages' certificate, follows no
// redirection and keeps no connection.
func (o *office) client() *http.Client {
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: o.identity.Pool, ServerName: adminName},
		},
	}
}

// ask sends a request to the server, whatever name it is for, and returns the answer
// and its body. The user is one of Apache's; "" is nobody.
func (o *office) ask(method, path, user, body string, header ...string) (*http.Response, string) {
	o.Helper()
	request, err := http.NewRequestWithContext(o.Context(), method, "https://"+lab.Loopback(o.tlsPort)+path, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	request.Host = net.JoinHostPort(adminName, strconv.Itoa(o.tlsPort))
	for i := 0; i < len(header); i += 2 {
		if request.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	response, err := o.client().Do(request)
	if err != nil {
		o.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		o.Fatal(err)
	}
	return response, string(text)
}

// users is a file of passwords as Apache has it: not for real users, for {SHA} is in
// the standard library and nothing else is.
func users(names ...string) string {
	sum := sha1.Sum([]byte(password))
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%s:{SHA}%s\n", name, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return lines.String()
}
