package manager_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/manager"
)

// listing is a setting with a certificate of a CA of its own, which publishes a list.
type listing struct {
	*setting
	issuer  *x509.Certificate
	key     crypto.Signer
	revoked atomic.Bool
	fetched atomic.Int32
}

func newListing(t *testing.T, configuration string) *listing {
	t.Helper()
	l := &listing{setting: newSetting(t, configuration)}
	l.key = l.setting.key()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCRLSign | x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "Test CA"}, SubjectKeyId: []byte{1}}
	l.issuer = l.sign(template, template, l.key.Public())
	server := httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(server.Close)
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.issuer.Raw})
	if strings.Contains(configuration, "etc/ca.pem") {
		l.write(string(root), "etc", "ca.pem")
	}
	l.record(recordOfOne)
	key := l.setting.key()
	leaf := l.sign(&x509.Certificate{SerialNumber: big.NewInt(0xabc), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(500 * time.Hour),
		DNSNames: []string{"www.example.test"}, CRLDistributionPoints: []string{"http://127.0.0.1:1/gone.crl", server.URL + "/1.crl"}}, l.issuer, key.Public())
	if _, err := l.root.KeepVersion(id, key, [][]byte{leaf.Raw, l.issuer.Raw}, acmecore.Issue{}); err != nil {
		t.Fatal(err)
	}
	l.publish()
	return l
}

func (l *listing) sign(template, parent *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	l.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, l.key)
	if err != nil {
		l.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		l.Fatal(err)
	}
	return certificate
}

func (l *listing) serve(w http.ResponseWriter, _ *http.Request) {
	l.fetched.Add(1)
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	if l.revoked.Load() {
		template.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(0xabc), RevocationTime: time.Now().Add(-time.Hour), ReasonCode: 4}}
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, l.issuer, l.key)
	if err != nil {
		http.Error(w, "no list", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(der)
}

const ownCA = "ca = \"own\"\n[authority.own]\ndirectory = \"https://ca.example.test/dir\"\nroots = \"etc/ca.pem\"\n"

// TestRevokedByItsCA: what stands on the list is noted, told of, and due.
func TestRevokedByItsCA(t *testing.T) {
	t.Parallel()
	l := newListing(t, ownCA)
	m := l.manager()
	if err := m.CheckRevocations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := l.details().Certificate; c.Revoked || l.fetched.Load() != 1 {
		t.Fatalf("before it was revoked: %+v, after %d looks", c, l.fetched.Load())
	}
	l.revoked.Store(true)
	for range 2 { // the second one has nothing to look for
		if err := m.CheckRevocations(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c := l.details().Certificate
	if !c.Revoked || c.State(time.Now()) != acmecore.Unusable || !strings.HasPrefix(c.Problem, "its CA has revoked it, at ") || !strings.Contains(c.Problem, "(superseded)") || c.Renewal.At.After(time.Now()) {
		t.Errorf("it is %+v", c)
	}
	if l.fetched.Load() != 2 {
		t.Errorf("the list was fetched %d times, want 2", l.fetched.Load())
	}
	if got := l.spooled(); !strings.Contains(got, string(id)) || !strings.Contains(got, `"kind":"failed"`) {
		t.Errorf("told is %s", got)
	}
}

// spooled is what waits to be told, and what was told.
func (s *setting) spooled() string {
	s.Helper()
	var text bytes.Buffer
	entries, err := os.ReadDir(s.path("priv", "spool"))
	if err != nil {
		s.Fatal(err)
	}
	for _, entry := range entries {
		text.WriteString(s.read("priv", "spool", entry.Name()))
	}
	return text.String()
}

// TestListInAPrivateNetworkIsLeftAlone where the CA is a public one, and whatever cannot be
// had is no trouble.
func TestListInAPrivateNetworkIsLeftAlone(t *testing.T) {
	t.Parallel()
	l := newListing(t, "")
	l.revoked.Store(true)
	if err := l.manager().CheckRevocations(t.Context()); err != nil {
		t.Errorf("it is an error: %v", err)
	}
	if c := l.details().Certificate; c.Revoked || c.Trouble != "" || l.fetched.Load() != 0 {
		t.Errorf("after %d looks it is %+v", l.fetched.Load(), c)
	}
}

// TestRootsForAllMakeNoCAPrivate: etc/cacert.pem is there for a CA beside this one, or for
// a proxy.
func TestRootsForAllMakeNoCAPrivate(t *testing.T) {
	t.Parallel()
	for directory, want := range map[string]int32{"https://192.88.98.1/dir": 0, "https://10.0.0.1/dir": 1} {
		l := newListing(t, "ca = \"own\"\n[authority.own]\ndirectory = \""+directory+"\"\n")
		l.write(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.issuer.Raw})), "etc", "cacert.pem")
		if err := l.manager().CheckRevocations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := l.fetched.Load(); got != want {
			t.Errorf("%s: the list here was asked for %d times, want %d", directory, got, want)
		}
	}
}

// TestPrivateNetworkOfACA: every address of its name says so.
func TestPrivateNetworkOfACA(t *testing.T) {
	t.Parallel()
	known := map[string][]string{"public.example.test": {"1.1.1.1"}, "private.example.test": {"10.0.0.1", "fd00::1"}, "both.example.test": {"10.0.0.1", "1.1.1.1"}, "none.example.test": {}}
	look := func(_ context.Context, host string) (addresses []netip.Addr, err error) {
		texts, found := known[host]
		if !found {
			return nil, &net.DNSError{Name: host, IsNotFound: true}
		}
		for _, text := range texts {
			addresses = append(addresses, netip.MustParseAddr(text))
		}
		return addresses, nil
	}
	for target, want := range map[string]bool{"": false, "https://public.example.test/dir": false, "https://private.example.test:14000/dir": true, "https://both.example.test/": false,
		"https://none.example.test/": false, "https://unknown.example.test/": false, "https://[::1]:14000/dir": true, "https://127.0.0.1/": true, "https://1.1.1.1/": false} {
		if got := manager.InPrivateNetwork(t.Context(), target, look); got != want {
			t.Errorf("%q: got %v, want %v", target, got, want)
		}
	}
}

func TestLookingUpEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := newListing(t, ownCA)
	ended, end := context.WithCancel(t.Context())
	end()
	if err := l.manager().LookUp(ended); err != context.Canceled || l.fetched.Load() != 0 {
		t.Errorf("got %v after %d looks", err, l.fetched.Load())
	}
}
