package manager_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// TestNothingSweepsWhileDNSIsChecked takes the record for one that a killed run has left.
func TestNothingSweepsWhileDNSIsChecked(t *testing.T) {
	t.Parallel()
	n := newNameServer(t)
	m := newSetting(t, n.table()).manager()
	var looked atomic.Int32
	n.onLook(func() {
		looked.Add(1)
		if err := m.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(n.values) != 1 {
			t.Errorf("while it is looked for, there are the records %q", n.values)
		}
	})
	traces, err := m.CheckDNS(t.Context(), control.DNSRequest{Names: []acmecore.Name{"www.example.test"}}, nil)
	if err != nil || len(traces) != 1 || !traces[0].Removed {
		t.Errorf("got %+v, %v", traces, err)
	}
	if looked.Load() == 0 {
		t.Error("the record was not looked for")
	}
	n.has()
}

// TestRecordIsRemovedWhenTheKeyCanBeReadAgain, and left where the server refuses.
func TestRecordIsRemovedWhenTheKeyCanBeReadAgain(t *testing.T) {
	t.Parallel()
	n := newNameServer(t)
	s := newSetting(t, n.table())
	publish := func(letter string) {
		ways, release, err := s.manager().Provable(t.Context(), byDNS, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if err := ways.Publish(t.Context(), txtResponse("example.test", letter)); err != nil {
			t.Fatal(err)
		}
	}
	publish("a")
	s.write(n.table()+"tsig_key_file = \"etc/absent.key\"\n", "etc", "wcme.toml")
	_ = s.unrecovered().Recover() // it says that the file is not there
	n.has("_acme-challenge.example.test. value-a")
	s.write(n.table(), "etc", "wcme.toml")
	s.manager()
	n.has()
	publish("b")
	n.refuse()
	s.manager()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("what the server refuses is tried for ever: %v, %v", tokens, err)
	}
}

// TestAliasToANameOfTheOrderIsRefused: its zone's owner would choose what we write there.
func TestAliasToANameOfTheOrderIsRefused(t *testing.T) {
	t.Parallel()
	n := newNameServer(t)
	m := newSetting(t, n.table()).manager()
	_, _, err := m.Provable(t.Context(), byDNS, "alias.example.test", "d420.auth.example.test")
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "leads to a name that is proved itself") {
		t.Errorf("got %v", err)
	}
}
