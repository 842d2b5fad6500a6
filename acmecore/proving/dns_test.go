package proving_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/deploy/lab/zone"
)

func txtResponse(name acmecore.Name, letter string) order.Response {
	return order.Response{Method: acmecore.DNS01, Name: name, Token: acmecore.Token(strings.Repeat(letter, 43)), Record: "value-" + letter}
}

const byDNS = "names = [\"example.test\"]\nchallenge = \"dns-01\"\n"

func TestRecordsOfAnOrder(t *testing.T) {
	t.Parallel()
	n := zone.Serve(t)
	s := newSetting(t, n.Table())
	ways, release, err := prepare(t.Context(), s.recovered(), byDNS, "example.test", "*.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	n.Has()
	base, wildcard := txtResponse("example.test", "a"), txtResponse("*.example.test", "b")
	for _, response := range []order.Response{base, wildcard, base} {
		if err := ways.Publish(t.Context(), response); err != nil {
			t.Fatal(err)
		}
	}
	n.Has("_acme-challenge.example.test. value-a", "_acme-challenge.example.test. value-b")
	if err := ways.Withdraw(t.Context(), base, true); err != nil {
		t.Error(err)
	}
	n.Has("_acme-challenge.example.test. value-b")
	if err := ways.Withdraw(t.Context(), wildcard, false); err != nil {
		t.Error(err)
	}
	n.Has()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("notes are left: %v, %v", tokens, err)
	}
}

// TestRecordThatAKilledRunHasLeft is removed once its server answers, and keeps nothing
// from starting until then.
func TestRecordThatAKilledRunHasLeft(t *testing.T) {
	t.Parallel()
	n := zone.Serve(t)
	s := newSetting(t, n.Table())
	ways, release, err := prepare(t.Context(), s.recovered(), byDNS, "example.test")
	if err != nil {
		t.Fatal(err)
	}
	if err := ways.Publish(t.Context(), txtResponse("example.test", "a")); err != nil {
		t.Fatal(err)
	}
	release()
	n.Fail(true)
	s.recovered()
	n.Has("_acme-challenge.example.test. value-a")
	n.Fail(false)
	s.recovered()
	n.Has()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("notes are left: %v, %v", tokens, err)
	}
	s.write("{", "priv", "dns", strings.Repeat("c", 43)+".json")
	s.write(`{"by": "gone"}`, "priv", "dns", strings.Repeat("d", 43)+".json")
	s.recovered()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("notes that are of no use are left: %v, %v", tokens, err)
	}
}

// TestKeysOfDNSThatAreRefused: none of the texts may show a secret.
func TestKeysOfDNSThatAreRefused(t *testing.T) {
	t.Parallel()
	const statement = "key \"wcme\" { algorithm hmac-sha512; secret \"Z2VoZWlt\"; };"
	for _, row := range []struct{ what, more, file, says string }{
		{"no such file", "", "", "read secret etc/tsig.key"},
		{"another name", "tsig_name = \"other\"\n", statement, "has another name"},
		{"another algorithm", "tsig_algorithm = \"hmac-sha256\"\n", statement, "another algorithm"},
		{"no name at all", "", "Z2VoZWlt", "the name of the key is missing"},
		{"no base64", "tsig_name = \"wcme\"\n", "Z2VoZWlt!", "the secret is not base64"},
		{"an algorithm that is none", "", strings.Replace(statement, "sha512", "md5", 1), `"hmac-md5" is none of`},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			n := zone.Serve(t)
			s := newSetting(t, n.Table()+"tsig_key_file = \"etc/tsig.key\"\n"+row.more)
			if row.file != "" {
				s.write(row.file, "etc", "tsig.key")
			}
			_, _, err := prepare(t.Context(), s.recovered(), byDNS, "example.test")
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "Z2VoZWlt") {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

// TestACMEDNSKeepsTwoValues: three names of one account are refused, and another order
// waits.
func TestACMEDNSKeepsTwoValues(t *testing.T) {
	t.Parallel()
	n := zone.Serve(t)
	var mu sync.Mutex
	posts := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/update" && r.Header.Get("X-Api-Key") == "p" {
			posts++
		}
	}))
	t.Cleanup(server.Close)
	s := newSetting(t, fmt.Sprintf("[[dns]]\nname = \"auth\"\nacme_dns = %q\nacme_dns_accounts = \"etc/a.json\"\nresolvers = [%q]\ncheck = false\npatience = \"1s\"\n", server.URL, n.Address()))
	s.write(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), "etc", "cacert.pem")
	const account = `{"username": "u", "password": "p", "fulldomain": "d420.auth.example.test", "subdomain": "d420"}`
	s.write(`{"alias.example.test": `+account+`, "alias.other.test": `+account+`}`, "etc", "a.json")
	p := s.recovered()

	ways, release, err := prepare(t.Context(), p, byDNS, "alias.example.test", "*.alias.example.test")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []acmecore.Name{"alias.example.test", "*.alias.example.test"} {
		if err := ways.Publish(t.Context(), txtResponse(name, string(rune('a'+i)))); err != nil {
			t.Error(err)
		}
	}
	if posts != 2 {
		t.Errorf("got %d updates", posts)
	}
	if _, _, err := prepare(t.Context(), p, byDNS, "alias.other.test"); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("while another order has the record: got %v", err)
	}
	release()
	_, release, err = prepare(t.Context(), p, byDNS, "alias.other.test")
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, _, err := prepare(t.Context(), p, byDNS, "alias.example.test", "*.alias.example.test", "alias.other.test"); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "keeps 2 values") {
		t.Errorf("three names: got %v", err)
	}
	if err := os.Chmod(s.path("etc", "a.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := prepare(context.Background(), p, byDNS, "alias.example.test"); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "every user of this host can read it") {
		t.Errorf("accounts that everybody can read: got %v", err)
	}
}
