package proving

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/order"
)

// solver makes challenges of one method answerable.
type solver interface {
	// publish and withdraw are those of order.Challenges.
	publish(ctx context.Context, response order.Response) error
	withdraw(ctx context.Context, response order.Response, valid bool) error
}

// Ways are those in which the names of one certificate can be proved: order.Challenges.
type Ways struct {
	log    *slog.Logger
	config func() *config.Config // in force
	record *config.Certificate
	past   acmecore.Standing
	files  *Files // for http-01
	alpn   *alpn  // for tls-alpn-01
	txt    *txt   // for dns-01
	hooks  *hooks

	mu       sync.Mutex                // of these two
	solvers  map[acmecore.Token]solver // that have published
	prepared map[attempt]error         // what came of preparing a way

	preparing sync.Mutex       // held while a way is prepared; of these
	opened    map[opener]error // what came of opening
	releases  []func()         // what ends that
	begun     bool             // the order was: who reserves waits for nobody
}

// attempt is one way to prove one name.
type attempt struct {
	method acmecore.Method
	name   acmecore.Name
}

var _ order.Challenges = (*Ways)(nil)

// Ways are those of a certificate by its record. The past is what is remembered of it,
// with what Learned has added; the zero value where that is nothing.
func (p *Prover) Ways(record *config.Certificate, past acmecore.Standing) *Ways {
	return &Ways{log: p.log, config: p.config, record: record, past: past, files: p.files(), alpn: p.alpn(), txt: p.txt(), hooks: p.hooks(),
		solvers: make(map[acmecore.Token]solver), prepared: make(map[attempt]error), opened: make(map[opener]error)}
}

// Check makes sure that there is a way to prove each name.
func (w *Ways) Check(names []acmecore.Name) error {
	for _, name := range names {
		if _, err := w.Methods(name); err != nil {
			return err
		}
	}
	return nil
}

// way returns what answers challenges of the method for the name. The error says why
// nothing does.
func (w *Ways) way(method acmecore.Method, name acmecore.Name) (solver, error) {
	if err := method.CanProve(name); err != nil {
		return nil, err
	}
	if found, err := w.hookFor(method, name); found != nil || err != nil {
		return found, err
	}
	var found solver
	switch method {
	case acmecore.HTTP01:
		return w.files, nil
	case acmecore.DNS01:
		found = w.dnsFor(name)
	case acmecore.TLSALPN01:
		found = w.alpnFor()
	}
	if found != nil {
		return found, nil
	}
	return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "prove", Subject: string(name), Cause: fmt.Errorf("nothing is set up that answers %s", method), Hint: setUp(method, name)}
}

// setUp says how a method is made to work.
func setUp(method acmecore.Method, name acmecore.Name) string {
	switch {
	case method == acmecore.DNS01 && name.Wildcard():
		return "set up [[dns]], or a [[hook]], in wcme.toml that is for this name; or name each host instead"
	case method == acmecore.DNS01:
		return "set up [[dns]], or a [[hook]], in wcme.toml that is for this name"
	case method == acmecore.TLSALPN01:
		return "set `listen_tls` of [challenge] in wcme.toml"
	}
	return ""
}

// Publish implements order.Challenges. Whatever goes wrong here, the CA has heard of
// nothing, and the name may be proved in another way.
func (w *Ways) Publish(ctx context.Context, response order.Response) error {
	err := w.prepare(ctx, attempt{response.Method, response.Name})
	if err == nil {
		err = w.publish(ctx, response)
	}
	if err != nil {
		return declined{err}
	}
	return nil
}

func (w *Ways) publish(ctx context.Context, response order.Response) error {
	way, err := w.way(response.Method, response.Name)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.solvers[response.Token] = way
	w.mu.Unlock()
	return way.publish(ctx, response)
}

// Withdraw implements order.Challenges.
func (w *Ways) Withdraw(ctx context.Context, response order.Response, valid bool) error {
	w.mu.Lock()
	way := w.solvers[response.Token]
	w.mu.Unlock()
	if way == nil {
		return nil // it was not published
	}
	return way.withdraw(ctx, response, valid)
}

// declined is an error of before the CA was told: another way may be tried.
type declined struct{ error }

func (d declined) Unwrap() error { return d.error }

// Declined tells order that another method may be tried.
func (declined) Declined() bool { return true }
