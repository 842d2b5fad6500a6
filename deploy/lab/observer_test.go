package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// served is a TLS server whose certificate can be changed.
type served struct {
	*httptest.Server
	pair atomic.Pointer[tls.Certificate]
}

// serve answers as handler does, with the certificate of the identity.
func serve(t *testing.T, id lab.Identity, handler http.HandlerFunc) *served {
	t.Helper()
	s := &served{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // visitors that go away are the test's own
	s.present(t, id)
	s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*s.pair.Load()}}, nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *served) address() string { return s.Listener.Addr().String() }

// present changes the certificate, and returns its serial.
func (s *served) present(t *testing.T, id lab.Identity) string {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(id.Certificate, id.Key)
	if err != nil {
		t.Fatal(err)
	}
	s.pair.Store(&pair)
	return pair.Leaf.SerialNumber.Text(16)
}

func identity(t *testing.T) lab.Identity {
	t.Helper()
	id, err := lab.MakeIdentity(t.TempDir(), "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// await gives up when a visit does not come.
func await(t *testing.T, observer *lab.Observer, enough func(lab.Observation) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := observer.Await(ctx, enough); err != nil {
		t.Fatal(err)
	}
}

func visits(n int) func(lab.Observation) bool {
	return func(seen lab.Observation) bool { return seen.Visits+len(seen.Failures) >= n }
}

func TestObserverSeesEachCertificateAndNoFailure(t *testing.T) {
	t.Parallel()
	first, second := identity(t), identity(t)
	server := serve(t, first, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	one := server.present(t, first)
	roots := first.Pool.Clone()
	roots.AppendCertsFromPEM(read(t, second.Root))
	observer := lab.StartObserver(t, lab.ObserverOptions{
		Address: server.address(), Name: "www.example.test", Path: "/", PerSecond: 500,
		Roots: func() *x509.CertPool { return roots },
	})
	await(t, observer, visits(5))
	two := server.present(t, second)
	await(t, observer, func(seen lab.Observation) bool { return slices.Contains(seen.Serials, two) })
	seen := observer.Stop()
	if want := []string{one, two}; !slices.Equal(seen.Serials, want) || len(seen.Failures) > 0 || seen.Visits < 6 {
		t.Errorf("got %+v, want the serials %q, 6 visits or more, and no failure", seen, want)
	}
	if again := observer.Stop(); again.Visits != seen.Visits {
		t.Errorf("after Stop: it went on, from %d to %d visits", seen.Visits, again.Visits)
	}
	if err := observer.Await(t.Context(), visits(1_000_000)); err == nil {
		t.Error("await after Stop: got no error")
	}
}

func TestObserverSeesFailures(t *testing.T) {
	t.Parallel()
	id, stranger := identity(t), identity(t)
	hello := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }
	long := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "hello")
	}
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	nobody, err := lab.FreePort() // the system would give it to the next one who asks
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what, name, address string
		handler             http.HandlerFunc
		roots               *x509.CertPool
		now                 time.Duration // from the machine's time
		want                string
	}{
		{"nobody listens", "www.example.test", lab.Loopback(nobody), hello, id.Pool, 0, "refused"},
		{"another name", "ftp.example.test", "", hello, id.Pool, 0, "handshake: tls: failed to verify certificate"},
		{"another root", "www.example.test", "", hello, stranger.Pool, 0, "unknown authority"},
		{"it is expired by the visitor's clock", "www.example.test", "", hello, id.Pool, 50 * 365 * day, "expired"},
		{"it hangs up", "www.example.test", "", abort, id.Pool, 0, "answer: "},
		{"it hangs up in the middle", "www.example.test", "", long, id.Pool, 0, "rest of the answer: unexpected EOF"},
		{"any certificate will do", "ftp.example.test", "", hello, nil, 0, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			if row.address == "" {
				server := serve(t, id, row.handler)
				row.address = server.address()
			}
			options := lab.ObserverOptions{Address: row.address, Name: row.name, Path: "/", PerSecond: 500}
			options.Now = func() time.Time { return time.Now().Add(row.now) }
			if row.roots != nil {
				options.Roots = func() *x509.CertPool { return row.roots }
			}
			observer := lab.StartObserver(t, options)
			await(t, observer, visits(2))
			seen := observer.Stop()
			if row.want == "" {
				if len(seen.Failures) > 0 {
					t.Errorf("got %q, want no failure", seen.Failures)
				}
				return
			}
			if seen.Visits > 0 || !strings.Contains(strings.Join(seen.Failures, "\n"), row.want) {
				t.Errorf("got %d good visits, %q; want none, and %q", seen.Visits, seen.Failures, row.want)
			}
		})
	}
}
