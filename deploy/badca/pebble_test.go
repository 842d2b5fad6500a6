package badca_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// TestPebble meets all that Pebble can be told to do, one after the other.
func TestPebble(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		id      string
		options lab.PebbleOptions
		check   func(*site, *testing.T)
	}{
		{"N26 valid authorizations are reused", lab.PebbleOptions{AuthzReuse: 100}, (*site).challengedNever},
		{"N26 half of them are", lab.PebbleOptions{AuthzReuse: 50}, (*site).issues},
		{"strict", lab.PebbleOptions{Strict: true}, (*site).issues},
		{"three roots", lab.PebbleOptions{AlternateRoots: 2}, (*site).issues},
		{"a chain of five", lab.PebbleOptions{ChainLength: 4}, chainOf(5)},
		{"a chain of nine", lab.PebbleOptions{ChainLength: 8}, chainOf(9)},
		{"asks for patience", lab.PebbleOptions{RetryAuthz: 3, RetryOrder: 7}, (*site).issues},
		{"profiles", lab.PebbleOptions{Profiles: map[string]time.Duration{"week": 7 * 24 * time.Hour}}, (*site).choosesProfiles},
		{"renewal information", lab.PebbleOptions{}, (*site).isInformed},
	} {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			cases.n.Add(1)
			row.check(newRig(t, row.options).enrolled(t), t)
		})
	}
}

// issues obtains a certificate, and lets nobody wait less than the CA asks for.
func (s *site) issues(t *testing.T) {
	t.Helper()
	if o := s.attempt(s.rig.within(t, (*site).certify), want{}); o.err != nil {
		t.Error(o.err)
	}
}

// challengedNever: an order whose names are proved needs no challenge.
func (s *site) challengedNever(t *testing.T) {
	o := s.attempt(s.rig.within(t, (*site).certify), want{})
	for _, request := range o.requests {
		if o.err != nil || request.Class == lab.ClassChallenge {
			t.Errorf("asked %s %s (%v)", request.Class, request.Path, o.err)
		}
	}
}

func chainOf(length int) func(*site, *testing.T) {
	return func(s *site, t *testing.T) {
		s.issues(t)
		if pair, err := s.pair(); err != nil || len(pair.Certificate) != length {
			t.Errorf("the chain has %d certificates (%v), want %d", len(pair.Certificate), err, length)
		}
	}
}

// choosesProfiles asks for the one there is, and for another one.
func (s *site) choosesProfiles(t *testing.T) {
	s.wish.Profile = "week"
	s.issues(t)
	pair, err := s.pair()
	if err != nil {
		t.Fatal(err)
	}
	if life := pair.Leaf.NotAfter.Sub(pair.Leaf.NotBefore).Round(time.Hour); life != 7*24*time.Hour {
		t.Errorf("it is valid for %s, want a week", life)
	}
	s.wish.Profile = "century"
	o := s.attempt(s.rig.within(t, (*site).certify), want{})
	if acmecore.KindOf(o.err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(o.err), "week") {
		t.Errorf("got %v of kind %s, want invalid, with the profiles there are", o.err, acmecore.KindOf(o.err))
	}
	for _, request := range o.requests {
		if request.Class == lab.ClassNewOrder {
			t.Error("an order was placed with a profile that there is not")
		}
	}
}

// isInformed hears what the CA says of renewal, and what of it is none.
func (s *site) isInformed(t *testing.T) {
	for answer, words := range map[string]string{
		`{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}`: "",
		`{"suggestedWindow":{"start":"2020-01-02T00:00:00Z","end":"2020-01-01T00:00:00Z"}}`: "before it begins",
		`{"suggestedWindow":{"start":"soon","end":"later"}}`:                                "a time in it is none",
		`{}`:        "no window",
		`no object`: "no JSON",
	} {
		s.setInformation(t, answer)
		o := s.attempt(s.rig.within(t, (*site).inform), want{})
		if words == "" && o.err != nil || words != "" && (o.err == nil || !strings.Contains(o.err.Error(), words)) {
			t.Errorf("%s: got %v, want %q", answer, o.err, words)
		}
	}
}

func (s *site) setInformation(t *testing.T, answer string) {
	t.Helper()
	pair, err := s.pair()
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	body, err := json.Marshal(map[string]string{"certificate": string(certificate), "ariResponse": answer})
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.rig.pebble.Client.Post(s.rig.pebble.Management+"/set-renewal-info/", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("set-renewal-info: %s", response.Status)
	}
}
