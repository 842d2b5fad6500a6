package main

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
)

// TestKilledBetweenTheKinds kills wcme at each step of an order of both kinds of key. The
// next run ends what was begun, and neither is ordered twice.
func TestKilledBetweenTheKinds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("register")
	ids := []acmecore.ID{"www_example_test", "www_example_test_rsa2048"}
	round := round{"both kinds", []string{"certify", "www.example.test", "--key", "ec256,rsa2048"}, ids[0]}
	between := false
	for step := 1; ; step++ {
		before := s.orders()
		line := s.killedAtStep(round, step)
		if line == "" {
			break
		}
		known := 0
		for _, id := range ids {
			if s.isOrdered(id) {
				known++
			}
		}
		anew := placed(s.run(round.args...))
		if known+anew != len(ids) {
			t.Errorf("killed at %q: %d orders known, and %d placed after that, want %d", line, known, anew, len(ids))
		}
		if got := s.orders() - before; got > len(ids)+1 { // one may have been placed of which the kill kept us from hearing
			t.Errorf("killed at %q: %d orders, want %d", line, got, len(ids))
		}
		for _, id := range ids {
			s.checkKind(id, line)
		}
		between = between || strings.Contains(line, "published") && strings.Contains(line, string(ids[0])+".pem")
		s.forgetKinds(ids)
	}
	if !between {
		t.Error("no kill was between the two")
	}
	s.checkEnd()
}

// isOrdered tells whether the order of a certificate is known, or its certificate there.
func (s *site) isOrdered(id acmecore.ID) bool {
	s.Helper()
	order, _ := s.kept(id)
	_, err := os.Stat(filepath.Join(s.root, "priv", "certificates", string(id), "current"))
	return err == nil || order.URL != ""
}

// checkKind makes sure that a certificate is whole, and current.
func (s *site) checkKind(id acmecore.ID, line string) {
	s.Helper()
	product := filepath.Join(s.root, "ssl", "fullchain_"+string(id)+".pem")
	if _, err := tls.LoadX509KeyPair(product, product); err != nil {
		s.Errorf("killed at %q: %s: %v", line, id, err)
	}
	if _, err := os.Stat(filepath.Join(s.root, "priv", "orders", string(id))); err == nil {
		s.Errorf("killed at %q: the order of %s is still in flight", line, id)
	}
}

// forgetKinds removes the certificates, so that they can be obtained for the first time
// again.
func (s *site) forgetKinds(ids []acmecore.ID) {
	s.Helper()
	s.forget(ids[0])
	for _, path := range []string{"priv/certificates/", "ssl/cert_", "ssl/chain_", "ssl/fullchain_"} {
		path += string(ids[1])
		if strings.HasPrefix(path, "ssl/") {
			path += ".pem"
		}
		if err := os.RemoveAll(filepath.Join(s.root, path)); err != nil {
			s.Fatal(err)
		}
	}
}
