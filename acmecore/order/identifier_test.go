package order_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// TestAddressesAndWildcards are ordered, proved and certified beside host names.
func TestAddressesAndWildcards(t *testing.T) {
	for name, row := range map[string]struct {
		names   []string
		methods []acmecore.Method
		proved  map[acmecore.Name]acmecore.Method
	}{
		"IPv4": {[]string{"192.0.2.1"}, []acmecore.Method{acmecore.HTTP01}, map[acmecore.Name]acmecore.Method{"192.0.2.1": acmecore.HTTP01}},
		"IPv6 by TLS": {[]string{"2001:db8::1"}, []acmecore.Method{acmecore.TLSALPN01},
			map[acmecore.Name]acmecore.Method{"2001:db8::1": acmecore.TLSALPN01}},
		"IPv4 by TLS": {[]string{"192.0.2.1"}, []acmecore.Method{acmecore.TLSALPN01},
			map[acmecore.Name]acmecore.Method{"192.0.2.1": acmecore.TLSALPN01}},
		"both and a name": {[]string{"a.example", "192.0.2.1", "2001:db8::1"}, []acmecore.Method{acmecore.HTTP01},
			map[acmecore.Name]acmecore.Method{"a.example": acmecore.HTTP01, "192.0.2.1": acmecore.HTTP01, "2001:db8::1": acmecore.HTTP01}},
		"a wildcard":           {[]string{"*.a.example"}, []acmecore.Method{acmecore.DNS01}, map[acmecore.Name]acmecore.Method{"*.a.example": acmecore.DNS01}},
		"a wildcard and below": {[]string{"*.a.example", "a.example"}, []acmecore.Method{acmecore.DNS01}, map[acmecore.Name]acmecore.Method{"*.a.example": acmecore.DNS01, "a.example": acmecore.DNS01}},
		"all kinds, as the CA offers them": {[]string{"*.a.example", "a.example", "192.0.2.1"}, []acmecore.Method{acmecore.TLSALPN01, acmecore.DNS01, acmecore.HTTP01},
			map[acmecore.Name]acmecore.Method{"*.a.example": acmecore.DNS01, "a.example": acmecore.TLSALPN01, "192.0.2.1": acmecore.TLSALPN01}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.offers = []string{"dns-01", "http-01", "tls-alpn-01"}
			s.challenges.methods = row.methods
			s.wants(row.names...)
			leaf := s.mustObtain()
			if got := len(leaf.DNSNames) + len(leaf.IPAddresses); got != len(row.names) {
				t.Errorf("%d names in it, want %d", got, len(row.names))
			}
			for name, method := range row.proved {
				if got := s.obtained.Methods[name]; got != method {
					t.Errorf("%s was proved by %q, want %q", name, got, method)
				}
			}
			if len(s.obtained.Methods) != len(row.proved) {
				t.Errorf("proved were %v", s.obtained.Methods)
			}
		})
	}
}

// TestMethodsOfNamesProvedBefore are not known.
func TestMethodsOfNamesProvedBefore(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example")
	s.ca.proved["a.example"] = true
	s.mustObtain()
	if got := s.obtained.Methods; len(got) != 1 || got["b.example"] != acmecore.HTTP01 {
		t.Errorf("got %v, want b.example alone", got)
	}
}

// TestSpellingsOfIdentifiers by the CA: the DNS knows no case, an address has many forms
// (RFC 5952), and some CAs repeat the "*." of a wildcard.
func TestSpellingsOfIdentifiers(t *testing.T) {
	spell := func(kind, value string, wildcard bool) action {
		return editing(func(object map[string]any) {
			object["identifier"] = map[string]string{"type": kind, "value": value}
			if object["wildcard"] = wildcard; !wildcard {
				delete(object, "wildcard")
			}
		})
	}
	for name, row := range map[string]struct {
		wanted string
		act    action
		good   bool
	}{
		"capitals":                        {"a.example", spell("dns", "A.Example", false), true},
		"IPv6 in full":                    {"2001:db8::1", spell("ip", "2001:0DB8:0:0:0:0:0:1", false), true},
		"IPv4 within IPv6":                {"192.0.2.1", spell("ip", "::ffff:192.0.2.1", false), true},
		"a wildcard with its star":        {"*.a.example", spell("dns", "*.a.example", true), true},
		"a star without the flag":         {"*.a.example", spell("dns", "*.a.example", false), true},
		"a wildcard without flag or star": {"*.a.example", spell("dns", "a.example", false), false},
		"a flag that nobody asked for":    {"a.example", spell("dns", "a.example", true), false},
		"an address as a host name":       {"192.0.2.1", spell("dns", "192.0.2.1", false), false},
		"a host name as an address":       {"a.example", spell("ip", "a.example", false), false},
		"a flagged address":               {"192.0.2.1", spell("ip", "192.0.2.1", true), false},
		"another address":                 {"192.0.2.1", spell("ip", "192.0.2.2", false), false},
		"a network":                       {"192.0.2.1", spell("ip", "192.0.2.1/32", false), false},
		"an address with a zone":          {"2001:db8::1", spell("ip", "2001:db8::1%eth0", false), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.challenges.methods = []acmecore.Method{acmecore.HTTP01, acmecore.DNS01}
			s.wants(row.wanted)
			s.ca.on(authorization, always, row.act)
			if row.good {
				s.mustObtain()
				return
			}
			s.mustFail(outcome{kind: acmecore.Refused, words: []string{"which was not ordered"}, hint: "tell the CA"})
			s.mustEndWithoutChallenge()
		})
	}
}

// TestIdentifiersOfAnOrder are those wanted, or it is none of ours.
func TestIdentifiersOfAnOrder(t *testing.T) {
	list := func(identifiers ...identifier) action {
		return with("identifiers", identifiers)
	}
	for name, row := range map[string]struct {
		act  action
		good bool
	}{
		"in another order and spelling": {list(identifier{"ip", "2001:DB8:0::1"}, identifier{"dns", "*.A.example"}, identifier{"dns", "a.EXAMPLE"}), true},
		"one missing":                   {list(identifier{"ip", "2001:db8::1"}, identifier{"dns", "a.example"}), false},
		"one more":                      {list(identifier{"ip", "2001:db8::1"}, identifier{"dns", "a.example"}, identifier{"dns", "*.a.example"}, identifier{"dns", "b.example"}), false},
		"one twice":                     {list(identifier{"ip", "2001:db8::1"}, identifier{"dns", "a.example"}, identifier{"dns", "a.example"}), false},
		"of the wrong type":             {list(identifier{"dns", "2001:db8::1"}, identifier{"dns", "a.example"}, identifier{"dns", "*.a.example"}), false},
		"none":                          {list(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.offers = []string{"dns-01", "tls-alpn-01"}
			s.challenges.methods = []acmecore.Method{acmecore.DNS01, acmecore.TLSALPN01}
			s.wants("a.example", "*.a.example", "2001:db8::1")
			s.ca.on(newOrder, always, row.act)
			if row.good {
				s.mustObtain()
				return
			}
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"no order of these names"}, hint: "tell the CA"})
			s.mustCount(authorization, 0)
		})
	}
}

// TestMethodsAreTriedInOrder as far as the CA offers them. One that the CA looks at
// already is waited for, and one that has failed is of use only where there is no other.
func TestMethodsAreTriedInOrder(t *testing.T) {
	all := []acmecore.Method{acmecore.TLSALPN01, acmecore.HTTP01, acmecore.DNS01}
	state := func(states map[string]string) action {
		return editing(func(object map[string]any) {
			for _, one := range object["challenges"].([]any) {
				fields := one.(map[string]any)
				if status := states[fields["type"].(string)]; status != "" {
					fields["status"] = status
				}
				if fields["status"] == "invalid" {
					fields["error"] = (&problem{Status: 400, Type: "connection", Detail: "refused"}).object()
				}
			}
		})
	}
	for name, row := range map[string]struct {
		offers  []string
		methods []acmecore.Method
		states  map[string]string // at the first look
		want    class             // that is told of; "" for none
		words   string
	}{
		"the first":            {[]string{"dns-01", "http-01", "tls-alpn-01"}, all, nil, alpnChallenge, ""},
		"as it is preferred":   {[]string{"tls-alpn-01", "http-01", "dns-01"}, []acmecore.Method{acmecore.DNS01, acmecore.HTTP01}, nil, dnsChallenge, ""},
		"the first is missing": {[]string{"dns-01", "http-01"}, all, nil, challenge, ""},
		"one failed before":    {[]string{"dns-01", "http-01", "tls-alpn-01"}, all, map[string]string{"tls-alpn-01": "invalid"}, challenge, ""},
		"all failed before": {[]string{"http-01", "tls-alpn-01"}, all, map[string]string{"tls-alpn-01": "invalid", "http-01": "invalid"}, "",
			`a.example was refused: the CA says "refused" (connection)`},
		"none that can be answered": {[]string{"smoke-signal-02", "dns-01"}, []acmecore.Method{acmecore.HTTP01, acmecore.TLSALPN01}, nil, "",
			"the CA offers none of the challenges that can be answered for it: http-01, tls-alpn-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.offers, s.challenges.methods = row.offers, row.methods
			s.ca.on(authorization, only(1), state(row.states))
			if row.want == "" {
				s.mustFail(outcome{kind: acmecore.Refused, words: []string{row.words}})
				s.mustEndWithoutChallenge()
				return
			}
			s.mustObtain()
			for _, kind := range []class{challenge, dnsChallenge, alpnChallenge} {
				want := 0
				if kind == row.want {
					want = 1
				}
				s.mustCount(kind, want)
			}
		})
	}
}

// TestChallengeThatTheCALooksAt is gone on with, whatever comes before it.
func TestChallengeThatTheCALooksAt(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.offers = []string{"http-01", "dns-01"}
	s.challenges.methods = []acmecore.Method{acmecore.HTTP01, acmecore.DNS01}
	s.ca.on(authorization, only(1), func(ca *authority, w http.ResponseWriter, r *http.Request) {
		ca.proofs[0].method, ca.proofs[0].challenge, ca.proofs[0].looks = "dns-01", "processing", 1
		ca.serve(w, r)
	})
	s.mustObtain()
	s.mustCount(challenge, 0)
	s.mustCount(dnsChallenge, 0) // it was told of before
	if got := s.challenges.responses; len(got) != 1 || got[0].Method != acmecore.DNS01 {
		t.Errorf("published were %d", len(got))
	}
}

// TestResponses have what each method needs, and no more.
func TestResponses(t *testing.T) {
	for _, method := range acmecore.Methods() {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.offers = []string{string(method)}
			s.challenges.methods = []acmecore.Method{method}
			s.mustObtain()
			var got order.Response = s.challenges.responses[0]
			if got.Method != method || got.Name != "a.example" || !strings.HasPrefix(got.KeyAuthorization, string(got.Token)+".") {
				t.Errorf("got %+v", got)
			}
			if (got.Record != "") != (method == acmecore.DNS01) || (got.Certificate != nil) != (method == acmecore.TLSALPN01) {
				t.Errorf("a record %q, a certificate %v", got.Record, got.Certificate != nil)
			}
			if !slices.Equal(s.challenges.believed, []acmecore.Name{"a.example"}) {
				t.Errorf("believed were %v", s.challenges.believed)
			}
		})
	}
}
