package load_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore/load"
	"wcme/deploy/lab"
)

// TestEndLeftoverEndsWhatAKilledOverseerLeft is L05 and C28: the command kills the
// overseer that runs it, and goes on.
func TestEndLeftoverEndsWhatAKilledOverseerLeft(t *testing.T) {
	note := filepath.Join(place(t), "note")
	given := assignment{Note: note, Action: load.Action{Name: "L05",
		Shell: "trap '' HUP; until grep -q start_time " + note + "; do sleep 0.01; done; kill -9 $PPID; sleep 1000 & sleep 1000"}}
	overseer := asAnother(t, given)
	if err := overseer.Run(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the overseer ended otherwise: %v", err)
	}
	text, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	var left load.Running
	if err := json.Unmarshal(text, &left); err != nil {
		t.Fatal(err)
	}
	if left.Action != "L05" || !runs(left.PID) {
		t.Fatalf("the command does not run: %s", text)
	}
	for _, c := range []struct {
		name   string
		change func(*load.Running)
	}{
		{"of another start", func(r *load.Running) { r.StartTime++ }},
		{"before the system was started again", func(r *load.Running) { r.Boot = "another" }},
		{"of another group", func(r *load.Running) { r.PGID = os.Getpid() }},
		{"of no process", func(r *load.Running) { *r = load.Running{} }},
		{"of the first process", func(r *load.Running) { r.PID, r.PGID = 1, 1 }},
		{"of all processes", func(r *load.Running) { r.PID, r.PGID = -1, -1 }},
	} {
		other := left
		c.change(&other)
		if err := load.EndLeftover(other); err != nil || !runs(left.PID) {
			t.Errorf("%s: the command was taken for one %s: %v", c.name, c.name, err)
		}
	}
	noted := load.Running{Action: left.Action, Boot: left.Boot, Word: left.Word} // as before it was started
	if err := load.EndLeftover(load.Running{Boot: left.Boot, Word: "another"}); err != nil || !runs(left.PID) {
		t.Errorf("the command was taken for one with another word: %v", err)
	}
	if err := load.EndLeftover(noted); err != nil {
		t.Error(err)
	}
	await(t, "nothing is left of the group", func() bool { return members(t, left.PGID) == 0 })
	if err := load.EndLeftover(left); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

// asAnother is the test's program as an overseer with one thing to do.
func asAnother(t *testing.T, given assignment) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), asOverseer+"="+string(text))
	cmd.Dir = "/"
	return cmd
}

// TestRightsOrdinaryUserCannotBeAnother runs an overseer that is not root.
func TestRightsOrdinaryUserCannotBeAnother(t *testing.T) {
	_, uid, gid := nobody(t)
	for _, c := range []struct {
		name, user, wants string
	}{
		{"another user", "root", "only root can run a command as root, and wcme runs as nobody"},
		{"itself", "nobody", ""},
		{"no user", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := asAnother(t, assignment{Action: load.Action{Name: "mail", Shell: "id -un", User: c.user}})
			copied := filepath.Join(place(t), "overseer")
			program, err := os.ReadFile(cmd.Path)
			if err != nil {
				t.Fatal(err)
			}
			lab.WriteProgram(t, copied, program)
			cmd.Path = copied
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
			text, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got := string(text); !strings.Contains(got, c.wants) || strings.Contains(got, `"output":"nobody"`) != (c.wants == "") {
				t.Errorf("got %s", got)
			}
		})
	}
}
