package dns_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/dns"
	"wcme/deploy/lab"
)

const accounts = `{"www.example.test": {"username": "c36f50e8-4632-44f0-83fe-e070fef28a10", "password": "htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z",
 "fulldomain": "8e5700ea-a4bf-41c7-8a77-e990661dcc6a.auth.example.test", "subdomain": "8e5700ea-a4bf-41c7-8a77-e990661dcc6a", "allowfrom": []}}`

// authServer answers as an acme-dns does, by the description of its API: an update has
// the user and the key in headers, and keeps the two newest values.
type authServer struct {
	*httptest.Server
	mu     sync.Mutex
	values []string
	status int // in place of 200
}

func newAuthServer(t *testing.T) *authServer {
	t.Helper()
	a := &authServer{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /update", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		var update struct{ Subdomain, TXT string }
		err := json.NewDecoder(r.Body).Decode(&update)
		switch {
		case a.status != 0:
			w.Header().Set("Location", "/health")
			w.WriteHeader(a.status)
		case r.Header.Get("X-Api-User") != "c36f50e8-4632-44f0-83fe-e070fef28a10", r.Header.Get("X-Api-Key") != "htB9mR9DYgcu9bX_afHF62erXaH2TS7bg9KW3F7Z":
			http.Error(w, `{"error": "unauthorized"}`, http.StatusUnauthorized)
		case err != nil, update.Subdomain != "8e5700ea-a4bf-41c7-8a77-e990661dcc6a", len(update.TXT) != 43:
			http.Error(w, `{"error": "bad_txt"}`, http.StatusBadRequest)
		default:
			a.values = append(a.values, update.TXT)[max(0, len(a.values)-1):]
			fmt.Fprintf(w, `{"txt": %q}`, update.TXT)
		}
	})
	a.Server = httptest.NewTLSServer(mux)
	t.Cleanup(a.Close)
	return a
}

func TestACMEDNS(t *testing.T) {
	t.Parallel()
	server := newAuthServer(t)
	parsed, err := dns.ParseAccounts([]byte(accounts))
	if err != nil {
		t.Fatal(err)
	}
	writer := &dns.ACMEDNS{URL: server.URL + "/", Accounts: parsed, Client: server.Client()}
	place := dns.Place{Name: "*.www.example.test", Record: "8e5700ea-a4bf-41c7-8a77-e990661dcc6a.auth.example.test", Zone: "auth.example.test"}
	if err := writer.Ready(t.Context(), place); err != nil {
		t.Fatal(err)
	}
	for _, letter := range []string{"a", "b"} {
		if err := writer.Add(t.Context(), place, strings.Repeat(letter, 43)); err != nil {
			t.Fatal(err)
		}
	}
	if len(server.values) != 2 {
		t.Errorf("got %q", server.values)
	}
	if err := writer.Remove(t.Context(), place, strings.Repeat("a", 43)); err != nil || len(server.values) != 2 {
		t.Errorf("got %v, %q", err, server.values)
	}
}

func TestACMEDNSThatFails(t *testing.T) {
	t.Parallel()
	server := newAuthServer(t)
	parsed, err := dns.ParseAccounts([]byte(accounts))
	if err != nil {
		t.Fatal(err)
	}
	right := dns.Place{Name: "www.example.test", Record: "8e5700ea-a4bf-41c7-8a77-e990661dcc6a.auth.example.test", Zone: "auth.example.test"}
	writer := &dns.ACMEDNS{URL: server.URL, Accounts: parsed, Client: server.Client()}
	expect := func(what string, err error, kind acmecore.Kind, says string) {
		t.Helper()
		if acmecore.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), says) || acmecore.HintOf(err) == "" || strings.Contains(fmt.Sprintf("%+v", err), "htB9mR9") {
			t.Errorf("%s: got %v, want %v with %q", what, err, kind, says)
		}
	}
	expect("no alias", writer.Ready(t.Context(), dns.Place{Name: "www.example.test", Record: record}), acmecore.Invalid, "a CA looks at "+record)
	expect("no account", writer.Ready(t.Context(), dns.Place{Name: "mail.example.test", Record: record}), acmecore.Invalid, "no account is there for mail.example.test")
	for status, kind := range map[int]acmecore.Kind{401: acmecore.Invalid, 403: acmecore.Invalid, 500: acmecore.Unreachable, 307: acmecore.Unreachable, 404: acmecore.Unreachable} {
		server.status = status
		expect(fmt.Sprint(status), writer.Add(t.Context(), right, strings.Repeat("a", 43)), kind, fmt.Sprintf("(status %d)", status))
	}
	server.status = 0
	stranger := &dns.ACMEDNS{URL: server.URL, Accounts: parsed}
	expect("a certificate of nobody", stranger.Ready(t.Context(), right), acmecore.Unreachable, "certificate")
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	writer.URL = "https://" + lab.Loopback(port)
	expect("nobody there", writer.Ready(t.Context(), right), acmecore.Unreachable, "connection refused")
}

func TestAccountsThatAreNone(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"": "no JSON", "[]": "no JSON", `{"a b": {}}`: `"a b"`, `{"a.example.test": {"username": "u", "password": "geheim"}}`: "a.example.test lacks",
		`{"a.example.test": "geheim"}`: "no JSON",
	} {
		_, err := dns.ParseAccounts([]byte(text))
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: got %v, want %q", text, err, says)
		}
	}
}

func FuzzParseAccounts(f *testing.F) {
	f.Add([]byte(accounts))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := dns.ParseAccounts(text)
		for name, account := range parsed {
			if err != nil || name.Wildcard() || account.Password == "" {
				t.Errorf("took %v for %s", account, name)
			}
		}
	})
}
