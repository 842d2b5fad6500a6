package main

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRenewalsAreNeverSeenHalf renews again and again under the eyes of somebody
// who reloads all the time.
func TestRenewalsAreNeverSeenHalf(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("register")
	s.run("certify", "www.example.test")
	s.sample()
	for range 6 {
		s.run("certify", "www.example.test", "--force")
		s.run("certify", "www.example.test,b.example.test", "--force", "--key", "ec384")
	}
	s.checkEnd()
}

// sample opens the products all the time until the test ends, as a web server
// does that is loaded at a bad moment (invariant I1).
func (s *site) sample() {
	stop, stopped := make(chan struct{}), make(chan struct{})
	looks := 0
	s.Cleanup(func() {
		close(stop)
		<-stopped
		s.Logf("the products were looked at %d times", looks)
	})
	go func() {
		defer close(stopped)
		ticks := time.NewTicker(time.Millisecond)
		defer ticks.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticks.C:
				looks += s.look()
			}
		}
	}()
}

// look opens each product once. What is there is never not there.
func (s *site) look() (looks int) {
	s.sampling.Lock()
	defer s.sampling.Unlock()
	paths, err := filepath.Glob(filepath.Join(s.root, "ssl", "fullchain_*.pem"))
	if err != nil {
		s.Error(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil {
			_, err = tls.X509KeyPair(text, text)
		}
		if err != nil {
			s.Errorf("sampled: %v", err)
		}
	}
	return len(paths)
}
