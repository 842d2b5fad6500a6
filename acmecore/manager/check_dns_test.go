package manager_test

import (
	"sync/atomic"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab/zone"
)

// TestNothingSweepsWhileDNSIsChecked takes the record for one that a killed run has left.
func TestNothingSweepsWhileDNSIsChecked(t *testing.T) {
	t.Parallel()
	n := zone.Serve(t)
	m := newSetting(t, n.Table()).manager()
	var looked atomic.Int32
	n.OnLook(func() {
		looked.Add(1)
		if err := m.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		if values := n.Values(); len(values) != 1 {
			t.Errorf("while it is looked for, there are the records %q", values)
		}
	})
	traces, err := m.CheckDNS(t.Context(), control.DNSRequest{Names: []acmecore.Name{"www.example.test"}}, nil)
	if err != nil || len(traces) != 1 || !traces[0].Removed {
		t.Errorf("got %+v, %v", traces, err)
	}
	if looked.Load() == 0 {
		t.Error("the record was not looked for")
	}
	n.Has()
}
