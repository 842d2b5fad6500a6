package stepca_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// host is a machine without a web server, and the CA.
type host struct {
	testing.TB
	programs lab.Programs
	ca       *lab.StepCA
	root     string
}

// newHost sets it up without an account. The directory is the usual provisioner's, or
// the one that wants accounts bound.
func newHost(t *testing.T, bound bool, more string) *host {
	t.Helper()
	ports, err := lab.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	dir := lab.TempDir(t)
	h := &host{TB: t, programs: lab.MustBuild(t), root: filepath.Join(dir, "state")}
	h.ca = lab.MustStepCA(t, h.programs, lab.StepCAOptions{Dir: dir, HTTPPort: ports[0], TLSPort: ports[1], External: bound})
	directory := h.ca.Directory
	if bound {
		directory = h.ca.External
	}
	h.wcme("setup", "--web-user", "")
	text := fmt.Sprintf("ca = \"step\"\n%s\n[challenge]\nlisten = \"127.0.0.1:%d\"\nlisten_tls = \"127.0.0.1:%d\"\n[authority.step]\ndirectory = %q\nroots = %q\n",
		more, ports[0], ports[1], directory, h.ca.Root)
	if err := os.WriteFile(filepath.Join(h.root, "etc", "wcme.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// wcme runs a verb, which must succeed, and returns what it said.
func (h *host) wcme(verb string, args ...string) string {
	h.Helper()
	output, err := h.programs.Command(h.Context(), h.root, verb, args...).CombinedOutput()
	if err != nil {
		h.Fatalf("wcme %s %q: %v\n%s", verb, args, err, output)
	}
	return string(output)
}

// fails runs a verb that must fail with the status, and say each of the words.
func (h *host) fails(status int, words []string, verb string, args ...string) {
	h.Helper()
	output, err := h.programs.Command(h.Context(), h.root, verb, args...).CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != status {
		h.Errorf("wcme %s %q: got %v, want status %d\n%s", verb, args, err, status, output)
	}
	for _, word := range words {
		if !strings.Contains(string(output), word) {
			h.Errorf("wcme %s %q does not say %q:\n%s", verb, args, word, output)
		}
	}
}

// leaf is the certificate that is in service, which its root must vouch for.
func (h *host) leaf(id string) *x509.Certificate {
	h.Helper()
	current := filepath.Join(h.root, "priv", "certificates", id, "current")
	pair, err := tls.LoadX509KeyPair(filepath.Join(current, "fullchain.pem"), filepath.Join(current, "key.pem"))
	if err != nil {
		h.Fatal(err)
	}
	text, err := os.ReadFile(h.ca.Root)
	if err != nil {
		h.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	for _, der := range pair.Certificate[1:] {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			h.Fatal(err)
		}
		between.AddCert(certificate)
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		h.Errorf("%s: %v", id, err)
	}
	return pair.Leaf
}
