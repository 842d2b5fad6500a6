package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Between stands between wCME and Pebble, as a CA's own front does: it counts
// what is asked, and makes what is rare happen at the moment that a test wants. It
// passes the Host on, so that Pebble's URLs are its own, and what is signed for
// them is right.
//
//	between := lab.MustBetween(t, pebble)
//	… the ACME directory is between.Directory, its TLS is verified with pebble.Roots …
//	between.After(lab.ClassFinalize, 1, func() bool { kill(); return false })
//	between.Answer(lab.ClassRenewalInfo, lab.Reply(503, http.Header{"Retry-After": {"3600"}}, ""))
//
// Its methods may be called at any time, by a hook too.
type Between struct {
	Directory string // URL of the ACME directory
	Roots     string // PEM file: the root that verifies the TLS of Directory, that of the Pebble

	gate    *gate
	server  *http.Server
	forward *httputil.ReverseProxy
	served  chan error
	stop    func() error

	mu       sync.Mutex
	requests []Request
	hooks    []*hook
	answers  map[Class]func(http.ResponseWriter, *http.Request) bool
	faults   []string
}

// Request is one that Between was asked.
type Request struct {
	Class  Class
	Method string
	Path   string
	At     time.Time // when it came
	Status int       // of the answer; 0 while, or where, there is none
	Detail string    // what the CA says of an order that it refuses (RFC 8555 section 6.7)
}

// hook is what happens at one request of a class.
type hook struct {
	class         Class
	left          int // requests of the class until it happens
	before, after func() bool
}

// StartBetween starts it on a port of its own.
func StartBetween(pebble *Pebble) (*Between, error) {
	origin, err := url.Parse(pebble.Directory)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(pebble.Roots)
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, fmt.Errorf("start what stands before Pebble: %w", err)
	}
	gate, err := openGate()
	if err != nil {
		return nil, err
	}
	b := &Between{
		Directory: "https://" + gate.Addr().String() + origin.Path,
		Roots:     pebble.Roots,
		gate:      gate,
		served:    make(chan error, 1),
		answers:   make(map[Class]func(http.ResponseWriter, *http.Request) bool),
	}
	b.stop = sync.OnceValue(b.end)
	quiet := log.New(io.Discard, "", 0) // connections are cut because a test wants it
	b.forward = &httputil.ReverseProxy{
		Transport:      pebble.Client.Transport,
		Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = origin.Scheme, origin.Host },
		ModifyResponse: b.processed,
		ErrorHandler:   b.unforwarded,
		ErrorLog:       quiet,
	}
	b.server = &http.Server{
		Handler:   http.HandlerFunc(b.serve),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
		ErrorLog:  quiet,
		// HTTP/1.1 alone: there, cutting off one request is cutting a connection.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	go func() { b.served <- b.server.ServeTLS(gate, "", "") }()
	return b, nil
}

// MustBetween starts it for the time of the test.
func MustBetween(tb TB, pebble *Pebble) *Between {
	tb.Helper()
	between, err := StartBetween(pebble)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "what was asked of the CA", between)
	return between
}

// Stop ends it. Stopping twice is no error.
func (b *Between) Stop() error { return b.stop() }

func (b *Between) end() error {
	b.gate.setShut(true) // also what a hook holds
	err := b.server.Close()
	if served := <-b.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Before calls f before the n-th request of the class from now on, 1 for the next,
// is passed on. When f returns false it is not: the connection is cut.
func (b *Between) Before(class Class, n int, f func() (pass bool)) {
	b.add(&hook{class: class, left: n, before: f})
}

// After calls f after the CA has dealt with the n-th request of the class from now
// on, 1 for the next. When f returns false nobody gets the answer: the connection
// is cut. A hook that kills who asked awaits the end and returns false.
func (b *Between) After(class Class, n int, f func() (pass bool)) {
	b.add(&hook{class: class, left: n, after: f})
}

func (b *Between) add(h *hook) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hooks = append(b.hooks, h)
}

// Answer makes f answer requests of the class in place of the CA, WriteHeader first,
// or leave them to it by returning false; nil ends that. See Reply.
func (b *Between) Answer(class Class, f func(http.ResponseWriter, *http.Request) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[class] = f
}

// Reply is an answer that is always the same, for Answer.
func Reply(status int, header http.Header, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		for name, values := range header {
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}
}

// SetOutage begins or ends an outage: every connection is reset, those that are
// there and those that are tried. What a client tries meanwhile is not counted.
func (b *Between) SetOutage(outage bool) { b.gate.setShut(outage) }

// AwaitDeserted returns when nobody is connected. All that was asked by those who have
// ended has been counted then, and dealt with.
func (b *Between) AwaitDeserted(ctx context.Context) error {
	for !b.gate.isEmpty() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("await that nobody is connected: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
	return nil
}

// Count returns how many requests of the class have come, but for orders that are
// placed again.
func (b *Between) Count(class Class) (n int) {
	for _, request := range b.Requests() {
		if request.Class == class && !request.Again() {
			n++
		}
	}
	return n
}

// Again tells whether it was an order that the CA has refused because of the certificate
// that it was to take the place of, and that is placed again without that at once (RFC
// 9773 section 5): Pebble does so after any other order that was to, and where that
// certificate is one that it does not find.
func (r Request) Again() bool {
	return r.Class == ClassNewOrder && (r.Status == http.StatusConflict || strings.Contains(r.Detail, unfound))
}

// unfound is what Pebble says of one certificate in 256: those with a zero byte before
// their serial number in DER (X.690 section 8.3.2), which it looks for without.
const unfound = "could not find an order for the given certificate"

// Requests returns all that was asked, in the order in which it came.
func (b *Between) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Request(nil), b.requests...)
}

// Log is a line for each request, and what went wrong in passing it on.
func (b *Between) Log() string {
	var text strings.Builder
	for _, r := range b.Requests() {
		fmt.Fprintf(&text, "%s %-12s %s %s: %d\n", r.At.Format("15:04:05.000"), r.Class, r.Method, r.Path, r.Status)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return text.String() + strings.Join(b.faults, "\n")
}
