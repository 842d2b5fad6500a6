//go:build !crash

package crash_test

import (
	"testing"

	"wcme/acmecore/crash"
)

func TestAUsualBuildCannotBeKilled(t *testing.T) {
	t.Setenv("WCME_CRASH_AT", "* *")
	crash.At("rename", "/state/priv/lock")
	if got := testing.AllocsPerRun(10, func() { crash.At("rename", "/state/priv/lock") }); got != 0 {
		t.Errorf("a point costs %v allocations, want none", got)
	}
}
