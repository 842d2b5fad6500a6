package proving

import (
	"context"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/busy"
	"wcme/acmecore/order"
)

// alpn has the responder show the certificates of tls-alpn-01 (RFC 8737) of one order.
type alpn struct {
	responder Responder    // nil where there is none
	showing   *busy.Things // names, in all orders
	mu        sync.Mutex
	hide      map[acmecore.Token]func()
}

var (
	_ opener   = (*alpn)(nil)
	_ reserver = (*alpn)(nil)
)

func (p *Prover) alpn() *alpn {
	return &alpn{responder: p.responder, showing: &p.showing, hide: make(map[acmecore.Token]func())}
}

// alpnFor returns what answers tls-alpn-01; nil where nothing is configured.
func (w *Ways) alpnFor() solver {
	if w.alpn.responder == nil || !w.alpn.responder.Shows() {
		return nil
	}
	return w.alpn
}

// open implements opener.
func (a *alpn) open() (release func(), err error) { return a.responder.OpenTLS() }

// reserve implements reserver: of two certificates for one name, a CA would be shown
// but one.
func (a *alpn) reserve(ctx context.Context, name acmecore.Name) (release func(), err error) {
	return a.showing.Hold(ctx, "challenges for "+string(name))
}

// publish implements solver.
func (a *alpn) publish(_ context.Context, response order.Response) error {
	hide := a.responder.Show(response.Name, response.Certificate)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hide[response.Token] = hide
	return nil
}

// withdraw implements solver.
func (a *alpn) withdraw(_ context.Context, response order.Response, _ bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if hide := a.hide[response.Token]; hide != nil {
		hide()
	}
	delete(a.hide, response.Token)
	return nil
}
