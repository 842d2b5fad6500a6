package manager

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/order"
	"wcme/acmecore/probe"
)

var (
	_ opener           = (*places)(nil)
	_ probe.Challenges = (*places)(nil)
)

// Responder answers challenges itself, where no web server does.
type Responder interface {
	// Open returns when it answers those of http-01. What it returns ends that.
	Open() (release func(), err error)
	// Shows tells whether it is set up for those of tls-alpn-01, and OpenTLS is Open for
	// them.
	Shows() bool
	OpenTLS() (release func(), err error)
	// Show has it show the certificate to whoever asks for a challenge of the name. What
	// it returns ends that.
	Show(name acmecore.Name, certificate *tls.Certificate) (hide func())
}

// places are where the http-01 challenges of one order are published: ROOT/www, and a
// copy in each of the web server's directories. ROOT/www has a challenge before
// any of the others and after all of them, so that it tells which copies a killed
// run has left.
type places struct {
	www       challenge.Directory
	webroots  []challenge.Webroot
	responder Responder // nil where a web server answers

	mu        sync.Mutex
	published map[acmecore.Token]string
}

// answerable makes sure that challenges of http-01 can be published and answered: see
// places.open. Whoever publishes holds m.ordering read-locked, so that no sweep takes
// that for a leftover.
func (m *Manager) answerable() (challenges *places, release func(), err error) {
	challenges = m.spots()
	release, err = challenges.open()
	return challenges, release, err
}

// spots are those of the configuration in force.
func (m *Manager) spots() *places {
	p := &places{www: m.challenges(), responder: m.Responder, published: make(map[acmecore.Token]string)}
	for _, dir := range m.Config().Challenge.Webroot {
		p.webroots = append(p.webroots, challenge.Webroot(dir.String()))
	}
	return p
}

// open implements opener: every webroot can be written to, and the responder has its
// port, which it keeps until release is called.
func (p *places) open() (release func(), err error) {
	for _, webroot := range p.webroots {
		if err := webroot.Check(); err != nil {
			return nil, err
		}
	}
	if p.responder == nil {
		return func() {}, nil
	}
	return p.responder.Open()
}

// Publish implements probe.Challenges.
func (p *places) Publish(token acmecore.Token, authorization string) error {
	if err := p.www.Publish(token, authorization); err != nil {
		return err
	}
	p.remember(token, authorization)
	for _, webroot := range p.webroots {
		if err := webroot.Publish(token, authorization); err != nil {
			return err
		}
	}
	return nil
}

// Withdraw implements probe.Challenges.
func (p *places) Withdraw(token acmecore.Token) error {
	p.mu.Lock()
	authorization, found := p.published[token]
	p.mu.Unlock()
	if !found {
		return p.www.Withdraw(token)
	}
	if err := p.withdrawCopies(token, authorization); err != nil {
		return err
	}
	return p.www.Withdraw(token)
}

// publish implements solver.
func (p *places) publish(_ context.Context, response order.Response) error {
	return p.Publish(response.Token, response.KeyAuthorization)
}

// withdraw implements solver.
func (p *places) withdraw(_ context.Context, response order.Response, _ bool) error {
	return p.Withdraw(response.Token)
}

func (p *places) remember(token acmecore.Token, authorization string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published[token] = authorization
}

func (p *places) withdrawCopies(token acmecore.Token, authorization string) error {
	var problems []error
	for _, webroot := range p.webroots {
		problems = append(problems, webroot.Withdraw(token, authorization))
	}
	return errors.Join(problems...)
}

// sweep removes what killed runs have left: copies first, because only ROOT/www
// tells that they are ours.
func (p *places) sweep() error {
	pending, err := p.www.Pending()
	if err != nil {
		return err
	}
	var problems []error
	for token, authorization := range pending {
		problems = append(problems, p.withdrawCopies(token, authorization))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return p.www.Sweep()
}
