package manager_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// TestOrdersOfPagesKeepThePace: once it is used up, a page is told when the next order can
// be made, the audit hears of it, and the command line goes on.
func TestOrdersOfPagesKeepThePace(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[verify]\nports = []\n[renew]\norders = \"2/24h\"\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		pebble.Directory, pebble.Roots))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []acmecore.Name{"www.example.test", "shop.example.test"} {
		if job := do(t, m, certifyTask(control.DeedCertify, name)); job.Problem != "" {
			t.Fatalf("%s: got %+v", name, job)
		}
	}
	m.Close()
	m = s.manager() // the pace outlives the overseer
	defer m.Close()
	for what, task := range map[string]control.Task{
		"another certificate": certifyTask(control.DeedCertify, "mail.example.test"),
		"a renewal":           {Deed: control.DeedRenew, ID: id},
	} {
		before := len(s.audited())
		if _, err := m.Begin(t.Context(), task, "form"); acmecore.KindOf(err) != acmecore.Limited || !strings.Contains(acmecore.HintOf(err), "wcme certify") {
			t.Errorf("%s: got %v, %s, want that it has to wait", what, err, acmecore.HintOf(err))
		}
		s.mustAudit(before, me()+`\|.*not begun: .*\[renew\] orders.*`)
	}
	if job := do(t, m, certifyTask(control.DeedCertify, "www.example.test")); job.Problem != "" || job.Result.Certificate.Version != "000001" {
		t.Errorf("one that is kept, and not ordered: got %+v", job)
	}
	if _, err := m.Certify(t.Context(), request("mail.example.test"), nil); err != nil {
		t.Errorf("on the command line: %v", err)
	}
}

// TestOrdersThatBeginAtOnceKeepThePaceToo: none of them has been placed while the others
// begin.
func TestOrdersThatBeginAtOnceKeepThePaceToo(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[renew]\norders = \"3/24h\"\n")
	m := s.manager()
	var all sync.WaitGroup
	var mu sync.Mutex
	begun := 0
	for range 8 {
		all.Go(func() {
			if _, err := m.Reserve(); err == nil {
				mu.Lock()
				begun++
				mu.Unlock()
			} else if acmecore.KindOf(err) != acmecore.Busy || acmecore.HintOf(err) == "" {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if begun != 3 {
		t.Errorf("%d of 8 orders begin, want 3", begun)
	}
}
