package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"wcme/deploy/lab"
)

// The scripts in testdata/script show what the command line does, a behaviour
// each. Beside the commands of testscript they have those of stage_test.go.
//
// A script begins in an empty directory $WORK, in which WCME_ROOT is state, a
// directory that is not there yet.

// TestScripts plays the scripts in which each verb does its own work.
func TestScripts(t *testing.T) {
	t.Parallel()
	play(t, "testdata/script", false)
}

// TestScriptsWithoutOverseer plays the scripts of testdata/script/both alone …
func TestScriptsWithoutOverseer(t *testing.T) {
	t.Parallel()
	play(t, "testdata/script/both", false)
}

// TestScriptsThroughOverseer … and with an overseer, which must make no difference.
func TestScriptsThroughOverseer(t *testing.T) {
	t.Parallel()
	play(t, "testdata/script/both", true)
}

func play(t *testing.T, dir string, overseer bool) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                dir,
		WorkdirRoot:        lab.TempDir(t), // short enough for a socket
		RequireUniqueNames: true,
		Cmds:               stageCommands(),
		Setup:              raise,
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "overseer":
				return overseer, nil
			case "root": // only root can give the socket to another group
				return os.Geteuid() == 0, nil
			}
			return false, errors.New("there is no such condition")
		},
	})
}

// raise prepares the stage of one script.
func raise(env *testscript.Env) error {
	tb, ok := env.T().(testing.TB)
	if !ok {
		return fmt.Errorf("the scripts are played by a %T", env.T())
	}
	root := filepath.Join(env.WorkDir, "state")
	env.Setenv("WCME_ROOT", root)
	env.Setenv("WCME_OPCOM", "none") // nothing is written to the log of the host that tests
	env.Setenv("TZ", noon(time.Now()))
	s := &stage{TB: tb, work: env.WorkDir, root: root, trees: make(map[string]tree)}
	env.Values[stageKey{}] = s
	env.Defer(s.endAll)
	return nil
}

// noon is a time zone in which it is about noon: an overseer's daily pass, which is at
// 00:20, does not come between two lines of a script.
func noon(now time.Time) string {
	east := 12 - now.UTC().Hour()
	return fmt.Sprintf("Etc/GMT%+d", -east) // whose sign is that of POSIX
}
