package store_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
)

// TestRootsBesideTheSystems: none is nil, and a file of them must have one.
func TestRootsBesideTheSystems(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	certificate := server.Certificate()
	root := setUp(t)
	if roots, err := root.Roots(""); roots != nil || err != nil {
		t.Errorf("without a file: got %v, %v", roots, err)
	}
	if _, err := root.Roots("etc/absent.pem"); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
		t.Errorf("a file that is not there: got %v", err)
	}
	if err := os.WriteFile(filepath.Join(root.Dir(), "etc", "own.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	roots, err := root.Roots("etc/own.pem")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		t.Errorf("the root of the file is not among them: %v", err)
	}
	if _, err := root.Roots("etc/wcme.toml"); acmecore.KindOf(err) != acmecore.Invalid || !strings.HasPrefix(err.Error(), "read roots etc/wcme.toml: a file has no certificate in it") {
		t.Errorf("a file that has none: got %v", err)
	}
}
