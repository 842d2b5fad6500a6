package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// ways are the ways in which the names of one order can be proved: order.Challenges.
type ways struct {
	*Manager
	record *config.Certificate
	files  *places

	mu      sync.Mutex
	solvers map[acmecore.Token]solver // that have published
}

var _ order.Challenges = (*ways)(nil)

// provable makes sure, before anything is ordered, that each name can be proved, and
// that what http-01 needs is there where a name may be proved by it; see answerable.
func (m *Manager) provable(record *config.Certificate, names []acmecore.Name) (_ *ways, release func(), err error) {
	w := m.ways(record)
	files := false
	for _, name := range names {
		methods, err := w.Methods(name)
		if err != nil {
			return nil, nil, err
		}
		files = files || slices.Contains(methods, acmecore.HTTP01)
	}
	if !files {
		return w, func() {}, nil
	}
	w.files, release, err = m.answerable()
	return w, release, err
}

func (m *Manager) ways(record *config.Certificate) *ways {
	return &ways{Manager: m, record: record, solvers: make(map[acmecore.Token]solver)}
}

// checkMethods makes sure that there is a way to prove each name.
func (m *Manager) checkMethods(record *config.Certificate, names []acmecore.Name) error {
	w := m.ways(record)
	for _, name := range names {
		if _, err := w.Methods(name); err != nil {
			return err
		}
	}
	return nil
}

// Methods implements order.Challenges.
func (w *ways) Methods(name acmecore.Name) (methods []acmecore.Method, err error) {
	allowed := w.Config().MethodsFor(w.record)
	if allowed == nil {
		allowed = acmecore.Methods()
	}
	var never, missing error // the first of each
	for _, method := range allowed {
		_, err := w.way(method, name)
		switch {
		case err == nil:
			methods = append(methods, method)
		case method.CanProve(name) != nil:
			never = cmp.Or(never, err)
		default:
			missing = cmp.Or(missing, err)
		}
	}
	if len(methods) == 0 {
		return nil, cmp.Or(missing, never)
	}
	return methods, nil
}

// way returns what answers challenges of the method for the name. The error says why
// nothing does.
func (w *ways) way(method acmecore.Method, name acmecore.Name) (solver, error) {
	if err := method.CanProve(name); err != nil {
		return nil, err
	}
	if found, err := w.hookFor(method, name); found != nil || err != nil {
		return found, err
	}
	var found solver
	var err error
	switch method {
	case acmecore.HTTP01:
		return w.files, nil // which is there once it is needed
	case acmecore.DNS01:
		found, err = w.dnsFor(name)
	case acmecore.TLSALPN01:
		found, err = w.alpnFor(name)
	}
	if found != nil || err != nil {
		return found, err
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

// Publish implements order.Challenges.
func (w *ways) Publish(ctx context.Context, response order.Response) error {
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
func (w *ways) Withdraw(ctx context.Context, response order.Response, valid bool) error {
	w.mu.Lock()
	way := w.solvers[response.Token]
	w.mu.Unlock()
	if way == nil {
		return nil // it was not published
	}
	return way.withdraw(ctx, response, valid)
}
