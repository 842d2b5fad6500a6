package proving_test

import (
	"crypto/tls"
	"sync"

	"wcme/acmecore"
)

// door is a responder that counts.
type door struct {
	shows
	open, opened int
	problem      error
}

func (d *door) Open() (release func(), err error) {
	if d.problem != nil {
		return nil, d.problem
	}
	d.open++
	d.opened++
	return func() { d.open-- }, nil
}

// shows is a responder's part for tls-alpn-01: whether it has one, and what it has shown.
type shows struct {
	yes     bool
	problem error

	mu     sync.Mutex
	opened int
	shown  []acmecore.Name
}

func (s *shows) Shows() bool { return s.yes }

func (s *shows) OpenTLS() (release func(), err error) {
	if s.problem != nil {
		return nil, s.problem
	}
	return s.counted(1), nil
}

// counted adds to the times that it is open, and returns what takes that back.
func (s *shows) counted(times int) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened += times
	return func() { s.counted(-times) }
}

func (s *shows) Show(name acmecore.Name, _ *tls.Certificate) (hide func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, name)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.shown = s.shown[:len(s.shown)-1]
	}
}
