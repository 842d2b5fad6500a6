package order_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"testing"
	"time"

	"wcme/acmecore"
)

// stapled is the extension of RFC 7633 section 4.1, which asks for status_request.
var stapled = pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}

// having adds extensions to what is issued.
func having(extensions ...pkix.Extension) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, extensions...) }
}

// TestMustStaple is in the request, and has to be in the certificate (P22).
func TestMustStaple(t *testing.T) {
	another := pkix.Extension{Id: stapled.Id, Value: []byte{0x30, 3, 2, 1, 17}} // status_request_v2
	for name, row := range map[string]struct {
		asked bool
		leaf  func(*x509.Certificate)
		words string // "" where it is as it was asked for
		hint  string
	}{
		"asked and given":               {true, having(stapled), "", ""},
		"asked and given, with another": {true, having(pkix.Extension{Id: stapled.Id, Value: []byte{0x30, 6, 2, 1, 17, 2, 1, 5}}), "", ""},
		"neither":                       {false, nil, "", ""},
		"another feature":               {false, having(another), "", ""},
		"asked and not given":           {true, nil, "must-staple (RFC 7633) is not in it", "leave must_staple out"},
		"asked, and another is given":   {true, having(another), "must-staple (RFC 7633) is not in it", "leave must_staple out"},
		"asked, and garbage is given":   {true, having(pkix.Extension{Id: stapled.Id, Value: []byte{0x30, 9}}), "must-staple (RFC 7633) is not in it", "leave must_staple out"},
		"given and not asked":           {false, having(stapled), "must-staple (RFC 7633) is in it, which was not asked for", "does not come into service"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.wanted.MustStaple, s.ca.leaf = row.asked, row.leaf
			if row.words != "" {
				s.mustFail(outcome{kind: acmecore.Refused, words: []string{"check certificate of a.example: ", row.words}, hint: row.hint})
				return
			}
			s.mustObtain()
		})
	}
}

// TestMustStapleIsInTheRequest that the CA gets, and otherwise is not.
func TestMustStapleIsInTheRequest(t *testing.T) {
	for _, want := range []bool{true, false} {
		s := newSetting(t)
		s.wanted.MustStaple = want
		if want {
			s.ca.leaf = having(stapled)
		}
		s.mustObtain()
		if got := len(s.ca.orders[0].request.Extensions) == 2; got != want { // beside the names
			t.Errorf("the request has the extensions %v", s.ca.orders[0].request.Extensions)
		}
	}
}

const day = 24 * time.Hour

// TestValidity is asked for where it is wanted, and told where a CA does not mind it.
func TestValidity(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.choosable, s.wanted.Validity = true, 10*day
	leaf := s.mustObtain()
	if want := start.Add(10 * day); !leaf.NotAfter.Equal(want) {
		t.Errorf("it ends at %s, want %s", leaf.NotAfter, want)
	}
	if s.told("valid for") {
		t.Errorf("the steps tell %q", s.steps)
	}
}

// TestValidityThatIsNotKept: a life longer than the CA has agreed to is not what was
// ordered; where it has agreed to nothing, that is told. A day more or less is none.
func TestValidityThatIsNotKept(t *testing.T) {
	living := func(life time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(life) }
	}
	for name, row := range map[string]struct {
		agreed bool
		leaf   func(*x509.Certificate)
		words  string // of the error
		step   string
	}{
		"agreed and kept":         {true, living(10 * day), "", ""},
		"a day more":              {true, living(11 * day), "", ""},
		"shorter":                 {true, living(2 * time.Hour), "", ""},
		"a second beyond the day": {true, living(11*day + time.Second), "it is valid for 11 days, where the CA had agreed to 10 days", ""},
		"90 days":                 {true, living(90 * day), "it is valid for 90 days, where the CA had agreed to 10 days", ""},
		"not agreed, 90 days":     {false, living(90 * day), "", "the CA has not minded that it shall be valid for 10 days: it is for 90 days"},
		"not agreed, and kept":    {false, living(10 * day), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.choosable, s.wanted.Validity, s.ca.leaf = true, 10*day, row.leaf
			if !row.agreed {
				s.ca.on(newOrder, always, with("notAfter", nil))
			}
			if row.words != "" {
				s.mustFail(outcome{kind: acmecore.Refused, words: []string{row.words}, hint: "leave `validity` out"})
				return
			}
			s.mustObtain()
			if row.step != "" {
				s.mustTell(row.step)
			} else if s.told("valid for") {
				t.Errorf("the steps tell %q", s.steps)
			}
		})
	}
}

// TestValidityRefused: few CAs let anybody choose, and they say so in their own ways.
func TestValidityRefused(t *testing.T) {
	for name, row := range map[string]struct {
		refusal *problem
		hint    string
	}{
		"as Boulder":         {&problem{Status: 400, Type: "malformed", Detail: "NotBefore and NotAfter are not supported"}, "leave `validity` out"},
		"beyond its limit":   {&problem{Status: 403, Type: "rejectedIdentifier", Detail: "requested validity is larger than 90 days"}, "leave `validity` out"},
		"for another reason": {&problem{Status: 400, Type: "rejectedIdentifier", Detail: "policy"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.wanted.Validity = 10 * day
			s.ca.on(newOrder, always, refusing(row.refusal))
			err := s.mustFail(outcome{kind: acmecore.Refused, words: []string{row.refusal.Detail}, hint: row.hint})
			if row.hint == "" && acmecore.HintOf(err) == "few CAs let anybody choose how long a certificate is valid: leave `validity` out" {
				t.Error("the hint speaks of the validity")
			}
			s.mustCount(newOrder, 1)
		})
	}
	s := newSetting(t)
	s.ca.on(newOrder, always, refusing(&problem{Status: http.StatusBadRequest, Type: "malformed", Detail: "notAfter"}))
	if err := s.mustFail(outcome{kind: acmecore.Refused}); acmecore.HintOf(err) == "few CAs let anybody choose how long a certificate is valid: leave `validity` out" {
		t.Error("the hint speaks of a validity that was not asked for")
	}
}
