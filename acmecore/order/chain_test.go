package order_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// TestChains: what stands beside the certificate must lead upwards from it.
func TestChains(t *testing.T) {
	type chain = []*x509.Certificate
	for name, row := range map[string]struct {
		change func(s *setting, c chain) chain
		words  string // "" for a chain that is good
		length int
	}{
		"leaf missing":              {func(_ *setting, c chain) chain { return c[1:] }, "for another key", 0},
		"in the wrong order":        {func(_ *setting, c chain) chain { return chain{c[1], c[0]} }, "for another key", 0},
		"leaf twice":                {func(_ *setting, c chain) chain { return chain{c[0], c[0], c[1]} }, "certificate 2 of the chain is not the issuer", 0},
		"leaf at the end":           {func(_ *setting, c chain) chain { return append(c, c[0]) }, "certificate 3 of the chain is not the issuer", 0},
		"intermediate twice":        {func(_ *setting, c chain) chain { return append(c, c[1]) }, "certificate 3 of the chain is not the issuer", 0},
		"root before intermediate":  {func(s *setting, c chain) chain { return chain{c[0], s.ca.root.certificate, c[1]} }, "certificate 2 of the chain is not the issuer", 0},
		"an unrelated intermediate": {func(s *setting, c chain) chain { return chain{c[0], s.other().root.certificate} }, "is not the issuer", 0},
		"of the same name": {func(s *setting, c chain) chain { return chain{c[0], s.other().intermediate.certificate} },
			"certificate 2 of the chain did not sign", 0},
		"self-signed":           {func(s *setting, c chain) chain { return chain{s.selfSigned("a.example")} }, "it signed itself", 0},
		"self-signed, on top":   {func(s *setting, c chain) chain { return chain{s.selfSigned("a.example"), c[1]} }, "it signed itself", 0},
		"self-signed, twice":    {func(s *setting, c chain) chain { one := s.selfSigned("a.example"); return chain{one, one} }, "it signed itself", 0},
		"self-signed, nameless": {func(s *setting, c chain) chain { return chain{s.selfSigned("")} }, "it signed itself", 0},
		"none":                  {func(*setting, chain) chain { return nil }, "no certificate is in it", 0},
		"the leaf alone":        {func(_ *setting, c chain) chain { return c[:1] }, "", 1},
		"with the root":         {func(s *setting, c chain) chain { return append(c, s.ca.root.certificate) }, "", 3},
		"of 6":                  {func(s *setting, c chain) chain { return s.ca.long(s.t, c[0], 6) }, "", 6},
		"of 10":                 {func(s *setting, c chain) chain { return s.ca.long(s.t, c[0], 10) }, "", 10},
		"of 11":                 {func(s *setting, c chain) chain { return s.ca.long(s.t, c[0], 11) }, "more than 10 certificates", 0},
		"of 1,000":              {func(_ *setting, c chain) chain { return slices.Repeat(c, 500) }, "more than 10 certificates", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.chain = func(c []*x509.Certificate) []*x509.Certificate { return row.change(s, c) }
			switch {
			case isUnreadable(row.words):
				s.mustBeUnreadable(row.words)
				return
			case row.words != "":
				s.mustBeUnfit(row.words)
				return
			}
			chain, err := s.obtain()
			if err != nil || len(chain) != row.length {
				t.Fatalf("got %d certificates, %v, want %d", len(chain), err, row.length)
			}
			s.mustFit(chain)
		})
	}
}

// isUnreadable tells what is said of a text that is not whole from what is said of a
// chain that was not ordered.
func isUnreadable(words string) bool {
	return words == "no certificate is in it" || words == "a PEM block of the chain is damaged"
}

// other is an authority with the same names and other keys.
func (s *setting) other() issuer { return newIssuer(s.t, s.clock.now) }

// selfSigned is a certificate of our key, signed by it.
func (s *setting) selfSigned(commonName string) *x509.Certificate {
	template := s.ca.template(commonName)
	template.DNSNames = []string{"a.example"}
	key := s.wanted.Key.(*ecdsa.PrivateKey)
	return sign(template, link{template, key}, key.Public())
}

// TestTextsOfAChain: PEM as RFC 8555 section 9.1 wants it, and as it may come.
func TestTextsOfAChain(t *testing.T) {
	private := func(kind string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("not one")})
	}
	around := func(text []byte) []byte {
		return slices.Concat([]byte("Here it is:\n\n"), text, []byte("\nYours, the CA\n"))
	}
	headed := func(text []byte) []byte {
		block, rest := pem.Decode(text)
		block.Headers = map[string]string{"Proc-Type": "4"}
		return append(pem.EncodeToMemory(block), rest...)
	}
	for name, row := range map[string]struct {
		change func([]byte) []byte
		words  string // "" for a text that is good
	}{
		"text around it": {around, ""},
		"CRLF":           {func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")) }, ""},
		"empty lines between": {func(text []byte) []byte {
			return bytes.ReplaceAll(text, []byte("-----BEGIN"), []byte("\n\n-----BEGIN"))
		}, ""},
		"no last line end":    {func(text []byte) []byte { return bytes.TrimSpace(text) }, ""},
		"with a header":       {headed, ""},
		"empty":               {func([]byte) []byte { return nil }, "no certificate is in it"},
		"white space":         {func([]byte) []byte { return []byte("\r\n \n") }, "no certificate is in it"},
		"an HTML page":        {func([]byte) []byte { return []byte("<html>504 Gateway Timeout") }, "no certificate is in it"},
		"JSON":                {func([]byte) []byte { return []byte(`{"status":"valid"}`) }, "no certificate is in it"},
		"DER":                 {func(text []byte) []byte { block, _ := pem.Decode(text); return block.Bytes }, "no certificate is in it"},
		"a private key":       {func(text []byte) []byte { return append(text, private("PRIVATE KEY")...) }, `a PEM block "PRIVATE KEY" is in the chain`},
		"a private key first": {func(text []byte) []byte { return append(private("EC PRIVATE KEY"), text...) }, `a PEM block "EC PRIVATE KEY" is in the chain`},
		"a hostile block":     {func(text []byte) []byte { return append(text, private("\x1b[2J")...) }, `a PEM block "?[2J" is in the chain`},
		"garbage inside": {func([]byte) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("garbage")})
		}, "certificate 1 of the chain: "},
		"nothing inside":   {func([]byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}) }, "certificate 1 of the chain: "},
		"the issuer cut":   {func(text []byte) []byte { return text[:len(text)-40] }, "a PEM block of the chain is damaged"},
		"the leaf damaged": {func(text []byte) []byte { return bytes.Replace(text, []byte("\nM"), []byte("\n!"), 1) }, "a PEM block of the chain is damaged"},
		"DER cut": {func(text []byte) []byte {
			block, rest := pem.Decode(text)
			block.Bytes = block.Bytes[:len(block.Bytes)-10]
			return append(pem.EncodeToMemory(block), rest...)
		}, "certificate 1 of the chain: "},
		"DER and more": {func(text []byte) []byte {
			block, rest := pem.Decode(text)
			block.Bytes = append(block.Bytes, 0)
			return append(pem.EncodeToMemory(block), rest...)
		}, "certificate 1 of the chain: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.text = row.change
			switch {
			case isUnreadable(row.words):
				s.mustBeUnreadable(row.words)
			case row.words != "":
				s.mustBeUnfit(row.words)
			default:
				s.mustObtain()
			}
		})
	}
}

// TestTypeOfTheChainMakesNoDifference: it is read as PEM, whatever it is called.
func TestTypeOfTheChainMakesNoDifference(t *testing.T) {
	for _, kind := range []string{"application/x-pem-file", "text/plain; charset=utf-8", ""} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.chain = func(c []*x509.Certificate) []*x509.Certificate { return s.ca.long(t, c[0], 7) }
			s.ca.on(certificate, always, saying("Content-Type: "+kind))
			s.mustObtain()
		})
	}
}

// TestAlternateChainsAreLeftAlone: links to others cost no request.
func TestAlternateChainsAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(certificate, always, saying(`Link: <https://elsewhere.example/`+strings.Repeat("x", 100)+`>;rel="alternate"`))
	s.mustObtain()
	s.mustCount(certificate, 1)
}

// TestUnreadableChainIsAskedForAgain: what is no chain may be one a moment later.
func TestUnfitChainIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(certificate, first(2), answering(200, "<html>504"))
	s.mustObtain()
	s.mustCount(certificate, 3)
	s.mustCount(newOrder, 1)
}

// TestUnreadableChainLeavesTheOrder: the next attempt goes on with it.
func TestUnreadableChainLeavesTheOrder(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(certificate, first(5), answering(200, "<html>504"))
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"no certificate is in it"}, hint: "try again later"})
	s.mustObtain()
	s.mustCount(certificate, 6)
	s.mustCount(newOrder, 1)
}

// TestWhatWasDeliveredIsInTheError, as it came, with the order: after that the journal
// knows it no more.
func TestWhatWasDeliveredIsInTheError(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for name, change := range map[string]func([]byte) []byte{
		"another certificate": func([]byte) []byte { return encode([]*x509.Certificate{newIssuer(t, time.Now).root.certificate}) },
		"a private key":       func(text []byte) []byte { return append(text, key...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			var came []byte
			s.ca.text = func(text []byte) []byte { came = change(text); return came }
			_, err := s.obtain()
			unfit := new(order.UnfitError)
			if !errors.As(err, &unfit) || !bytes.Equal(unfit.Delivered, came) || unfit.Order != s.ca.url(orderLook, 1) || unfit.Certificate != s.ca.url(certificate, 1) {
				t.Errorf("got %v of %+v, want what came, of order 1", err, unfit)
			}
			if strings.Contains(err.Error(), "AAAA") {
				t.Errorf("the error shows what came: %v", err)
			}
		})
	}
}
