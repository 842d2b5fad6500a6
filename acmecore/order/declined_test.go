package order_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// declined is what a method says that could not be published.
type declined struct{ error }

func (declined) Declined() bool { return true }

// declining fails for the methods.
func declining(methods ...string) func(token string) error {
	return func(token string) error {
		if method, _, _ := strings.Cut(token, "-01-"); slices.Contains(methods, method) {
			return declined{errors.New(method + " is out of order")}
		}
		return nil
	}
}

// TestDeclinedMethods: the next one is tried before the CA is told of any, and what was
// half published is withdrawn.
func TestDeclinedMethods(t *testing.T) {
	t.Parallel()
	all := []acmecore.Method{acmecore.DNS01, acmecore.TLSALPN01, acmecore.HTTP01}
	for what, row := range map[string]struct {
		methods   []acmecore.Method
		fails     func(string) error
		told      class // "" where nobody is told
		published int
	}{
		"the first":                  {all, declining("dns"), alpnChallenge, 2},
		"the first two":              {all, declining("dns", "tls-alpn"), challenge, 3},
		"all that there are":         {all[:2], declining("dns", "tls-alpn"), "", 2},
		"an error of another nature": {all, func(string) error { return errors.New("no space left on device") }, "", 1},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.offers = []string{"http-01", "dns-01", "tls-alpn-01"}
			s.challenges.methods, s.challenges.fails = row.methods, row.fails
			if _, err := s.obtain(); (err == nil) != (row.told != "") {
				t.Errorf("got %v", err)
			} else if what == "all that there are" && err.Error() != "prove a.example: dns is out of order; prove a.example: tls-alpn is out of order" {
				t.Errorf("got %v", err)
			}
			for _, kind := range []class{challenge, dnsChallenge, alpnChallenge} {
				want := 0
				if kind == row.told {
					want = 1
				}
				s.mustCount(kind, want)
			}
			if got := len(s.challenges.responses); got != row.published {
				t.Errorf("%d were published, want %d", got, row.published)
			}
			if row.told != "" && s.obtained.Methods["a.example"] != row.methods[row.published-1] {
				t.Errorf("proved by %v", s.obtained.Methods)
			}
		})
	}
}

// TestARefusalNamesItsMethod, so that another one can be tried the next time.
func TestARefusalNamesItsMethod(t *testing.T) {
	t.Parallel()
	for _, method := range []acmecore.Method{acmecore.HTTP01, acmecore.DNS01, acmecore.TLSALPN01} {
		s := newSetting(t)
		s.ca.offers = []string{"http-01", "dns-01", "tls-alpn-01"}
		s.challenges.methods = []acmecore.Method{method}
		s.ca.refused["a.example"] = &problem{Status: 403, Type: "unauthorized", Detail: "wrong answer"}
		_, err := s.obtain()
		if refused := new(order.RefusedError); !errors.As(err, &refused) || refused.Method != method || refused.Name != "a.example" {
			t.Errorf("%s: got %v, refused by %q", method, err, refused.Method)
		}
	}
}
