package install_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"wcme/acmecore/install"
	"wcme/acmecore/keys"
)

// TestAnotherPasswordIsNotCurrent, nor what others made with it.
func TestAnotherPasswordIsNotCurrent(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.PKCS12, Password: password("one")}
	put(t, target, pairs()[0])
	first, err := os.ReadFile(paths(target)[0])
	if err != nil {
		t.Fatal(err)
	}
	target.Password = password("two")
	if seen := target.Look(pairs()[0]); seen.Current || seen.Serial != "" || seen.Problem == "" {
		t.Errorf("look: got %+v", seen)
	}
	put(t, target, pairs()[0])
	current(t, target, pairs()[0])
	target.Password = password("one")
	put(t, target, pairs()[0])
	if again, err := os.ReadFile(paths(target)[0]); string(again) != string(first) {
		t.Errorf("the same pair and password make other bytes: %v", err)
	}
}

// made is a PKCS #12 file of a pair as others make it, with salts by chance.
func made(t *testing.T, pair install.Pair, password string) []byte {
	t.Helper()
	key, err := keys.Decode(pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(pair.FullChain); block != nil; block, rest = pem.Decode(rest) {
		chain = append(chain, must(x509.ParseCertificate(block.Bytes)))
	}
	return must(pkcs12.Modern2026.Encode(key, chain[0], chain[1:], password))
}

// TestPKCS12MadeByOthersIsCurrent when the same is in it.
func TestPKCS12MadeByOthersIsCurrent(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.PKCS12, Password: password("secret")}
	for i, want := range []bool{true, false} {
		write(t, paths(target)[0], made(t, pairs()[i], "secret"), 0o600)
		if seen := target.Look(pairs()[0]); seen.Current != want || seen.Serial != fmt.Sprintf("100%d", i+1) {
			t.Errorf("%d: got %+v", i, seen)
		}
		if changed := put(t, target, pairs()[0]); (len(changed) == 0) != want {
			t.Errorf("%d: changed %v", i, changed)
		}
	}
}

// TestRightsOfAPKCS12FileOfAnotherUser: it is compared, and never decrypted, because
// its owner says how long that takes.
func TestRightsOfAPKCS12FileOfAnotherUser(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.PKCS12, Password: password("secret"), Owner: "12345"}
	put(t, target, pairs()[0])
	current(t, target, pairs()[0])
	if seen := target.Look(pairs()[1]); seen.Current || seen.Serial != "" || seen.Problem == "" {
		t.Errorf("another certificate: got %+v, want no serial", seen)
	}
	write(t, paths(target)[0], made(t, pairs()[0], "secret"), 0o600)
	if seen := target.Look(pairs()[0]); seen.Current || seen.Serial != "" {
		t.Errorf("the same in other bytes: got %+v, want it unread", seen)
	}
	put(t, target, pairs()[0])
	current(t, target, pairs()[0])
}
