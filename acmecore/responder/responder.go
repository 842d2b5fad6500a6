// Package responder answers challenges itself where no web server does: on a mail host,
// behind a load balancer, in a container. Those of http-01 it answers over HTTP (RFC 8555
// section 8.3), and those of tls-alpn-01 by a TLS handshake (RFC 8737).
//
// Configure says where; Open before the CA is told of a challenge of http-01, and call
// what it returns when the order has ended. In between the port is bound, and at all
// other times it is free for others, unless Settings.Always is set. Orders may overlap:
// the last one to end unbinds. Sockets that systemd has bound already take the place of
// addresses, so that no right to use the port is needed; they are served from the first
// Configure until Close. OpenTLS does the same for tls-alpn-01, and Show has it show the
// certificate of one challenge.
//
// An answer over HTTP is byte for byte the script's. Nothing else is served, and with
// Settings.Redirect everything else is sent to https. Over TLS, whoever asks for
// something else gets an alert.
package responder

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"wcme/acmecore/challenge"
)

// Lookup finds pending challenges: it returns the key authorization of what a
// visitor asked for behind the path's last slash, or challenge.ErrUnknown. An
// error of another kind is logged.
type Lookup interface {
	Lookup(asked string) ([]byte, error)
}

// Elsewhere finds the challenges of other ACME clients on this host, and of hosts
// behind it. The problems are logged.
type Elsewhere interface {
	Find(ctx context.Context, q challenge.Question) (challenge.Answer, []error)
}

// Options are what a responder works with.
type Options struct {
	Challenges Lookup
	Elsewhere  Elsewhere // asked for what Challenges does not have; nil knows nothing
	Log        *slog.Logger
	// Sockets are listening already, and take the place of Settings.Addresses, and
	// TLSSockets that of Settings.TLSAddresses. May be none.
	Sockets, TLSSockets []net.Listener
}

// Settings are what the administrator decides.
type Settings struct {
	Addresses    []string // of http-01, HOST:PORT; "" for HOST is every address, IPv4 and IPv6
	TLSAddresses []string // of tls-alpn-01, likewise
	Always       bool     // bound from Configure to Close, not only while it is held open
	Redirect     bool     // whatever is no challenge of http-01 is sent to https
}

// Responder answers challenges. Make one with New.
type Responder struct {
	options  Options
	redirect atomic.Bool
	shown    shown
	slack    time.Duration // is added to each time limit in tests of something else

	mu        sync.Mutex
	settings  Settings
	http, tls *front
	closing   sync.WaitGroup // doors that finish what they were asked
}

// New returns a responder that answers nowhere yet.
func New(o Options) *Responder {
	r := &Responder{options: o}
	r.http = &front{Responder: r, words: httpWords(), serving: r.httpServer, given: o.Sockets, doors: make(map[string]*door)}
	r.tls = &front{Responder: r, words: tlsWords(), serving: r.tlsServer, given: o.TLSSockets, doors: make(map[string]*door)}
	return r
}

// Configure puts the settings in force. Addresses that are no longer wanted are
// unbound first; what cannot be bound is the error, and is tried again at each
// Open, OpenTLS and Configure.
func (r *Responder) Configure(settings Settings) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings = settings
	r.redirect.Store(settings.Redirect)
	r.http.addresses, r.tls.addresses = settings.Addresses, settings.TLSAddresses
	r.http.serveGiven()
	r.tls.serveGiven()
	return errors.Join(r.http.adjust(), r.tls.adjust())
}

// Open returns when challenges of http-01 are answered at every address, or with an error
// that says which one cannot be used, and why. What it returns must be called once, when
// the order has ended.
func (r *Responder) Open() (release func(), err error) { return r.http.open() }

// OpenTLS is Open for tls-alpn-01.
func (r *Responder) OpenTLS() (release func(), err error) { return r.tls.open() }

// Shows tells whether an address, or a socket, is set up for tls-alpn-01.
func (r *Responder) Shows() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tls.answers()
}

// Close unbinds everything, also what is held open, and returns when every
// request has been answered or has taken too long.
func (r *Responder) Close() {
	r.mu.Lock()
	r.settings = Settings{}
	r.http.close()
	r.tls.close()
	r.mu.Unlock()
	r.closing.Wait()
}

func (r *Responder) log() *slog.Logger { return r.options.Log }

// onceWith returns a function that has the end take place once, with the mutex held.
func onceWith(mu *sync.Mutex, end func()) func() {
	return sync.OnceFunc(func() {
		mu.Lock()
		defer mu.Unlock()
		end()
	})
}
