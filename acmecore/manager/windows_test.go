package manager_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// TestOneHangingCAKeepsNoOtherFromBeingAsked when it wants certificates renewed. Here
// each of two CAs answers when the other one has been asked.
func TestOneHangingCAKeepsNoOtherFromBeingAsked(t *testing.T) {
	t.Parallel()
	asked := map[string]chan struct{}{"one": make(chan struct{}), "two": make(chan struct{})}
	others := map[string]string{"one": "two", "two": "one"}
	configuration := "verify.ports = []\nreport.opcom = [\"none\"]\n"
	for name := range asked {
		once := sync.OnceFunc(func() { close(asked[name]) })
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			once()
			select {
			case <-asked[others[name]]:
			case <-r.Context().Done():
				t.Errorf("CA %s was asked, and CA %s was not", name, others[name])
			}
			w.WriteHeader(http.StatusNotFound)
		}))
		t.Cleanup(server.Close)
		roots := t.TempDir() + "/roots.pem"
		if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o644); err != nil {
			t.Fatal(err)
		}
		configuration += fmt.Sprintf("[authority.%s]\ndirectory = \"%s/dir\"\nroots = %q\n", name, server.URL, roots)
	}
	s := newSetting(t, configuration)
	for name := range asked {
		s.have(name)
	}
	began := time.Now()
	if _, err := s.manager().Manage(t.Context(), control.ManageRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	for name := range asked {
		standing, err := s.root.Standing(acmecore.ID(name + "_example_test"))
		if err != nil || standing.RenewalInfo.Asked.Before(began.Add(-time.Second)) {
			t.Errorf("CA %s was not asked: %+v, %v", name, standing.RenewalInfo, err)
		}
	}
}

// have makes a certificate of that CA, with all that it can be asked about by.
func (s *setting) have(ca string) {
	s.Helper()
	name, key := acmecore.Name(ca+".example.test"), s.key()
	template := &x509.Certificate{SerialNumber: big.NewInt(0xabc), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		DNSNames: []string{string(name)}, AuthorityKeyId: []byte{1, 2, 3, 4}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err == nil {
		_, err = s.root.KeepVersion(name.ID(), key, [][]byte{der}, acmecore.Issue{})
	}
	if err == nil {
		err = s.root.PutRecord(name.ID(), fmt.Appendf(nil, "names = [%q]\nca = %q\n", name, ca))
	}
	if err != nil {
		s.Fatal(err)
	}
}
