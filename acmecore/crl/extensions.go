package crl

import (
	"crypto/x509/pkix"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cryptobyte_asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"wcme/acmecore"
)

// The extensions that lists have (RFC 5280 sections 5.2.5 and 5.3.1).
const (
	reasonCode        = "2.5.29.21"
	distributionPoint = "2.5.29.28" // issuing
)

// checkExtensions refuses a list with a critical extension that is not known here: it may
// be about other certificates than it seems, a part of a list, or a change of one.
func checkExtensions(extensions []pkix.Extension, url string) error {
	for _, extension := range extensions {
		switch {
		case extension.Id.String() == distributionPoint:
			if err := checkScope(extension.Value, url); err != nil {
				return err
			}
		case extension.Critical:
			return fmt.Errorf("it has a critical extension that is not known here, %s", extension.Id)
		}
	}
	return nil
}

// The fields of an issuing distribution point (RFC 5280 section 5.2.5).
const (
	tagPoint      = cryptobyte_asn1.Tag(0xa0) // [0], constructed
	tagFullName   = cryptobyte_asn1.Tag(0xa0) // [0] in there
	tagURI        = cryptobyte_asn1.Tag(0x86) // [6] in there
	tagCAOnly     = cryptobyte_asn1.Tag(0x82)
	tagIndirect   = cryptobyte_asn1.Tag(0x84)
	tagAttributes = cryptobyte_asn1.Tag(0x85)
)

var errScope = errors.New("its issuing distribution point cannot be read")

// checkScope refuses a list of other certificates than those of servers, of other CAs,
// and one that is published elsewhere: a CA parts its certificates over many lists, and
// another part says nothing of this one.
func checkScope(value []byte, url string) error {
	var fields cryptobyte.String
	if input := cryptobyte.String(value); !input.ReadASN1(&fields, cryptobyte_asn1.SEQUENCE) || !input.Empty() {
		return errScope
	}
	for !fields.Empty() {
		var field cryptobyte.String
		var tag cryptobyte_asn1.Tag
		if !fields.ReadAnyASN1(&field, &tag) {
			return errScope
		}
		isTrue := len(field) == 1 && field[0] != 0
		switch {
		case tag == tagPoint:
			if err := checkPoint(field, url); err != nil {
				return err
			}
		case isTrue && tag == tagCAOnly, isTrue && tag == tagAttributes:
			return errors.New("it is of other certificates than those of servers")
		case isTrue && tag == tagIndirect:
			return errors.New("it is of other CAs too, which is not known here")
		}
	}
	return nil
}

func checkPoint(point cryptobyte.String, url string) error {
	var names cryptobyte.String
	if !point.PeekASN1Tag(tagFullName) {
		return nil // one relative to the issuer's name
	}
	if !point.ReadASN1(&names, tagFullName) {
		return errScope
	}
	other := ""
	for !names.Empty() {
		var name cryptobyte.String
		var tag cryptobyte_asn1.Tag
		if !names.ReadAnyASN1(&name, &tag) {
			return errScope
		}
		if tag == tagURI && string(name) == url {
			return nil
		}
		if tag == tagURI {
			other = string(name)
		}
	}
	if other == "" {
		return nil
	}
	return fmt.Errorf("it is another list of this CA, of %q", acmecore.Inert(other))
}
