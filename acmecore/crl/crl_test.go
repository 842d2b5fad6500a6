package crl_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore/crl"
)

const url = "http://c.example.test/127.crl"

func TestRevokedCertificateIsFound(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	entries := many(5)
	entries[4].RevocationTime = time.Date(2051, time.May, 1, 0, 0, 0, 0, time.UTC) // in the other form of a time
	list, err := crl.Parse(ca.list(entries, nil), url, ca.certificate, now)
	if err != nil {
		t.Fatal(err)
	}
	if !list.Next.Equal(now.Add(24*time.Hour)) || !list.Issued.Equal(now.Add(-time.Hour)) {
		t.Errorf("it is of %v, and the next one of %v", list.Issued, list.Next)
	}
	found := make(map[string]crl.Entry)
	asked := []*big.Int{entries[0].SerialNumber, entries[1].SerialNumber, entries[4].SerialNumber, big.NewInt(42)}
	if err := list.Find(asked, func(serial *big.Int, entry crl.Entry) { found[serial.String()] = entry }); err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]crl.Entry{0: {At: entries[0].RevocationTime}, 1: {At: entries[1].RevocationTime, Reason: 1}, 4: {At: entries[4].RevocationTime, Reason: 4}} {
		if got := found[entries[i].SerialNumber.String()]; got != want {
			t.Errorf("entry %d is %v, want %v", i, got, want)
		}
	}
	if len(found) != 3 {
		t.Errorf("%d were found, want 3", len(found))
	}
}

func TestEmptyListHasNobody(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	list, err := crl.Parse(ca.list(nil, nil), url, ca.certificate, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Find([]*big.Int{big.NewInt(1)}, func(*big.Int, crl.Entry) { t.Error("one was found") }); err != nil {
		t.Error(err)
	}
}

func TestListThatDoesNotCount(t *testing.T) {
	ca, other, namesake := newAuthority(t, "Test CA"), newAuthority(t, "Other CA"), newAuthority(t, "Test CA")
	field := func(tag int) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte{0xff}}
	}
	with := func(extension pkix.Extension) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) { l.ExtraExtensions = append(l.ExtraExtensions, extension) }
	}
	whole := ca.list(many(3), nil)
	spoilt := bytes.Clone(whole)
	spoilt[bytes.Index(spoilt, []byte{0x02, 0x0a})+3] ^= 1 // a serial number
	for _, row := range []struct {
		name string
		der  []byte
		want string // part of the error; "" for none
	}{
		{"nothing is wrong", whole, ""},
		{"of its own place", ca.list(nil, with(point(t, url))), ""},
		{"of another CA", other.list(nil, nil), `of another CA, "Other CA"`},
		{"of a CA of the same name", namesake.list(nil, nil), "its CA has not signed it"},
		{"an entry was changed", spoilt, "its CA has not signed it"},
		{"out of date", ca.list(nil, func(l *x509.RevocationList) { l.NextUpdate = now.Add(-time.Hour) }), "out of date"},
		{"of the future", ca.list(nil, func(l *x509.RevocationList) { l.ThisUpdate = now.Add(time.Hour) }), "of the future"},
		{"another part of it", ca.list(nil, with(point(t, "http://c.example.test/128.crl"))), `another list of this CA, of "http://c.example.test/128.crl"`},
		{"of CAs", ca.list(nil, with(point(t, url, field(2)))), "other certificates than those of servers"},
		{"of other CAs too", ca.list(nil, with(point(t, url, field(4)))), "of other CAs too"},
		{"a change of one", ca.list(nil, with(pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}})), "critical extension that is not known here, 2.5.29.27"},
		{"cut short", whole[:len(whole)-5], "no revocation list"},
		{"with something after it", append(slices.Clone(whole), 0), "no revocation list"},
		{"a certificate", ca.certificate.Raw, "no revocation list"},
		{"a page", []byte("<html>"), "no revocation list"},
		{"nothing", nil, "no revocation list"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := crl.Parse(row.der, url, ca.certificate, now)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

// TestLongListTakesLittleMemory: of a list of more than ten megabytes nothing is held but
// its text.
func TestLongListTakesLittleMemory(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	entries := many(280_000)
	der, last := ca.list(entries, nil), entries[len(entries)-1].SerialNumber
	if len(der) < 10<<20 {
		t.Fatalf("the list has %d bytes, want more than 10 MiB", len(der))
	}
	entries = nil
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, count := time.Now(), 0
	list, err := crl.Parse(der, url, ca.certificate, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Find([]*big.Int{last}, func(*big.Int, crl.Entry) { count++ }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	taken := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d bytes, 280,000 entries: %d bytes were taken, in %v", len(der), taken, time.Since(began).Round(time.Millisecond))
	if count != 1 || taken > 1<<20 {
		t.Errorf("%d were found and %d bytes taken, want 1 and at most 1 MiB", count, taken)
	}
}

func FuzzParse(f *testing.F) {
	ca := newAuthority(f, "Test CA")
	f.Add(ca.list(many(3), nil))
	f.Add(ca.list(nil, func(l *x509.RevocationList) { l.ExtraExtensions = append(l.ExtraExtensions, point(f, url)) }))
	f.Add([]byte{0x30, 0x00})
	f.Fuzz(func(t *testing.T, der []byte) {
		list, err := crl.Parse(der, url, ca.certificate, now)
		if err == nil {
			_ = list.Find([]*big.Int{big.NewInt(1)}, func(*big.Int, crl.Entry) {})
		}
	})
}
