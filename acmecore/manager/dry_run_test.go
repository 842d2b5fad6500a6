package manager_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// dryRun is a setting with a CA, and its test side, which asks a web server of its own
// for challenges.
type dryRun struct {
	*setting
	*manager.Manager
	production, staging *lab.Pebble
}

func newDryRun(t *testing.T, refused ...string) dryRun {
	t.Helper()
	s := newSetting(t, "")
	answer := files(s.path("www"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range refused {
			if strings.HasPrefix(r.Host, name) {
				http.NotFound(w, r)
				return
			}
		}
		answer.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	programs, blocked := lab.MustBuild(t), []string{"blocked.test"}
	d := dryRun{setting: s, production: lab.MustPebble(t, programs, lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, BlockedNames: blocked}),
		staging: lab.MustPebble(t, programs, lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: port, BlockedNames: blocked})}
	s.write(fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[verify]\nports = []\n[authority.lab]\ndirectory = %q\nroots = %q\nstaging = \"test\"\n[authority.test]\ndirectory = %q\nroots = %q\n",
		d.production.Directory, d.production.Roots, d.staging.Directory, d.staging.Roots), "etc", "wcme.toml")
	d.Manager = s.manager()
	d.RehearseAt(d.staging.Names.DNS, port)
	t.Cleanup(d.Close)
	return d
}

func dry(names ...acmecore.Name) control.CertifyRequest {
	asked := request(names...)
	asked.DryRun = true
	return asked
}

// TestDryRunOrdersAtTheTestSide and keeps nothing of it but the account there.
func TestDryRunOrdersAtTheTestSide(t *testing.T) {
	t.Parallel()
	d := newDryRun(t)
	if _, err := d.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := d.Rehearse(t.Context(), dry("www.example.test", "example.test"), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantAbout(t, got, "order at the test side", "test", "every name was proved, and a certificate was issued for 90 days, which was not kept")
	}
	for _, dir := range []string{"etc/certificates", "priv/orders", "priv/certificates", "ssl", "www"} {
		if entries, err := os.ReadDir(d.path(dir)); err == nil && len(entries) > 0 {
			t.Errorf("%s: got %v, want nothing", dir, entries)
		}
	}
	if accounts, err := os.ReadDir(d.path("priv", "accounts")); err != nil || len(accounts) != 2 {
		t.Errorf("accounts: got %v, %v, want one at each side", accounts, err)
	}
}

// TestDryRunNamesWhatFails and offers to go on without it; the first name cannot be left out.
func TestDryRunNamesWhatFails(t *testing.T) {
	t.Parallel()
	d := newDryRun(t, "bad.example.test")
	asked := dry("www.example.test", "bad.example.test", "shop.example.test")
	got, err := d.Rehearse(t.Context(), asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Ready {
		t.Error("it is ready")
	}
	wantAbout(t, got, "order at the test side", "!bad.example.test", "404")
	if last := got.Findings[len(got.Findings)-1]; !strings.Contains(last.Try, "--without bad.example.test") {
		t.Errorf("got %+v", last)
	}
	asked.Without = []acmecore.Name{"bad.example.test"}
	if got, err = d.Rehearse(t.Context(), asked, nil); err != nil {
		t.Fatal(err)
	}
	wantAbout(t, got, "order at the test side", "test", "every name was proved")
	for text, want := range map[acmecore.Name]string{"www.example.test": "names the certificate", "other.example.test": "none of the names", "a b": "has the character"} {
		asked.Without = []acmecore.Name{text}
		if _, err := d.Rehearse(t.Context(), asked, nil); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: got %v", text, err)
		}
	}
}

func TestDryRunNeedsATestSide(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	if _, err := r.Rehearse(t.Context(), dry("www.example.test"), nil); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), "staging") {
		t.Errorf("got %v, hint %q", err, acmecore.HintOf(err))
	}
	asked := dry("www.example.test")
	asked.Local = true
	got, err := r.Rehearse(t.Context(), asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantAbout(t, got, "certification authority", "?lab", "neither the CA nor its CAA records are asked")
	wantAbout(t, got, "challenge path", "www.example.test", "answered rightly")
	if len(about(got, "CAA")) > 0 || len(about(got, "order at the test side")) > 0 {
		t.Errorf("got %v", got.Findings)
	}
}

// TestOneOfSeveralNamesFails: it is named with what would order the others, and is never
// left out by itself.
func TestOneOfSeveralNamesFails(t *testing.T) {
	t.Parallel()
	d := newDryRun(t, "bad.example.test")
	asked := request("www.example.test", "bad.example.test")
	asked.CA = "test"
	if _, err := d.Register(t.Context(), control.RegisterRequest{CA: "test"}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := d.Certify(t.Context(), asked, nil)
	if acmecore.KindOf(err) != acmecore.Refused || !strings.HasSuffix(acmecore.HintOf(err), "or order the others: the same with --without bad.example.test") || strings.Contains(err.Error(), "www.example.test was refused") {
		t.Errorf("got %v, hint %q", err, acmecore.HintOf(err))
	}
	asked.Without = []acmecore.Name{"bad.example.test"}
	certified, err := d.Certify(t.Context(), asked, nil)
	if err != nil || len(certified.Names) != 1 {
		t.Errorf("got %v, %v", certified.Names, err)
	}
	alone := request("bad.example.test")
	alone.CA = "test"
	if _, err := d.Certify(t.Context(), alone, nil); err == nil || strings.Contains(acmecore.HintOf(err), "--without") {
		t.Errorf("got %v, hint %q", err, acmecore.HintOf(err))
	}
}

// TestANameThatNoOrderMayHave is offered to be left out too, and the first one is not.
func TestANameThatNoOrderMayHave(t *testing.T) {
	t.Parallel()
	d := newDryRun(t)
	if _, err := d.Register(t.Context(), control.RegisterRequest{CA: "test"}, nil); err != nil {
		t.Fatal(err)
	}
	for offered, names := range map[bool][]acmecore.Name{true: {"www.example.test", "blocked.test"}, false: {"blocked.test", "www.example.test"}} {
		asked := request(names...)
		asked.CA = "test"
		_, err := d.Certify(t.Context(), asked, nil)
		hint := acmecore.HintOf(err)
		if acmecore.KindOf(err) != acmecore.Refused || !strings.HasPrefix(hint, "the CA does not certify this name") || strings.HasSuffix(hint, "? or order the others: the same with --without blocked.test") != offered {
			t.Errorf("%v: got %v, hint %q", names, err, hint)
		}
		got, err := d.Rehearse(t.Context(), dry(names...), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantAbout(t, got, "order at the test side", "!blocked.test", "a forbidden domain")
		if last := got.Findings[len(got.Findings)-1]; strings.Contains(last.Try, "--without blocked.test") != offered || last.Try == "" {
			t.Errorf("%v: got %+v", names, last)
		}
	}
}

// TestARequestWithoutTheName is what is offered where a request was made elsewhere: its
// names are its own.
func TestARequestWithoutTheName(t *testing.T) {
	t.Parallel()
	d := newDryRun(t, "bad.example.test")
	if _, err := d.Register(t.Context(), control.RegisterRequest{CA: "test"}, nil); err != nil {
		t.Fatal(err)
	}
	names := []acmecore.Name{"www.example.test", "bad.example.test"}
	key, _ := keyOf(t, acmecore.EC256)
	asked := request(names...)
	asked.CA, asked.CSR = "test", csrOf(t, key, "www.example.test", "bad.example.test")
	_, err := d.Certify(t.Context(), asked, nil)
	if hint := acmecore.HintOf(err); acmecore.KindOf(err) != acmecore.Refused || !strings.HasSuffix(hint, "; or order the others, by a request without bad.example.test") {
		t.Errorf("got %v, hint %q", err, hint)
	}
	asked.CA, asked.DryRun = "", true
	got, err := d.Rehearse(t.Context(), asked, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last := got.Findings[len(got.Findings)-1]; last.Subject != "bad.example.test" || last.Try != "mend that, or make a request without it" {
		t.Errorf("got %+v", last)
	}
}
