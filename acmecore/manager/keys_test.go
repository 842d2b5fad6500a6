package manager_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
	"wcme/acmecore/manager"
	"wcme/acmecore/store"
)

func keyOf(t testing.TB, kind acmecore.KeyType) (crypto.Signer, []byte) {
	t.Helper()
	key, err := keys.Generate(kind)
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.Encode(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, text
}

// hasKey fails the test unless the certificate's current version has the key.
func (s *setting) hasKey(what string, id acmecore.ID, want crypto.Signer, is bool) {
	s.Helper()
	key, err := s.root.Key(id)
	if err != nil || keys.Equal(key.Public(), want.Public()) != is {
		s.Errorf("%s: %s has the key: %v, %v; want %v", what, id, !is, err, is)
	}
}

func force(names ...acmecore.Name) control.CertifyRequest {
	return control.CertifyRequest{Names: names, Force: true}
}

func TestAKeyIsNewEachTimeUnlessItIsToStay(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	certify := func(request control.CertifyRequest) {
		t.Helper()
		if _, err := m.Certify(t.Context(), request, nil); err != nil {
			t.Fatal(err)
		}
	}
	renew := func() {
		t.Helper()
		if run, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil); err != nil || run.Count(acmecore.Renewed) != 1 {
			t.Fatalf("got %+v, %v", run, err)
		}
	}
	current := func() crypto.Signer {
		t.Helper()
		key, err := s.root.Key(id)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	certify(request("www.example.test"))
	first := current()
	renew()
	s.hasKey("renewed", id, first, false)
	second, stays, goes := current(), true, false
	certify(control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, ReuseKey: &stays})
	renew()
	s.hasKey("it is to stay", id, second, true)
	if got := s.read("etc", "certificates", string(id)+".toml"); !strings.Contains(got, "reuse_key = true") {
		t.Errorf("record: got\n%s", got)
	}
	certify(control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, Keys: []acmecore.KeyType{acmecore.EC384}})
	s.hasKey("another kind", id, second, false)
	third := current()
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id, Reason: 1}, nil); err != nil {
		t.Fatal(err)
	}
	renew()
	s.hasKey("others may have it", id, third, false)
	fourth := current()
	certify(control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, ReuseKey: &goes})
	renew()
	s.hasKey("it is not to stay any more", id, fourth, false)
}

// TestAnOrderWithACompromisedKeyIsNotGoneOnWith, although nothing was said of its key.
func TestAnOrderWithACompromisedKeyIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	stays := true
	if _, err := m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, ReuseKey: &stays}, nil); err != nil {
		t.Fatal(err)
	}
	first, err := s.root.Key(id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := interruptible(t)
	_, err = m.Certify(ctx, force("www.example.test"), func(step acmecore.Step) {
		if strings.Contains(step.Text, "placed for") {
			cancel()
		}
	})
	if acmecore.KindOf(err) != acmecore.Busy {
		t.Fatalf("got %v, want that it was interrupted", err)
	}
	again := s.manager()
	if _, err := again.Revoke(t.Context(), control.RevokeRequest{ID: id, Reason: 1}, nil); err != nil {
		t.Fatal(err)
	}
	heard := new(steps)
	if _, err := again.Certify(t.Context(), force("www.example.test"), heard.of("again", nil)); err != nil {
		t.Fatal(err)
	}
	s.hasKey("gone on with", id, first, false)
	if !heard.has("again", "the order that was begun is dropped") || heard.has("again", "going on where it was left") {
		t.Errorf("got %q", heard.list)
	}
	text, err := keys.Encode(first)
	if err != nil {
		t.Fatal(err)
	}
	_, err = again.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"other.example.test"}, PrivateKey: text}, nil)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), "because others may have that") {
		t.Errorf("brought for another certificate: got %v", err)
	}
}

func TestARequestWithACompromisedKeyIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	_, m := withCA(t)
	key, _ := keyOf(t, acmecore.EC256)
	if _, err := m.Certify(t.Context(), control.CertifyRequest{CSR: csrOf(t, key, "www.example.test")}, nil); err != nil {
		t.Fatal(err)
	}
	heard := new(steps)
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id, Reason: 1}, heard.of("revoke", nil)); err != nil {
		t.Fatal(err)
	}
	if !heard.has("revoke", "takes another request, by another key") {
		t.Errorf("got %q", heard.list)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{}, heard.of("pass", nil))
	if run.Count(acmecore.Renewed) != 0 || heard.has("pass", "placed") {
		t.Errorf("a pass: got %+v, %v, %q", run, err, heard.list)
	}
	for what, request := range map[string]control.CertifyRequest{
		"the record's":           force("www.example.test"),
		"another one by the key": {CSR: csrOf(t, key, "www.example.test")},
	} {
		_, err := m.Certify(t.Context(), request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), "give another request") {
			t.Errorf("%s: got %v (%s)", what, err, acmecore.HintOf(err))
		}
	}
	second, _ := keyOf(t, acmecore.EC256)
	certified, err := m.Certify(t.Context(), control.CertifyRequest{CSR: csrOf(t, second, "www.example.test")}, nil)
	if err != nil || certified.Version != "000002" || certified.Revoked {
		t.Errorf("by another key: got %+v, %v", certified, err)
	}
}

func TestAKeyThatIsBrought(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	brought, text := keyOf(t, acmecore.RSA2048)
	wanted := control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, PrivateKey: text}
	got, err := m.Certify(t.Context(), wanted, nil)
	if err != nil || got.Key != acmecore.RSA2048 {
		t.Fatalf("got %+v, %v", got, err)
	}
	s.hasKey("brought", id, brought, true)
	record := s.read("etc", "certificates", string(id)+".toml")
	if !strings.Contains(record, "reuse_key = true") || !strings.Contains(record, "key = 'rsa2048'") {
		t.Errorf("record: got\n%s", record)
	}
	if _, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil); err != nil {
		t.Fatal(err)
	}
	s.hasKey("renewed", id, brought, true)
	heard := new(steps)
	if _, err := m.Certify(t.Context(), wanted, heard.of("same", nil)); err != nil || heard.has("same", "placed") {
		t.Errorf("the same once more: %v, %q", err, heard.list)
	}
	second, text := keyOf(t, acmecore.RSA2048)
	wanted.PrivateKey = text
	if _, err := m.Certify(t.Context(), wanted, nil); err != nil { // although the certificate serves well
		t.Fatal(err)
	}
	s.hasKey("another one", id, second, true)
	once := false
	third, text := keyOf(t, acmecore.RSA2048)
	wanted.PrivateKey, wanted.ReuseKey = text, &once
	if _, err := m.Certify(t.Context(), wanted, nil); err != nil {
		t.Fatal(err)
	}
	s.hasKey("for once", id, third, true)
	if _, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil); err != nil {
		t.Fatal(err)
	}
	s.hasKey("for once, renewed", id, third, false)
}

// TestABroughtKeyIsNotLostWithItsRun: whoever goes on with the order has it.
func TestABroughtKeyIsNotLostWithItsRun(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	brought, text := keyOf(t, acmecore.EC256)
	ctx, cancel := interruptible(t)
	_, err := m.Certify(ctx, control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, PrivateKey: text}, func(step acmecore.Step) {
		if strings.Contains(step.Text, "placed for") {
			cancel()
		}
	})
	if acmecore.KindOf(err) != acmecore.Busy {
		t.Fatalf("got %v, want that it was interrupted", err)
	}
	s.hasKey("before", id, brought, false)
	if _, err := s.manager().Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil); err != nil {
		t.Fatal(err)
	}
	s.hasKey("gone on with", id, brought, true)
}

func TestKeysThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	_, ec := keyOf(t, acmecore.EC256)
	account := s.accountKey(m)
	if _, err := m.Certify(t.Context(), both("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	_, p384 := keyOf(t, acmecore.EC384)
	for what, row := range map[string]struct {
		request control.CertifyRequest
		says    string
	}{
		"garbage":        {control.CertifyRequest{Names: []acmecore.Name{"a.example.test"}, PrivateKey: []byte("secret")}, "no private key is in it"},
		"an account's":   {control.CertifyRequest{Names: []acmecore.Name{"a.example.test"}, PrivateKey: account}, "the key of an account"},
		"of two kinds":   {control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, PrivateKey: p384}, "it is of kind ec384, and [ec256 rsa2048] is wanted"},
		"another --key":  {control.CertifyRequest{Names: []acmecore.Name{"a.example.test"}, PrivateKey: ec, Keys: []acmecore.KeyType{acmecore.RSA2048}}, "it is of kind ec256, and [rsa2048] is wanted"},
		"kinds that are": {control.CertifyRequest{Names: []acmecore.Name{"a.example.test"}, Keys: []acmecore.KeyType{acmecore.EC256, acmecore.EC256}}, "ec256 is there twice"},
	} {
		_, err := m.Certify(t.Context(), row.request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), row.says) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: got %v, want %q", what, err, row.says)
		}
	}
	s.gone("etc", "certificates", "a_example_test.toml")
	// One of two kinds goes to the certificate of its kind.
	brought, text := keyOf(t, acmecore.RSA2048)
	wanted := both("www.example.test")
	wanted.PrivateKey = text
	if _, err := m.Certify(t.Context(), wanted, nil); err != nil {
		t.Fatal(err)
	}
	s.hasKey("the twin's", twin, brought, true)
}

// accountKey is the key of the account at the lab's CA.
func (s *setting) accountKey(m *manager.Manager) []byte {
	s.Helper()
	_, authority, err := m.Config().Find("lab")
	if err != nil {
		s.Fatal(err)
	}
	_, key, err := s.root.Account(authority.Directory.String())
	if err != nil {
		s.Fatal(err)
	}
	text, err := keys.Encode(key)
	if err != nil {
		s.Fatal(err)
	}
	return text
}

// csrOf makes a request by the key.
func csrOf(t testing.TB, key crypto.Signer, names ...string) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: names}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestARequestMadeElsewhere(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	key, _ := keyOf(t, acmecore.EC384)
	certified, err := m.Certify(t.Context(), control.CertifyRequest{CSR: csrOf(t, key, "www.example.test", "example.test")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if certified.ID != id || !certified.Keyless || certified.Key != acmecore.EC384 || len(certified.Names) != 2 || certified.Problem != "" {
		t.Errorf("got %+v", certified)
	}
	s.gone(s.current("key.pem")...)
	if text := s.read("ssl", "fullchain_"+string(id)+".pem"); strings.Contains(text, "PRIVATE") {
		t.Error("a key is in the product")
	}
	if got := s.read("etc", "certificates", string(id)+".toml"); !strings.Contains(got, "csr = 'etc/certificates/www_example_test-") {
		t.Errorf("record: got\n%s", got)
	}
	heard := new(steps)
	if _, err := m.Certify(t.Context(), request("www.example.test", "example.test"), heard.of("again", nil)); err != nil || heard.has("again", "placed") {
		t.Errorf("again: %v, %q", err, heard.list)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil)
	if err != nil || run.Count(acmecore.Renewed) != 1 {
		t.Errorf("renewed: got %+v, %v", run, err)
	}
	if back, err := m.Restore(t.Context(), control.RestoreRequest{ID: id}, nil); err != nil || back.Version != "000001" || !back.Keyless {
		t.Errorf("restored: got %+v, %v", back, err)
	}
	s.manager() // which recovers
	if details, err := m.Details(t.Context(), id); err != nil || details.Drift != "" {
		t.Errorf("details: got %q, %v", details.Drift, err)
	}
}

func TestARequestThatWasChangedIsDue(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	key, _ := keyOf(t, acmecore.EC256)
	if _, err := m.Certify(t.Context(), control.CertifyRequest{CSR: csrOf(t, key, "www.example.test")}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Overview(t.Context(), acmecore.Query{}); err != nil { // so that there is something to be remembered
		t.Fatal(err)
	}
	second, _ := keyOf(t, acmecore.RSA2048)
	parsed, err := keys.ParseRequest(csrOf(t, second, "www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	file := s.requests()[0]
	s.write(string(parsed.PEM()), "etc", "certificates", file)
	if got := s.list()[0]; !strings.Contains(got.Problem, "its request was changed") || got.Renewal.Reason != acmecore.BecauseUnusable {
		t.Errorf("list: got %+v", got)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{}, nil)
	if err != nil || run.Count(acmecore.Renewed) != 1 {
		t.Errorf("a pass: got %+v, %v", run, err)
	}
	if got := s.list()[0]; got.Problem != "" || got.Key != acmecore.RSA2048 {
		t.Errorf("afterwards: got %+v", got)
	}
	// One that cannot be read takes nothing from the certificate that there is.
	s.write("garbage", "etc", "certificates", file)
	if got := s.list()[0]; got.Problem != "" {
		t.Errorf("a bad one: got %+v", got)
	}
	if _, err := m.Certify(t.Context(), force("www.example.test"), nil); acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("a bad one: got %v", err)
	}
	// And a key that comes here again.
	s.write("names = [\"www.example.test\"]\n", "etc", "certificates", string(id)+".toml")
	if got := s.list()[0]; !strings.Contains(got.Problem, "the key of its current version is elsewhere") {
		t.Errorf("without the request: got %+v", got)
	}
	if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Error(err)
	}
	s.read(s.current("key.pem")...)
}

func TestRequestsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	key, text := keyOf(t, acmecore.EC256)
	account, err := keys.Decode(s.accountKey(m))
	if err != nil {
		t.Fatal(err)
	}
	request, yes := csrOf(t, key, "www.example.test"), true
	s.write(s.read("etc", "wcme.toml")+fmt.Sprintf("[[install]]\nname = \"combined\"\ndir = %q\ncertificates = [\"shop.example.test\"]\n", t.TempDir()), "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		request control.CertifyRequest
		says    string
	}{
		"garbage":               {control.CertifyRequest{CSR: []byte("garbage")}, "it is neither PEM"},
		"an account's key":      {control.CertifyRequest{CSR: csrOf(t, account, "www.example.test")}, "the key of an account"},
		"other names":           {control.CertifyRequest{CSR: request, Names: []acmecore.Name{"a.example.test"}}, "it lacks the name a.example.test"},
		"fewer names":           {control.CertifyRequest{CSR: csrOf(t, key, "a.example.test", "b.example.test"), Names: []acmecore.Name{"a.example.test"}}, "it has the name b.example.test"},
		"a kind of key":         {control.CertifyRequest{CSR: request, Keys: []acmecore.KeyType{acmecore.EC256}}, "kinds of key"},
		"a key":                 {control.CertifyRequest{CSR: request, PrivateKey: text}, "a private key"},
		"reuse":                 {control.CertifyRequest{CSR: request, ReuseKey: &yes}, "what becomes of the key"},
		"must-staple":           {control.CertifyRequest{CSR: request, MustStaple: &yes}, "must-staple"},
		"a target with the key": {control.CertifyRequest{CSR: csrOf(t, key, "shop.example.test")}, "combined"},
	} {
		_, err := m.Certify(t.Context(), row.request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), row.says) || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, want %q and a hint", what, err, row.says)
		}
	}
	if entries, err := os.ReadDir(s.path("etc", "certificates")); err != nil || len(entries) != 0 {
		t.Errorf("left in etc/certificates: %v, %v", entries, err)
	}
	if _, err := m.Certify(t.Context(), control.CertifyRequest{CSR: request}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, Keys: []acmecore.KeyType{acmecore.EC256}}, nil)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), "leave `csr` out") {
		t.Errorf("a kind of key for what has a request: got %v (%s)", err, acmecore.HintOf(err))
	}
}

// requests are the names of the requests that are kept beside the records.
func (s *setting) requests() (names []string) {
	s.Helper()
	paths, err := filepath.Glob(s.path("etc", "certificates", "*.csr"))
	if err != nil {
		s.Fatal(err)
	}
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}

// TestAFailedOrderLeavesNothingOfItsRequest: what stood there before stays.
func TestAFailedOrderLeavesNothingOfItsRequest(t *testing.T) {
	t.Parallel()
	s, m := withRefusingCA(t)
	key, _ := keyOf(t, acmecore.EC256)
	first, err := keys.ParseRequest(csrOf(t, key, "www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []string{"", fmt.Sprintf("names = ['www.example.test']\ncsr = '%s'\n", store.RequestPath(id, first.DER))} {
		if before != "" {
			s.record(before)
			if err := s.root.PutRequest(id, first); err != nil {
				t.Fatal(err)
			}
		}
		stood := s.requests()
		_, err := m.Certify(t.Context(), control.CertifyRequest{CSR: csrOf(t, key, "www.example.test")}, nil)
		if acmecore.KindOf(err) != acmecore.Refused {
			t.Fatalf("got %v", err)
		}
		if got := s.requests(); !slices.Equal(got, stood) {
			t.Errorf("requests: got %v, want %v", got, stood)
		}
		if before == "" {
			s.gone("etc", "certificates", string(id)+".toml")
		} else if got := s.read("etc", "certificates", string(id)+".toml"); got != before {
			t.Errorf("record: got\n%s", got)
		}
	}
}

// TestAKilledRunLeavesTheRequestOfTheRecord, although the new one is on disk already, and
// has other names.
func TestAKilledRunLeavesTheRequestOfTheRecord(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	key, _ := keyOf(t, acmecore.EC256)
	if _, err := m.Certify(t.Context(), control.CertifyRequest{CSR: csrOf(t, key, "www.example.test")}, nil); err != nil {
		t.Fatal(err)
	}
	stood := s.requests()
	wider := csrOf(t, key, "www.example.test", "more.example.test")
	parsed, err := keys.ParseRequest(wider)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.root.PutRequest(id, parsed); err != nil { // and here the run is killed
		t.Fatal(err)
	}
	again := s.manager()
	run, err := again.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{id}}, nil)
	if err != nil || run.Count(acmecore.Renewed) != 1 {
		t.Errorf("a pass: got %+v, %v", run, err)
	}
	if got := s.requests(); !slices.Equal(got, stood) {
		t.Errorf("requests: got %v, want %v", got, stood)
	}
	certified, err := again.Certify(t.Context(), control.CertifyRequest{CSR: wider}, nil)
	if err != nil || len(certified.Names) != 2 {
		t.Errorf("the new one: got %+v, %v", certified, err)
	}
	if got := s.requests(); len(got) != 1 || got[0] == stood[0] {
		t.Errorf("requests: got %v, want the new one alone", got)
	}
}

// TestAnInterruptedRequestGoesOn with the same order.
func TestAnInterruptedRequestGoesOn(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	key, _ := keyOf(t, acmecore.EC256)
	ctx, cancel := interruptible(t)
	_, err := m.Certify(ctx, control.CertifyRequest{CSR: csrOf(t, key, "www.example.test")}, func(step acmecore.Step) {
		if strings.Contains(step.Text, "placed for") {
			cancel()
		}
	})
	if acmecore.KindOf(err) != acmecore.Busy {
		t.Fatalf("got %v, want that it was interrupted", err)
	}
	heard := new(steps)
	again := s.manager()
	if _, err := again.Certify(t.Context(), request("www.example.test"), heard.of("second", nil)); err != nil {
		t.Fatal(err)
	}
	if !heard.has("second", "going on where it was left") || heard.has("second", "placed") || !s.list()[0].Keyless {
		t.Errorf("got %q", heard.list)
	}
}

// interruptible is a context that a step may end.
func interruptible(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}
