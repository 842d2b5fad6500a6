package stepca_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const accepted = "accept_terms = true"

// TestLife is a certificate's: obtained, kept, renewed, revoked, obtained again.
func TestLife(t *testing.T) {
	t.Parallel()
	h := newHost(t, false, accepted)
	h.wcme("register")
	h.wcme("certify", "www.example.test", "more.example.test", "third.example.test")
	first := h.leaf("www_example_test")
	if want := []string{"more.example.test", "third.example.test", "www.example.test"}; !slices.Equal(slices.Sorted(slices.Values(first.DNSNames)), want) {
		t.Errorf("got the names %q, want %q", first.DNSNames, want)
	}
	if said := h.wcme("certify", "www.example.test", "more.example.test", "third.example.test"); !strings.Contains(said, "kept") {
		t.Errorf("once more: %s", said)
	}
	h.wcme("certify", "www.example.test", "more.example.test", "third.example.test", "--force")
	second := h.leaf("www_example_test")
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("--force: it is the same certificate")
	}
	h.wcme("revoke", "www.example.test", "--yes")
	h.fails(1, []string{"revoked"}, "revoke", "www.example.test", "--yes")
	h.wcme("certify", "www.example.test", "more.example.test", "third.example.test")
	if third := h.leaf("www_example_test"); third.SerialNumber.Cmp(second.SerialNumber) == 0 {
		t.Error("the revoked certificate is still the one in service")
	}
}

// TestIdentifiers: what it proves, and by which way.
func TestIdentifiers(t *testing.T) {
	t.Parallel()
	h := newHost(t, false, accepted)
	h.wcme("register")
	h.wcme("certify", "127.0.0.1")
	if leaf := h.leaf("127_0_0_1"); len(leaf.IPAddresses) != 1 || leaf.IPAddresses[0].String() != "127.0.0.1" || len(leaf.DNSNames) > 0 {
		t.Errorf("got the addresses %v and the names %q", leaf.IPAddresses, leaf.DNSNames)
	}
	h.wcme("certify", "mixed.example.test", "127.0.0.1")
	if leaf := h.leaf("mixed_example_test"); len(leaf.IPAddresses) != 1 || len(leaf.DNSNames) != 1 {
		t.Errorf("got the addresses %v and the names %q", leaf.IPAddresses, leaf.DNSNames)
	}
	h.wcme("certify", "alpn.example.test", "--challenge", "tls-alpn-01")
	h.leaf("alpn_example_test")
	for _, key := range []string{"ec384", "rsa2048"} {
		name := key + ".example.test"
		h.wcme("certify", name, "--key", key)
		h.leaf(strings.ReplaceAll(name, ".", "_"))
	}
	h.fails(2, []string{"*.example.test", "dns-01", "hint: "}, "certify", "*.example.test")
}

// TestLacks: what it cannot do is said, and nothing is lost by it.
func TestLacks(t *testing.T) {
	t.Parallel()
	h := newHost(t, false, accepted)
	h.wcme("register")
	h.wcme("certify", "www.example.test")
	before := h.leaf("www_example_test")
	h.fails(2, []string{"the CA has no profiles", "hint: "}, "certify", "www.example.test", "--profile", "shortlived", "--force")
	h.fails(1, []string{"cannot change the keys of accounts", "hint: "}, "account", "rollover")
	if said := h.wcme("account", "show"); !strings.Contains(said, "valid") {
		t.Errorf("account show: %s", said)
	}
	if after := h.leaf("www_example_test"); after.SerialNumber.Cmp(before.SerialNumber) != 0 {
		t.Error("the certificate in service is another one")
	}
	h.wcme("certify", "www.example.test", "--force") // also the account is what it was
	if h.leaf("www_example_test").SerialNumber.Cmp(before.SerialNumber) == 0 {
		t.Error("--force: it is the same certificate")
	}
}

// TestBinding: a provisioner that wants accounts bound to one elsewhere takes none
// without, and none whose binding it does not know.
func TestBinding(t *testing.T) {
	t.Parallel()
	h := newHost(t, true, accepted)
	h.fails(1, []string{"binds each account", "hint: "}, "register")
	file := filepath.Join(filepath.Dir(h.root), "hmac")
	const key = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.fails(1, []string{"the CA ", "hint: "}, "register", "--eab-kid", "nobody", "--eab-key-file", file)
	if said := h.wcme("audit"); strings.Contains(said, key) {
		t.Error("the HMAC key is in the audit")
	}
}
