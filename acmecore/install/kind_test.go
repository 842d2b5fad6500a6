package install_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/install"
	"wcme/acmecore/keys"
)

// pairOf makes a certificate that signed itself.
func pairOf(kind acmecore.KeyType) install.Pair {
	key := must(keys.Generate(kind))
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.9e9, 0), DNSNames: []string{string(host)}}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return install.Pair{ID: id, Names: []acmecore.Name{host}, Key: must(keys.Encode(key)),
		FullChain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func keyless(pair install.Pair) install.Pair {
	pair.Key, pair.Signer, pair.Keyless = nil, nil, true
	return pair
}

func TestBothKindsOfOneHostHaveFilesOfTheirOwn(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.HAProxy, File: "{host}.pem.{key}"}
	for kind, file := range map[acmecore.KeyType]string{acmecore.EC384: "www.example.test.pem.ecdsa", acmecore.RSA2048: "www.example.test.pem.rsa"} {
		pair := pairOf(kind)
		changed, err := target.Put(pair)
		if err != nil || len(changed) != 1 || filepath.Base(changed[0]) != file {
			t.Errorf("%s: got %v, %v, want %s", kind, changed, err, file)
		}
		if seen := target.Look(pair); !seen.Current {
			t.Errorf("%s: got %+v", kind, seen)
		}
	}
}

func TestClashesKnowTheKindOfKey(t *testing.T) {
	t.Parallel()
	names := []acmecore.Name{host}
	haproxy := install.Target{Name: "haproxy", Dir: t.TempDir(), Format: install.HAProxy, File: "{host}.pem.{key}"}
	both := []install.Use{{Target: haproxy, ID: id, Names: names, Key: acmecore.EC256}, {Target: haproxy, ID: id + "_rsa2048", Names: names, Key: acmecore.RSA2048}}
	if err := install.Clashes(both); err != nil {
		t.Error(err)
	}
	both[1].Key = acmecore.EC384
	fails(t, install.Clashes(both), acmecore.Invalid, string(id), "www.example.test.pem.ecdsa")
	both[1].Key = "" // nobody knows
	fails(t, install.Clashes(both), acmecore.Invalid, "{key}")
}

func TestACertificateWithoutItsKey(t *testing.T) {
	t.Parallel()
	pair := keyless(pairOf(acmecore.EC256))
	for _, format := range []install.Format{install.Split, install.DER} {
		target := install.Target{Name: "mail", Dir: t.TempDir(), Format: format}
		if err := target.CheckWithoutKey(); err != nil {
			t.Error(err)
		}
		changed, err := target.Put(pair)
		if err != nil || len(changed) != 1 || len(list(target.Dir)) != 1 {
			t.Errorf("%s: got %v, %v in %v", format, changed, err, list(target.Dir))
			continue
		}
		info, err := os.Lstat(changed[0])
		if err != nil || info.Mode() != 0o644 {
			t.Errorf("%s: got %v, %v, want a file of mode 0644", format, info.Mode(), err)
		}
		if seen := target.Look(pair); !seen.Current || len(seen.Files) != 1 {
			t.Errorf("%s: got %+v", format, seen)
		}
		if again, err := target.Put(pair); err != nil || len(again) != 0 {
			t.Errorf("%s, again: got %v, %v", format, again, err)
		}
	}
}

// TestAKeyThatWentElsewhere leaves links behind, of which the certificate's becomes a file.
func TestAKeyThatWentElsewhere(t *testing.T) {
	t.Parallel()
	target := install.Target{Name: "mail", Dir: t.TempDir(), Format: install.Split, KeyMode: 0o600}
	before := pairOf(acmecore.EC256)
	if _, err := target.Put(before); err != nil {
		t.Fatal(err)
	}
	saved, err := target.Save(before)
	if err != nil {
		t.Fatal(err)
	}
	pair := keyless(pairOf(acmecore.RSA2048))
	if _, err := target.Put(pair); err != nil {
		t.Fatal(err)
	}
	text := must(os.ReadFile(filepath.Join(target.Dir, "fullchain_"+string(id)+".pem")))
	if string(text) != string(pair.FullChain) || !target.Look(pair).Current {
		t.Errorf("got %+v\n%s", target.Look(pair), text)
	}
	if err := saved.PutBack(); err != nil {
		t.Fatal(err)
	}
	if seen := target.Look(before); !seen.Current {
		t.Errorf("put back: got %+v", seen)
	}
}

func TestFormatsThatNeedTheKeyAreRefused(t *testing.T) {
	t.Parallel()
	for what, target := range map[string]install.Target{
		"combined": {Format: install.Combined},
		"haproxy":  {Format: install.HAProxy},
		"pkcs12":   {Format: install.PKCS12, Password: func() (string, error) { return "secret", nil }},
		"template": {Format: install.Templated, Template: "{{.Leaf}}{{.Key}}"},
	} {
		target.Name, target.Dir = "apache", t.TempDir()
		fails(t, target.CheckWithoutKey(), acmecore.Invalid, "apache", "the key, which is elsewhere")
		_, err := target.Put(keyless(pairOf(acmecore.EC256)))
		fails(t, err, acmecore.Invalid, "apache", "the key, which is elsewhere")
		if left := list(target.Dir); len(left) > 0 {
			t.Errorf("%s: wrote %v", what, left)
		}
	}
	open := install.Target{Name: "pins", Dir: t.TempDir(), Format: install.Templated, Template: "{{.Host}}\n{{.FullChain}}"}
	if _, err := open.Put(keyless(pairOf(acmecore.EC256))); err != nil {
		t.Error(err)
	}
	text := string(must(os.ReadFile(filepath.Join(open.Dir, string(id)+".pem"))))
	if !strings.HasPrefix(text, string(host)+"\n-----BEGIN CERTIFICATE") {
		t.Errorf("got %q", text)
	}
}
