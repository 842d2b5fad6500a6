package web_test

import (
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/web"
)

// TestARevokedCertificateIsReplacedBy whoever can: the overseer has no key for another one
// where a request was made elsewhere.
func TestARevokedCertificateIsReplacedBy(t *testing.T) {
	d := acmecore.Details{Versions: []acmecore.Version{{Name: "000001", Current: true, Revoked: time.Unix(1, 0)}}}
	for keyless, want := range map[bool]string{false: "which the overseer sees to.", true: "which takes another request, by another key: wcme certify --csr FILE."} {
		d.Certificate.Keyless = keyless
		if got := web.SummaryOf(d); !strings.HasSuffix(got, want) {
			t.Errorf("keyless %v: got %q, want %q", keyless, got, want)
		}
	}
}
