package crl_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// authority is a CA that publishes lists.
type authority struct {
	testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

var now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func newAuthority(tb testing.TB, name string) *authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCRLSign | x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: name}, SubjectKeyId: []byte(name)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return &authority{tb, certificate, key}
}

// list is one that is in force, with these entries, after change.
func (a *authority) list(entries []x509.RevocationListEntry, change func(*x509.RevocationList)) []byte {
	a.Helper()
	template := &x509.RevocationList{Number: big.NewInt(7), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(24 * time.Hour), RevokedCertificateEntries: entries}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.certificate, a.key)
	if err != nil {
		a.Fatal(err)
	}
	return der
}

// many are so many entries, of the serial numbers from 1000 on.
func many(count int) (entries []x509.RevocationListEntry) {
	for n := range count {
		serial := new(big.Int).Lsh(big.NewInt(int64(1000+n)), 64)
		entries = append(entries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: now.Add(-24 * time.Hour), ReasonCode: n % 6})
	}
	return entries
}

// point is an issuing distribution point of that URL, with more fields after it.
func point(tb testing.TB, url string, more ...asn1.RawValue) pkix.Extension {
	tb.Helper()
	type fullName struct {
		Name []asn1.RawValue `asn1:"optional,tag:0"`
	}
	uri := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(url)}
	inner, err := asn1.MarshalWithParams(fullName{[]asn1.RawValue{uri}}, "tag:0")
	if err != nil {
		tb.Fatal(err)
	}
	content := inner
	for _, field := range more {
		text, err := asn1.Marshal(field)
		if err != nil {
			tb.Fatal(err)
		}
		content = append(content, text...)
	}
	value, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: content})
	if err != nil {
		tb.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: value}
}
