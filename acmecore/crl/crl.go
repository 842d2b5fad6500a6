// Package crl looks certificates up in the revocation lists of their CAs (RFC 5280
// sections 4.2.1.13 and 5).
//
// New makes a Reader for the certificates of one CA. Points says where a certificate's
// list is; Fetch gets that list once for many certificates, and List.Find says of each
// whether it stands there. What a list says counts only if the CA that issued the
// certificate has signed it, and while it is in force.
//
// The lists of public CAs have up to hundreds of thousands of entries. A List holds the
// text of one and nothing for each of its entries: these are walked through, and not kept.
package crl

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"wcme/acmecore"
)

// List is a revocation list that was read: whole, and signed by the CA.
type List struct {
	Issued time.Time // thisUpdate
	Next   time.Time // nextUpdate; zero where the CA does not say
	// entries is revokedCertificates, the contents of that SEQUENCE.
	entries cryptobyte.String
}

// Entry is a certificate on a list.
type Entry struct {
	At     time.Time // when the CA revoked it
	Reason acmecore.RevocationReason
}

// Parse reads a list, DER, that was fetched from the URL. The error says why it is none
// that counts: of another CA, badly signed, over, or about other certificates.
func Parse(der []byte, url string, issuer *x509.Certificate, now time.Time) (*List, error) {
	parts, err := split(der)
	if err != nil {
		return nil, err
	}
	header, err := x509.ParseRevocationList(parts.bare)
	if err != nil {
		return nil, fmt.Errorf("it is no revocation list: %s", acmecore.Inert(err.Error()))
	}
	if !bytes.Equal(header.RawIssuer, issuer.RawSubject) {
		return nil, fmt.Errorf("it is of another CA, %q", acmecore.Inert(header.Issuer.CommonName))
	}
	header.RawTBSRevocationList = parts.signed
	if err := header.CheckSignatureFrom(issuer); err != nil {
		return nil, fmt.Errorf("its CA has not signed it: %s", acmecore.Inert(err.Error()))
	}
	if err := inForce(header.ThisUpdate, header.NextUpdate, now); err != nil {
		return nil, err
	}
	if err := checkExtensions(header.Extensions, url); err != nil {
		return nil, err
	}
	return &List{Issued: header.ThisUpdate.UTC(), Next: header.NextUpdate.UTC(), entries: parts.entries}, nil
}

// skew is how far the clocks of a CA and of this host may be apart.
const skew = 5 * time.Minute

func inForce(issued, next, now time.Time) error {
	switch {
	case issued.After(now.Add(skew)):
		return fmt.Errorf("it is of the future, %s: is the clock right?", issued.UTC().Format(time.RFC3339))
	case !next.IsZero() && next.Add(skew).Before(now):
		return fmt.Errorf("it is out of date: the next one was due at %s", next.UTC().Format(time.RFC3339))
	}
	return nil
}

var errForm = errors.New("it is no revocation list in DER")

// parted is a list in parts.
type parted struct {
	signed  []byte            // tbsCertList, as it was signed
	entries cryptobyte.String // the contents of revokedCertificates
	bare    []byte            // the list without them
}

// split takes revokedCertificates out of a list (RFC 5280 section 5.1).
func split(der []byte) (p parted, err error) {
	var list, signed, fields cryptobyte.String
	input := cryptobyte.String(der)
	if !input.ReadASN1(&list, cryptobyte_asn1.SEQUENCE) || !input.Empty() || !list.ReadASN1Element(&signed, cryptobyte_asn1.SEQUENCE) {
		return p, errForm
	}
	p.signed = signed
	if !signed.ReadASN1(&fields, cryptobyte_asn1.SEQUENCE) {
		return p, errForm
	}
	before, after, err := p.cutEntries(fields)
	if err != nil {
		return p, err
	}
	var builder cryptobyte.Builder
	builder.AddASN1(cryptobyte_asn1.SEQUENCE, func(whole *cryptobyte.Builder) {
		whole.AddASN1(cryptobyte_asn1.SEQUENCE, func(tbs *cryptobyte.Builder) {
			tbs.AddBytes(before)
			tbs.AddBytes(after)
		})
		whole.AddBytes(list) // what follows: the algorithm and the signature
	})
	if p.bare, err = builder.Bytes(); err != nil {
		return p, errForm
	}
	return p, nil
}

// cutEntries parts the fields of a tbsCertList before and after revokedCertificates:
// version, signature, issuer and one or two times come before it, and extensions after.
func (p *parted) cutEntries(fields cryptobyte.String) (before, after []byte, err error) {
	rest := fields
	isTime := func() bool {
		return rest.PeekASN1Tag(cryptobyte_asn1.UTCTime) || rest.PeekASN1Tag(cryptobyte_asn1.GeneralizedTime)
	}
	skip := func() bool {
		var element cryptobyte.String
		var tag cryptobyte_asn1.Tag
		return rest.ReadAnyASN1Element(&element, &tag)
	}
	ok := rest.SkipOptionalASN1(cryptobyte_asn1.INTEGER) && rest.SkipASN1(cryptobyte_asn1.SEQUENCE) && rest.SkipASN1(cryptobyte_asn1.SEQUENCE) && isTime() && skip()
	if ok && isTime() {
		ok = skip()
	}
	if !ok {
		return nil, nil, errForm
	}
	before = fields[:len(fields)-len(rest)]
	if rest.PeekASN1Tag(cryptobyte_asn1.SEQUENCE) && !rest.ReadASN1(&p.entries, cryptobyte_asn1.SEQUENCE) {
		return nil, nil, errForm
	}
	return before, rest, nil
}

// Find looks for the certificates of those serial numbers, and tells of each that stands
// on the list; in one walk, whatever their number.
func (l *List) Find(serials []*big.Int, found func(serial *big.Int, entry Entry)) error {
	wanted := make(map[string]*big.Int, len(serials))
	for _, serial := range serials {
		content, err := asn1.Marshal(serial)
		if err != nil {
			return err
		}
		wanted[string(content)] = serial
	}
	for rest := l.entries; !rest.Empty(); {
		var fields, number cryptobyte.String
		if !rest.ReadASN1(&fields, cryptobyte_asn1.SEQUENCE) || !fields.ReadASN1Element(&number, cryptobyte_asn1.INTEGER) {
			return errEntry
		}
		serial := wanted[string(number)]
		if serial == nil {
			continue
		}
		entry, err := entryOf(fields)
		if err != nil {
			return err
		}
		found(serial, entry)
	}
	return nil
}

var errEntry = errors.New("an entry of the list cannot be read")

// removed is the reason of an entry that takes a certificate off the list again, which
// stands on deltas alone (RFC 5280 section 5.3.1).
const removed = 8

// entryOf reads what follows the serial number.
func entryOf(fields cryptobyte.String) (entry Entry, err error) {
	switch {
	case fields.PeekASN1Tag(cryptobyte_asn1.UTCTime):
		if !fields.ReadASN1UTCTime(&entry.At) {
			return entry, errEntry
		}
	case !fields.ReadASN1GeneralizedTime(&entry.At):
		return entry, errEntry
	}
	entry.At = entry.At.UTC()
	var extensions, extension, value cryptobyte.String
	if fields.Empty() {
		return entry, nil
	}
	if !fields.ReadASN1(&extensions, cryptobyte_asn1.SEQUENCE) {
		return entry, errEntry
	}
	for !extensions.Empty() {
		var id asn1.ObjectIdentifier
		if !extensions.ReadASN1(&extension, cryptobyte_asn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&id) ||
			!extension.SkipOptionalASN1(cryptobyte_asn1.BOOLEAN) || !extension.ReadASN1(&value, cryptobyte_asn1.OCTET_STRING) {
			return entry, errEntry
		}
		if id.String() == reasonCode {
			var reason int
			if !value.ReadASN1Enum(&reason) {
				return entry, errEntry
			}
			entry.Reason = acmecore.RevocationReason(reason)
		}
	}
	if entry.Reason == removed {
		return entry, errEntry
	}
	return entry, nil
}
