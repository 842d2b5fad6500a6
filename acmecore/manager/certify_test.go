package manager_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// withCA returns a setting with an account at a CA that takes every challenge for
// answered, and its manager.
func withCA(t *testing.T) (*setting, *manager.Manager) {
	t.Helper()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		pebble.Directory, pebble.Roots))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	return s, m
}

func request(names ...acmecore.Name) control.CertifyRequest {
	return control.CertifyRequest{Names: names}
}

// steps collects the steps of runs, each as "RUN STAGE TEXT". hold, when it is
// not nil, keeps a run at its first step.
type steps struct {
	mu   sync.Mutex
	list []string
}

func (s *steps) of(run string, hold func()) acmecore.Progress {
	once := sync.OnceFunc(func() {
		if hold != nil {
			hold()
		}
	})
	return func(step acmecore.Step) {
		s.mu.Lock()
		s.list = append(s.list, fmt.Sprintf("%s %s %s", run, step.Stage, step.Text))
		s.mu.Unlock()
		once()
	}
}

// has tells whether a step of the run has the text in it.
func (s *steps) has(run, text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.list, func(line string) bool {
		return strings.HasPrefix(line, run+" ") && strings.Contains(line, text)
	})
}

// begin starts a run that stops at its first step until release is called; it
// has stopped when begin returns. done gets its error.
func begin(t *testing.T, m *manager.Manager, heard *steps, run string, wanted control.CertifyRequest) (release func(), done <-chan error) {
	t.Helper()
	holding, free, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	progress := heard.of(run, func() { close(holding); <-free })
	go func() {
		_, err := m.Certify(context.WithoutCancel(t.Context()), wanted, progress)
		ended <- err
	}()
	select {
	case <-holding:
	case err := <-ended:
		t.Fatalf("%s ended before its first step: %v", run, err)
	}
	release = sync.OnceFunc(func() { close(free) })
	t.Cleanup(release)
	return release, ended
}

func TestCertifyOneAfterTheOther(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	heard := new(steps)
	release, first := begin(t, m, heard, "first", request("www.example.test"))
	second := make(chan error, 1)
	go func() {
		_, err := m.Certify(t.Context(), request("www.example.test"), heard.of("second", nil))
		second <- err
	}()
	// Another certificate does not wait for them.
	if _, err := m.Certify(t.Context(), request("other.example.test"), heard.of("other", nil)); err != nil {
		t.Errorf("another certificate: %v", err)
	}
	if !heard.has("other", "published") || heard.has("second", "") {
		t.Errorf("while the first was held: got %q", heard.list)
	}
	release()
	if err := errors.Join(<-first, <-second); err != nil {
		t.Fatal(err)
	}
	if !heard.has("second", "kept: it is valid") || heard.has("second", "placed") {
		t.Errorf("the second one: got %q, want that it found the first one's certificate", heard.list)
	}
	if versions, err := os.ReadDir(s.path("priv", "certificates", string(id))); err != nil || len(versions) != 2 {
		t.Errorf("versions: got %v, %v, want one and the link", versions, err)
	}
}

func TestCertifyWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	_, m := withCA(t)
	heard := new(steps)
	release, first := begin(t, m, heard, "first", request("www.example.test"))
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		_, err := m.Certify(ctx, request("www.example.test", "more.example.test"), heard.of("second", nil))
		second <- err
	}()
	cancel()
	err := <-second
	if acmecore.KindOf(err) != acmecore.Busy || !errors.Is(err, context.Canceled) || acmecore.HintOf(err) == "" {
		t.Errorf("got %v of kind %q, want busy, with a hint", err, acmecore.KindOf(err))
	}
	release()
	if err := <-first; err != nil {
		t.Errorf("the first one: %v", err)
	}
	if _, err := m.Certify(t.Context(), request("www.example.test", "more.example.test"), nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestCertifyInterruptedGoesOnLater(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	heard := new(steps)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.Certify(ctx, request("www.example.test"), heard.of("first", cancel))
	if !errors.Is(err, context.Canceled) || !strings.HasSuffix(err.Error(), "www_example_test: interrupted") {
		t.Errorf("got %v, want that it was interrupted", err)
	}
	if !heard.has("first", "placed") {
		t.Fatalf("got %q, want an order", heard.list)
	}
	if _, err := s.manager().Certify(t.Context(), request("www.example.test"), heard.of("second", nil)); err != nil {
		t.Fatal(err)
	}
	if !heard.has("second", "going on where it was left") || heard.has("second", "placed") {
		t.Errorf("the second one: got %q, want the first one's order", heard.list)
	}
}

// TestCertifyMends damages what is there; a run without force must notice, and
// leave a pair that fits.
func TestCertifyMends(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	for _, row := range []struct {
		what    string
		damage  func()
		ordered bool // whether another certificate had to be ordered
	}{
		{"nothing", func() {}, false},
		{"a product is gone", func() { s.remove("ssl", "fullchain_www_example_test.pem") }, false},
		{"a product is another one's", func() { s.write("garbage", "ssl", "fullchain_www_example_test.pem") }, false},
		{"the record is gone", func() { s.remove("etc", "certificates", string(id)+".toml") }, true},
		{"the link is gone", func() { s.remove("priv", "certificates", string(id), "current") }, true},
		{"the versions are gone", func() { s.remove("priv", "certificates", string(id)) }, true},
		{"the key is gone", func() { s.remove(s.current("key.pem")...) }, true},
		{"the key is garbage", func() { s.write("garbage", s.current("key.pem")...) }, true},
		{"the chain is gone", func() { s.remove(s.current("fullchain.pem")...) }, true},
		{"the chain is garbage", func() { s.write("garbage", s.current("fullchain.pem")...) }, true},
		{"the chain is empty", func() { s.write("", s.current("fullchain.pem")...) }, true},
		{"the journal is garbage", func() {
			if err := os.MkdirAll(s.path("priv", "orders", string(id)), 0o700); err != nil {
				t.Fatal(err)
			}
			s.write("{", "priv", "orders", string(id), "order.json")
			s.remove("priv", "certificates", string(id))
		}, true},
	} {
		if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
			t.Fatal(err)
		}
		row.damage()
		heard := new(steps)
		if _, err := m.Certify(t.Context(), request("www.example.test"), heard.of("run", nil)); err != nil {
			t.Errorf("%s: %v", row.what, err)
			continue
		}
		if got := heard.has("run", "placed"); got != row.ordered {
			t.Errorf("%s: ordered: got %v, want %v", row.what, got, row.ordered)
		}
		text := []byte(s.read("ssl", "fullchain_www_example_test.pem"))
		if _, err := tls.X509KeyPair(text, text); err != nil {
			t.Errorf("%s: %v", row.what, err)
		}
		if list := s.list(); len(list) != 1 || list[0].Problem != "" {
			t.Errorf("%s: got %+v", row.what, list)
		}
	}
}

func TestCertifyRefusesBeforeAnythingIsOrdered(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	long := acmecore.Name(strings.Repeat(strings.Repeat("a", 49)+".", 4) + "test")
	many := make([]acmecore.Name, acmecore.MaxNames+1)
	for i := range many {
		many[i] = acmecore.Name(fmt.Sprintf("h%d.example.test", i))
	}
	for _, row := range []struct {
		what    string
		request control.CertifyRequest
		want    string
	}{
		{"no name", request(), "none given"},
		{"too many names", request(many...), "101 given"},
		{"no host name", request("../x"), "\"../x\""},
		{"a wildcard", request("*.example.test"), "nothing is set up that answers dns-01"},
		{"a name that no file can have", request(long), "too long"},
		{"an unknown CA", control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, CA: "nobody"}, "\"nobody\""},
	} {
		_, err := m.Certify(t.Context(), row.request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), row.want) {
			t.Errorf("%s: got %v of kind %q, want %q", row.what, err, acmecore.KindOf(err), row.want)
		}
	}
	if entries, err := os.ReadDir(s.path("priv", "orders")); err != nil || len(entries) != 0 {
		t.Errorf("journals: got %v, %v", entries, err)
	}
}

// TestReloadWhileARunGoesOn: a run ends by the configuration that it began with.
func TestReloadWhileARunGoesOn(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	heard := new(steps)
	release, done := begin(t, m, heard, "run", request("www.example.test"))
	whole := s.read("etc", "wcme.toml")
	s.write("nonsense", "etc", "wcme.toml")
	if err := m.Reload(); acmecore.KindOf(err) != acmecore.Invalid {
		t.Errorf("nonsense: got %v, want invalid", err)
	}
	if m.Config().CA[0].String() != "lab" {
		t.Errorf("CA in force: got %v", m.Config().CA)
	}
	s.write("key = \"ec384\"\n"+whole, "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Error(err)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if key := s.list()[0].Key; key != acmecore.EC256 {
		t.Errorf("key: got %s, want that of the configuration before", key)
	}
	if got, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil || got.Key != acmecore.EC384 {
		t.Errorf("the next one: got %s, %v, want ec384", got.Key, err)
	}
}
