// Package responder answers http-01 challenges over HTTP (RFC 8555 section 8.3)
// where no web server does: on a mail host, behind a load balancer, in a
// container.
//
// Configure says where; Open before the CA is told of a challenge, and call what
// it returns when the order has ended. In between the port is bound, and at all
// other times it is free for others, unless Settings.Always is set. Orders may
// overlap: the last one to end unbinds. Sockets that systemd has bound already
// take the place of addresses, so that no right to use the port is needed; they
// are served from the first Configure until Close.
//
// An answer is byte for byte the script's. Nothing else is served, and with
// Settings.Redirect everything else is sent to https.
package responder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

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
	// Sockets are listening already, and take the place of Settings.Addresses. May
	// be none.
	Sockets []net.Listener
}

// Settings are what the administrator decides.
type Settings struct {
	Addresses []string // HOST:PORT; "" for HOST is every address, IPv4 and IPv6
	Always    bool     // bound from Configure to Close, not only while it is held open
	Redirect  bool     // whatever is no challenge is sent to https
}

// Responder answers challenges. Make one with New.
type Responder struct {
	options  Options
	redirect atomic.Bool

	mu       sync.Mutex
	settings Settings
	held     int              // how often it was opened and not yet released
	doors    map[string]*door // by address
	closing  sync.WaitGroup   // doors that finish what they were asked
}

// New returns a responder that answers nowhere yet.
func New(o Options) *Responder {
	return &Responder{options: o, doors: make(map[string]*door)}
}

// Configure puts the settings in force. Addresses that are no longer wanted are
// unbound first; what cannot be bound is the error, and is tried again at each
// Open and Configure.
func (r *Responder) Configure(settings Settings) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settings = settings
	r.redirect.Store(settings.Redirect)
	r.serveGiven()
	return r.adjust()
}

// Open returns when challenges are answered at every address, or with an error
// that says which one cannot be used, and why. What it returns must be called
// once, when the order has ended.
func (r *Responder) Open() (release func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held++
	if err := r.adjust(); err != nil {
		r.letGo()
		return nil, err
	}
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.letGo()
	}), nil
}

// Close unbinds everything, also what is held open, and returns when every
// request has been answered or has taken too long.
func (r *Responder) Close() {
	r.mu.Lock()
	for address := range r.doors {
		r.shut(address)
	}
	r.settings = Settings{}
	r.mu.Unlock()
	r.closing.Wait()
}

func (r *Responder) log() *slog.Logger { return r.options.Log }

// letGo is the end of one Open.
func (r *Responder) letGo() {
	r.held--
	r.unbind(r.wanted())
}

// adjust makes what is bound what should be.
func (r *Responder) adjust() error {
	wanted := r.wanted()
	r.unbind(wanted)
	var problems []error
	for address := range wanted {
		if r.doors[address] == nil {
			problems = append(problems, r.bind(address))
		}
	}
	return errors.Join(problems...)
}

func (r *Responder) unbind(wanted map[string]bool) {
	for address, door := range r.doors {
		if !wanted[address] && !door.given {
			r.shut(address)
		}
	}
}

// wanted are the addresses to be bound now.
func (r *Responder) wanted() map[string]bool {
	wanted := make(map[string]bool)
	for _, door := range r.doors {
		if door.given {
			return wanted
		}
	}
	if r.held > 0 || r.settings.Always {
		for _, address := range r.settings.Addresses {
			wanted[address] = true
		}
	}
	return wanted
}

func (r *Responder) bind(address string) error {
	listener, err := listen(address)
	if err != nil {
		return err
	}
	r.serve(address, listener, false)
	r.log().Info("answering challenges", "address", address)
	return nil
}

// serveGiven serves the sockets from systemd, the first time.
func (r *Responder) serveGiven() {
	for i, listener := range r.options.Sockets {
		r.serve(fmt.Sprintf("socket %d from systemd", i+1), listener, true)
		r.log().Info("answering challenges", "address", listener.Addr().String(), "socket", "from systemd")
	}
	r.options.Sockets = nil
}

func (r *Responder) serve(address string, listener net.Listener, given bool) {
	opened := newDoor(listener, r, given)
	r.doors[address] = opened
	go func() {
		if err := opened.serve(); err != nil {
			r.lost(address, opened, err)
		}
	}()
}

// lost forgets a door that has fallen shut, so that the next Open opens it again.
func (r *Responder) lost(address string, fallen *door, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.doors[address] != fallen {
		return
	}
	r.log().Error("challenges are no longer answered", "address", address, "error", err)
	delete(r.doors, address)
}

// shut unbinds an address: when it returns, the port is free.
func (r *Responder) shut(address string) {
	closed := r.doors[address]
	delete(r.doors, address)
	closed.unbind()
	r.closing.Go(closed.finish)
	if !closed.given {
		r.log().Info("no longer answering challenges", "address", address)
	}
}
