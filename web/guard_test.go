package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/web"
	"wcme/web/gallery"
)

// addresses are those of the router that take the method, with something in place of
// what they leave open.
func addresses(t *testing.T, method string) (paths []string) {
	t.Helper()
	fill := strings.NewReplacer("{id}", "www_example_org", "{check}", "ca", "{name}", "x", "*", "token")
	routes := web.New(new(stage).site()).(chi.Routes)
	err := chi.Walk(routes, func(walked, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if walked == method {
			paths = append(paths, fill.Replace(route))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestFormsOfOtherSitesChangeNothing is W05 as far as this package has it: what a
// browser says of a form that another site has sent.
func TestFormsOfOtherSitesChangeNothing(t *testing.T) {
	foreign := [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://example.com"},
		{"Origin", "https://evil.example"},
		{"Origin", "http://evil.example"},
		{"Origin", "null"},
		{"Origin", "https://example.com.evil.example"},
		{"Origin", "https://example.com:8443"},
		{"Origin", "https://evil.example", "Content-Type", "text/plain"},
		{"Origin", "https://evil.example", "Content-Type", "multipart/form-data; boundary=x"},
		{"Origin", "https://evil.example", "X-Http-Method-Override", "GET"},
	}
	paths := addresses(t, http.MethodPost)
	if len(paths) < 10 {
		t.Fatalf("only %d addresses take forms", len(paths))
	}
	for _, path := range paths {
		for _, headers := range foreign {
			s := new(stage)
			asked := false
			s.overseer = &gallery.Overseer{OnAccount: func(acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
				asked = true
				return acmecore.AccountAnswer{}, nil
			}}
			w := s.send(admin(), path, url.Values{"names": {"www.example.org"}}, headers...)
			if w.Code != http.StatusForbidden || len(s.overseer.Tasks) > 0 || asked {
				t.Errorf("%s %q: %d, and %d tasks were begun", path, headers, w.Code, len(s.overseer.Tasks))
			}
			wantHeaders(t, w.Header(), pageHeaders())
		}
	}
}

// TestNothingActsOnAGet: whatever the address says.
func TestNothingActsOnAGet(t *testing.T) {
	for _, path := range addresses(t, http.MethodGet) {
		s := new(stage)
		asked := false
		s.overseer = &gallery.Overseer{OnAccount: func(request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
			asked = asked || !slices.Contains([]acmecore.AccountDeed{acmecore.AccountOffer, acmecore.AccountLink, acmecore.AccountOwn}, request.Deed)
			return acmecore.AccountAnswer{}, nil
		}}
		s.ask(admin(), http.MethodGet, path+"?form=token&names=www.example.org&confirm=on&understood=on&order=on")
		if len(s.overseer.Tasks) > 0 || asked {
			t.Errorf("%s begins something", path)
		}
	}
}

func TestFormsThatAreTooLongAreRefused(t *testing.T) {
	for _, path := range addresses(t, http.MethodPost) {
		s := new(stage)
		w := s.send(admin(), path, url.Values{"names": {strings.Repeat("x", 9<<10)}})
		if w.Code != http.StatusRequestEntityTooLarge || len(s.overseer.Tasks) > 0 {
			t.Errorf("%s: %d, want 413", path, w.Code)
		}
		wantHeaders(t, w.Header(), pageHeaders())
	}
}

// TestFormsThatCannotBeReadAreRefused has percent signs that stand for nothing.
func TestFormsThatCannotBeReadAreRefused(t *testing.T) {
	for _, path := range addresses(t, http.MethodPost) {
		s := new(stage)
		w := s.sendText(admin(), path, "form=token&names=%zz")
		if w.Code != http.StatusBadRequest || len(s.overseer.Tasks) > 0 {
			t.Errorf("%s: %d, want 400", path, w.Code)
		}
		wantHeaders(t, w.Header(), pageHeaders())
	}
}
