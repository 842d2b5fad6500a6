package keys_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/keys"
)

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err)
	}
	return v
}

func TestImportTakesTheUsualForms(t *testing.T) {
	t.Parallel()
	ec, rs := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), must(rsa.GenerateKey(rand.Reader, 2048))
	for what, row := range map[string]struct {
		text string
		want acmecore.KeyType
	}{
		"PKCS #8 of ECDSA":                     {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ec))), acmecore.EC384},
		"PKCS #8 of RSA":                       {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(rs))), acmecore.RSA2048},
		"SEC 1":                                {block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec))), acmecore.EC384},
		"SEC 1 behind its parameters":          {block("EC PARAMETERS", []byte{6, 5, 43, 129, 4, 0, 34}) + block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec))), acmecore.EC384},
		"PKCS #1":                              {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rs)), acmecore.RSA2048},
		"with text before and the certificate": {"Bag Attributes\n" + block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rs)) + block("CERTIFICATE", []byte{1}), acmecore.RSA2048},
	} {
		key, err := keys.Import([]byte(row.text))
		if err != nil || keys.TypeOf(key.Public()) != row.want {
			t.Errorf("%s: got %v, want a key of kind %s", what, err, row.want)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p521 := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	odd := must(rsa.GenerateKey(rand.Reader, 2304))
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	good := block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec)))
	for what, row := range map[string]struct{ text, says string }{
		"nothing":             {"", "no private key is in it"},
		"no PEM":              {"secret-text", "no private key is in it"},
		"a certificate alone": {block("CERTIFICATE", []byte{1}), "no private key is in it"},
		"two keys":            {good + good, "more than one private key"},
		"encrypted, PKCS #8":  {block("ENCRYPTED PRIVATE KEY", []byte("secret-text")), "encrypted"},
		"encrypted, as PEM had it": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte("secret-text"),
			Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}})), "encrypted"},
		"a public key":     {block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(ec.Public()))), `PEM block "PUBLIC KEY"`},
		"an OpenSSH key":   {block("OPENSSH PRIVATE KEY", []byte("secret-text")), `"OPENSSH PRIVATE KEY" is in it`},
		"damaged":          {block("PRIVATE KEY", []byte("secret-text")), "cannot be read"},
		"damaged, PKCS #1": {block("RSA PRIVATE KEY", []byte("secret-text")), "cannot be read"},
		"RSA 1024":         {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)), "RSA with 1024 bits"},
		"RSA 2304":         {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(odd)), "RSA with 2304 bits"},
		"P-521":            {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p521))), "ECDSA on P-521"},
		"Ed25519":          {block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ed))), "ed25519"},
		"P-256 as PKCS #1": {block("RSA PRIVATE KEY", must(x509.MarshalECPrivateKey(ec))), "cannot be read"},
	} {
		_, err := keys.Import([]byte(row.text))
		if err == nil || !strings.Contains(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v (kind %s, hint %q), want %q", what, err, acmecore.KindOf(err), acmecore.HintOf(err), row.says)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows a part of the text: %v", what, err)
		}
	}
}

func TestEqualKeys(t *testing.T) {
	t.Parallel()
	a, b := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(rsa.GenerateKey(rand.Reader, 2048))
	if !keys.Equal(a.Public(), a.Public()) || keys.Equal(a.Public(), b.Public()) || keys.Equal(a.Public(), nil) || keys.Equal(nil, nil) {
		t.Error("equal keys are those with the same numbers alone")
	}
}
