package soho_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// programs builds wCME, in dir, for the room: `wcme` runs there.
func (r room) programs(t *testing.T, dir string) lab.Programs {
	t.Helper()
	programs := lab.MustBuild(t)
	if !r.isOwn() {
		return programs
	}
	entered := r.enter(programs.Command(t.Context(), dir, "version"))
	var text strings.Builder
	text.WriteString("#!/bin/sh\nexec")
	for _, argument := range entered.Args[:len(entered.Args)-3] { // without: version --root DIR
		fmt.Fprintf(&text, " '%s'", argument)
	}
	programs.Wcme = filepath.Join(dir, "wcme-there")
	lab.WriteProgram(t, programs.Wcme, []byte(text.String()+" \"$@\"\n"))
	return programs
}

// host is a machine that runs wCME under Apache.
type host struct {
	dir, root string
	programs  lab.Programs
	server    *lab.Server
	address   string // HOST:PORT, or HOST where the port is 80
	port      int
}

// newHost sets wCME up, and runs Apache as the folder of Apache says, and files of
// this one.
func newHost(t *testing.T, at room, files ...string) *host {
	t.Helper()
	h := &host{dir: lab.TempDir(t)}
	h.root, h.programs = filepath.Join(h.dir, "state"), at.programs(t, h.dir)
	run(t, h.programs, h.root, "setup")
	bin := mkdir(t, h.dir, "cgi-bin")
	if err := h.programs.InstallScript(bin); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(h.dir, "users"), "")
	site := fmt.Sprintf("Define WCME_SCRIPT %q\nDefine WCME_ROOT %q\nDefine WCME_USERS %q\n",
		filepath.Join(bin, "wcme"), h.root, filepath.Join(h.dir, "users"))
	for _, file := range append([]string{"../apache/wcme.conf"}, files...) {
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil { // go test has to know that the result depends on it
			t.Fatal(err)
		}
		site += fmt.Sprintf("Include %q\n", path)
	}
	h.server, h.port = apache(t, at, h.dir, func(int) string { return site },
		"authn_file", "authz_user", "auth_basic", "socache_shmcb", "ssl")
	h.address = at.host(h.port)
	return h
}

// trust tells wCME its authority, and what else stands in the configuration before
// its first table, and starts the overseer.
func (h *host) trust(t *testing.T, directory, roots, settings string) {
	t.Helper()
	h.configure(t, directory, roots, settings)
	lab.MustOverseer(t, h.programs, h.root)
}

func (h *host) configure(t *testing.T, directory, roots, settings string) {
	t.Helper()
	write(t, filepath.Join(h.root, "etc", "wcme.toml"), fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n%s\n%s[authority.lab]\ndirectory = %q\nroots = %q\n",
		settings, scriptUser(), directory, roots))
}

// scriptUser is the table of the script's user.
func scriptUser() string {
	if user := webUser(); user != "" {
		return fmt.Sprintf("[script]\nuser = %q\n\n", user)
	}
	return "" // the script runs as the overseer's own user
}

// run runs a verb, which must succeed, and returns what it says.
func run(t *testing.T, programs lab.Programs, root, verb string, args ...string) string {
	t.Helper()
	output, err := programs.Command(t.Context(), root, verb, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
	return string(output)
}

// certify registers and obtains the certificate, and checks it.
func (h *host) certify(t *testing.T, pebble *lab.Pebble) {
	t.Helper()
	run(t, h.programs, h.root, "register")
	run(t, h.programs, h.root, "certify", name)
	root, err := pebble.IssuingRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lab.CheckChain(filepath.Join(h.root, "ssl", "fullchain_intranet_example_org.pem"), root, name); err != nil {
		t.Error(err)
	}
}

// publish puts a challenge where the overseer does, until the test ends.
func (h *host) publish(t *testing.T, token string) (authorization string) {
	t.Helper()
	return h.publishAs(t, token, strings.Repeat("T", 43))
}

func (h *host) publishAs(t *testing.T, token, thumbprint string) (authorization string) {
	t.Helper()
	authorization = token + "." + thumbprint
	path := filepath.Join(h.root, "www", token)
	write(t, path, authorization)
	t.Cleanup(func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
	return authorization
}

// seen ends the server, and returns its access log: a line for each request.
func (h *host) seen(t *testing.T) []string {
	t.Helper()
	if err := h.server.Stop(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(h.dir, "apache", "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// gate makes the CA known by another name, at another address, and returns its
// directory and the file with the root of its TLS there.
func gate(t *testing.T, pebble *lab.Pebble, address, name string) (directory, roots string) {
	t.Helper()
	dir := lab.TempDir(t)
	identity, err := lab.MakeIdentity(dir, name)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(pebble.Directory)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Transport: pebble.Client.Transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
	}}
	server := &http.Server{Handler: proxy}
	go server.Serve(listener)
	t.Cleanup(func() { server.Shutdown(context.WithoutCancel(t.Context())) })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "https://" + net.JoinHostPort(name, port) + target.Path, identity.Root
}
