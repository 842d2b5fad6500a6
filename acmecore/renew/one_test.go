package renew_test

import (
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/renew"
)

// TestOneDeliversWhatIsThere: somebody went back to an earlier version, whose renewal
// is due or not.
func TestOneDeliversWhatIsThere(t *testing.T) {
	for _, row := range []struct {
		what    string
		age     time.Duration
		renewed int // by the next pass
	}{{"not due", day, 0}, {"due", 61 * day, 1}} {
		t.Run(row.what, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.have("www", 90*day, row.age)
				w.issue("www", time.Now().Add(-row.age)) // another version
				run, err := w.pipeline().One(t.Context(), renew.Request{Trigger: "restore"}, "www", nil, nil)
				if err != nil || run.Count(acmecore.Repaired) != 1 {
					t.Errorf("got %+v, %v; want that it is repaired", run, err)
				}
				w.inService("www")
				equal(t, "loads", w.ran, []string{"servers [www]", "post [www]"})
				equal(t, "events", w.told(), nil)
				run = w.pass(renew.Request{})
				if got := run.Count(acmecore.Renewed); got != row.renewed || len(run.Certificates) != row.renewed {
					t.Errorf("the next pass: got %d renewed, want %d: %+v", got, row.renewed, run)
				}
			})
		})
	}
}
