package proving

import (
	"context"
	"errors"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/order"
)

var _ opener = (*Files)(nil)

// Files are where the http-01 challenges of one order are published: ROOT/www, and a
// copy in each of the web server's directories. ROOT/www has a challenge before
// any of the others and after all of them, so that it tells which copies a killed
// run has left.
type Files struct {
	www       challenge.Directory
	webroots  []challenge.Webroot
	responder Responder // nil where a web server answers

	mu        sync.Mutex
	published map[acmecore.Token]string
}

// files are those of the configuration in force.
func (p *Prover) files() *Files {
	f := &Files{www: challenge.Directory(p.root.Challenges()), responder: p.responder, published: make(map[acmecore.Token]string)}
	for _, dir := range p.config().Challenge.Webroot {
		f.webroots = append(f.webroots, challenge.Webroot(dir.String()))
	}
	return f
}

// OpenFiles makes sure that challenges of http-01 can be published and answered, until
// release is called: every webroot can be written to, and the responder has its port. That
// nobody sweeps meanwhile is as for Prepare.
func (p *Prover) OpenFiles() (files *Files, release func(), err error) {
	files = p.files()
	release, err = files.open()
	return files, release, err
}

// open implements opener: every webroot can be written to, and the responder has its
// port, which it keeps until release is called.
func (f *Files) open() (release func(), err error) {
	for _, webroot := range f.webroots {
		if err := webroot.Check(); err != nil {
			return nil, err
		}
	}
	if f.responder == nil {
		return func() {}, nil
	}
	return f.responder.Open()
}

// Publish publishes one in all of them, or leaves half of that to Withdraw.
func (f *Files) Publish(token acmecore.Token, authorization string) error {
	if err := f.www.Publish(token, authorization); err != nil {
		return err
	}
	f.remember(token, authorization)
	for _, webroot := range f.webroots {
		if err := webroot.Publish(token, authorization); err != nil {
			return err
		}
	}
	return nil
}

// Withdraw removes what Publish made; that there is nothing is no error.
func (f *Files) Withdraw(token acmecore.Token) error {
	f.mu.Lock()
	authorization, found := f.published[token]
	f.mu.Unlock()
	if !found {
		return f.www.Withdraw(token)
	}
	if err := f.withdrawCopies(token, authorization); err != nil {
		return err
	}
	return f.www.Withdraw(token)
}

// publish implements solver.
func (f *Files) publish(_ context.Context, response order.Response) error {
	return f.Publish(response.Token, response.KeyAuthorization)
}

// withdraw implements solver.
func (f *Files) withdraw(_ context.Context, response order.Response, _ bool) error {
	return f.Withdraw(response.Token)
}

func (f *Files) remember(token acmecore.Token, authorization string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.published[token] = authorization
}

func (f *Files) withdrawCopies(token acmecore.Token, authorization string) error {
	var problems []error
	for _, webroot := range f.webroots {
		problems = append(problems, webroot.Withdraw(token, authorization))
	}
	return errors.Join(problems...)
}
