package outlook_test

import (
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/outlook"
)

// TestSpaceIsLookedAtByOne of all who find it old.
func TestSpaceIsLookedAtByOne(t *testing.T) {
	var s outlook.Space
	here := []acmecore.Disk{{Paths: []string{"/"}, Free: 5}}
	for _, row := range []struct {
		what  string
		after time.Duration
		note  bool
		disks int
		look  bool
	}{
		{"before the first look", 0, false, 0, true},
		{"while somebody looks", time.Second, false, 0, false},
		{"while somebody still looks", time.Hour, false, 0, false},
		{"just after it", time.Hour, true, 1, false},
		{"a minute later", time.Hour + time.Minute, false, 1, false},
		{"more than a minute later", time.Hour + time.Minute + 1, false, 1, true},
		{"while somebody looks again", 2 * time.Hour, false, 1, false},
		{"the clock was set back", 0, true, 1, false},
		{"by an hour", -time.Hour, false, 1, true},
	} {
		at := now.Add(row.after)
		if row.note {
			s.Note(here, at)
		}
		if disks, look := s.Lately(at); len(disks) != row.disks || look != row.look {
			t.Errorf("%s: got %+v, look %t", row.what, disks, look)
		}
	}
}
