package faults_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// token is one of a challenge that a killed run has left a note of.
const token = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// TestWhatIsNotedOfTheCAIsDamaged is S02 of what wCME notes of a CA and of challenges:
// limits, other CAs, records in the DNS, calls of hooks, a new account key. An overseer
// starts, says so, and orders nothing anew.
func TestWhatIsNotedOfTheCAIsDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup("mail = []\n[verify]\nports = []\n")
	r.run("certify", "www.example.test")
	r.rest()
	for _, damage := range damages() {
		t.Run("S02 "+damage.what, func(t *testing.T) {
			r := *r
			r.T = t
			r.writeNotes()
			orders := r.orders()
			for _, path := range r.notesOfCA() {
				if err := damage.do(path, r.path("etc/wcme.toml")); err != nil {
					t.Fatalf("damage %s: %v", path, err)
				}
			}
			r.start()
			r.rest()
			r.nudge()
			if output, status := r.try("list"); status != 0 {
				t.Errorf("list: exit status %d\n%s", status, output)
			}
			r.run("account", "show")
			if strings.Contains(r.overseer.Log(), "panic") {
				t.Errorf("it panicked:\n%s", r.overseer.Log())
			}
			r.wantOrders(orders, 0)
			aside, err := filepath.Glob(r.path("priv/limits/*.bad-*"))
			if err != nil || (len(aside) == 0) != (damage.what == "missing" || damage.what == "cut in the middle") {
				t.Errorf("limits set aside: got %q, %v", aside, err)
			}
			if len(aside) > 0 {
				r.says(r.overseer.Log(), "what counts against a CA's limits is not known any more")
			}
			r.stop()
			r.run("manage", "--force", id) // whatever was damaged is in nobody's way
			r.wantOrders(orders, 1)
			r.check()
			r.shell("rm", "-rf", r.path("priv/limits"))
		})
	}
}

// writeNotes makes what there is while much is under way.
func (r *rig) writeNotes() {
	r.Helper()
	if _, err := os.Stat(r.path("priv/limits")); err != nil {
		r.run("manage", "--force", id) // which notes what counts
	}
	accounts, err := filepath.Glob(r.path("priv/accounts/*"))
	if err != nil || len(accounts) != 1 {
		r.Fatalf("accounts: %q, %v", accounts, err)
	}
	rollover := filepath.Join(accounts[0], "rollover")
	r.shell("rm", "-rf", rollover, r.path("priv/alternatives.json"), r.path("priv/dns"), r.path("priv/hooks"))
	for _, dir := range []string{rollover, r.path("priv/dns"), r.path("priv/hooks/provider")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			r.Fatal(err)
		}
	}
	r.shell("cp", filepath.Join(accounts[0], "current", "key.pem"), filepath.Join(rollover, "key.pem"))
	r.write("priv/alternatives.json", `{"looked":"2026-01-01T00:00:00Z","of":{"`+id+`":{}}}`)
	r.write("priv/dns/"+token+".json", `{"by":"home","place":{},"value":"x"}`)
	r.write("priv/hooks/provider/"+token+".json", `{"method":"dns-01","name":"www.example.test"}`)
}

func (r *rig) notesOfCA() (paths []string) {
	r.Helper()
	for _, pattern := range []string{"priv/limits/*.jsonl", "priv/alternatives.json", "priv/dns/*.json", "priv/hooks/*/*.json", "priv/accounts/*/rollover/key.pem"} {
		found, err := filepath.Glob(r.path(pattern))
		if err != nil || len(found) != 1 {
			r.Fatalf("%s: got %q, %v; want one", pattern, found, err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// TestRequestIsDamaged: nothing is ordered without the request whose key is elsewhere, and
// what was obtained by it stays in service.
func TestRequestIsDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setup("mail = []\n[verify]\nports = []\n")
	r.run("certify", "--csr", r.newRequest("www.example.test"))
	r.rest()
	orders, serial := r.orders(), rigSerial(r.product())
	found, err := filepath.Glob(r.path("etc/certificates/" + id + "*.csr"))
	if err != nil || len(found) != 1 {
		t.Fatalf("requests: %q, %v", found, err)
	}
	path, kept := found[0], filepath.Join(r.dir, "kept.csr")
	r.shell("cp", path, kept)
	for _, damage := range damages() {
		if err := damage.do(path, r.path("etc/wcme.toml")); err != nil {
			t.Fatalf("damage: %v", err)
		}
		if output, status := r.try("manage", "--force", id); status != 1 && status != 2 || strings.Contains(output, "panic") {
			t.Errorf("%s: exit status %d\n%s", damage.what, status, output)
		}
		if output, status := r.try("list"); status != 0 {
			t.Errorf("%s: list: exit status %d\n%s", damage.what, status, output)
		}
		if got := rigSerial(r.product()); got != serial || r.orders() != orders {
			t.Errorf("%s: got %d orders, and %q in the place of %q", damage.what, r.orders()-orders, got, serial)
		}
		r.shell("rm", "-rf", path)
		r.shell("cp", kept, path)
	}
	r.run("manage", "--force", id)
	r.wantOrders(orders, 1)
	r.check()
}

// newRequest makes a certificate signing request, and returns its file.
func (r *rig) newRequest(name string) (path string) {
	r.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	path = filepath.Join(r.dir, "request.pem")
	if err = errors.Join(err, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}), 0o600)); err != nil {
		r.Fatal(err)
	}
	return path
}
