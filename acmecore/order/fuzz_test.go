package order_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
	"wcme/acmecore/order"
)

// fixedKey is the same key in every process of a fuzzing run.
func fixedKey(t testing.TB, seed byte) *ecdsa.PrivateKey {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// fixedChain is a chain for fixed keys, changed before it is signed.
func fixedChain(t testing.TB, change func(*x509.Certificate)) []byte {
	i := issuer{now: func() time.Time { return start }}
	above := i.template("intermediate")
	above.IsCA, above.KeyUsage = true, x509.KeyUsageCertSign
	i.intermediate = link{above, fixedKey(t, 2)}
	i.intermediate.certificate = sign(above, i.intermediate, i.intermediate.key.Public())
	i.leaf = change
	return i.issue(fixedKey(t, 1).Public(), []string{"a.example"})
}

func mustBeOneLine(t *testing.T, err error) {
	if text := err.Error(); text == "" || strings.ContainsAny(text, "\r\n\x1b\x00") {
		t.Errorf("the error is %q", text)
	}
}

// FuzzParseChain: one to ten certificates, or an error that can be shown.
func FuzzParseChain(f *testing.F) {
	good := fixedChain(f, nil)
	f.Add(good)
	f.Add(bytes.Repeat(good, 6))
	f.Add(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")))
	f.Add(good[:len(good)-30])
	f.Add(append([]byte("-----BEGIN -----BEGIN "), good...))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN A\x1b-----\nAA==\n-----END A\x1b-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		chain, err := order.ParseChain(text)
		if err != nil {
			mustBeOneLine(t, err)
			return
		}
		if len(chain) < 1 || len(chain) > 10 || len(chain) != bytes.Count(text, []byte("-----BEGIN ")) {
			t.Errorf("%d certificates of %q", len(chain), text)
		}
	})
}

// FuzzCheckChain: what passes is for our key and our names, and valid today.
func FuzzCheckChain(f *testing.F) {
	f.Add(fixedChain(f, nil))
	f.Add(fixedChain(f, func(c *x509.Certificate) { c.DNSNames = []string{"a.example", "b.example"} }))
	f.Add(fixedChain(f, func(c *x509.Certificate) { c.NotAfter = start.AddDate(0, 0, -1) }))
	f.Add(fixedChain(f, func(c *x509.Certificate) { c.IsCA = true }))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
	wanted := order.Wanted{Names: []acmecore.Name{"a.example"}, Key: fixedKey(f, 1)}
	f.Fuzz(func(t *testing.T, text []byte) {
		chain, err := order.ParseChain(text)
		if err != nil {
			return
		}
		if _, err := order.CheckChain(chain, wanted, start); err != nil {
			mustBeOneLine(t, err)
			return
		}
		leaf, err := x509.ParseCertificate(chain[0])
		if err != nil || !publicOf(wanted.Key).Equal(leaf.PublicKey) || leaf.IsCA || !start.Before(leaf.NotAfter) ||
			leaf.VerifyHostname("a.example") != nil || slices.ContainsFunc(leaf.DNSNames, func(name string) bool { return !strings.EqualFold(name, "a.example") }) {
			t.Errorf("%q passed", text)
		}
	})
}

// FuzzRetryAfter: whatever is asked, the wait is within the bounds.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"", "0", "-1", "120", "99999999999999999999", "-9223372036854775808", "-9223372037", "1.5", "soon",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Tuesday, 01-Sep-26 12:00:00 GMT", "Tue Sep  1 12:00:00 2026", " 7 "} {
		f.Add(text, "")
		f.Add(text, "Tue, 01 Sep 2026 12:00:00 GMT")
	}
	f.Fuzz(func(t *testing.T, text, date string) {
		wait, asked := order.ParseRetryAfter(text, start)
		if wait < -24*time.Hour || wait > 365*24*time.Hour || !asked && wait != 0 {
			t.Errorf("%q: wait %v, asked %v", text, wait, asked)
		}
		got := order.Patience(http.Header{"Retry-After": {text}, "Date": {date}}, start)
		if asked != (got != 0) || asked && (got < time.Second || got > 5*time.Minute) {
			t.Errorf("%q: asked %v, patience %v", text, asked, got)
		}
	})
}

// FuzzResign: the nonce changes and the signature is good; all else stays.
func FuzzResign(f *testing.F) {
	encode := base64.RawURLEncoding.EncodeToString
	body := func(header, payload string) []byte {
		text, _ := json.Marshal(map[string]string{"protected": encode([]byte(header)), "payload": encode([]byte(payload)), "signature": "AA"})
		return text
	}
	f.Add(body(`{"alg":"ES256","kid":"https://ca.example/1","nonce":"old","url":"https://ca.example/2"}`, `{"csr":"AA"}`), "bmV3")
	f.Add(body(`{"alg":"ES256","jwk":{"kty":"EC"},"nonce":1,"nonce":2}`, ""), "")
	f.Add(body(`null`, `{}`), "a")
	f.Add(body(`[]`, `{}`), "a")
	f.Add([]byte(`{}`), "a")
	f.Add([]byte(`null`), "a")
	f.Add([]byte(`{"protected":"!"}`), "a")
	key := fixedKey(f, 1)
	f.Fuzz(func(t *testing.T, body []byte, nonce string) {
		signed, err := order.Resign(body, key, nonce)
		if err != nil {
			return
		}
		var before, after envelope
		if err := json.Unmarshal(body, &before); err != nil {
			t.Fatal(err)
		}
		if err := strict(signed, &after); err != nil {
			t.Fatal(err)
		}
		if before.Payload != after.Payload || !signedBy(&key.PublicKey, after) {
			t.Errorf("%q was signed as %q", body, signed)
		}
		old, fresh := headOf(t, before), headOf(t, after)
		want, _ := json.Marshal(nonce)
		if !bytes.Equal(fresh["nonce"], want) {
			t.Errorf("the nonce is %s, want %s", fresh["nonce"], want)
		}
		delete(old, "nonce")
		delete(fresh, "nonce")
		if !reflect.DeepEqual(compacted(old), compacted(fresh)) {
			t.Errorf("the header %q became %q", old, fresh)
		}
	})
}

func headOf(t *testing.T, e envelope) (fields map[string]json.RawMessage) {
	text, err := base64.RawURLEncoding.DecodeString(e.Protected)
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

// compacted drops the white space, which is nobody's business.
func compacted(fields map[string]json.RawMessage) map[string]string {
	texts := map[string]string{}
	for name, raw := range fields {
		var value any
		json.Unmarshal(raw, &value)
		text, _ := json.Marshal(value)
		texts[name] = string(text)
	}
	return texts
}

// TestResignBySeveralKinds: those of certificates sign revocations. What else there is is
// an error, and no panic.
func TestResignBySeveralKinds(t *testing.T) {
	t.Parallel()
	body := []byte(`{"protected":"e30","payload":"e30"}`)
	for _, kind := range []acmecore.KeyType{acmecore.EC256, acmecore.EC384, acmecore.RSA2048} {
		key, err := keys.Generate(kind)
		if err != nil {
			t.Fatal(err)
		}
		text, err := order.Resign(body, key, "a")
		var signed envelope
		if err == nil {
			err = strict(text, &signed)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(signed.Signature)
		if err != nil || !verifies(key.Public(), signed.Protected+"."+signed.Payload, raw) {
			t.Errorf("%s: got %s, %v", kind, text, err)
		}
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := order.Resign(body, key, "a"); err == nil {
		t.Error("a key of Ed25519 was used")
	}
}

// verifies checks a signature as RFC 7518 sections 3.3 and 3.4 have it.
func verifies(public crypto.PublicKey, text string, raw []byte) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256([]byte(text))
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], raw) == nil
	case *ecdsa.PublicKey:
		digest, half := sha256.Sum256([]byte(text)), len(raw)/2
		sum := digest[:]
		if public.Curve == elliptic.P384() {
			longer := sha512.Sum384([]byte(text))
			sum = longer[:]
		}
		return len(raw) == 2*(public.Curve.Params().BitSize/8) && ecdsa.Verify(public, sum, new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:]))
	}
	return false
}
