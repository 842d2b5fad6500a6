package process

import (
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Running is a command that is being executed, told so exactly that another process
// can never be taken for it: process ids come again, and so do the times since a
// start of the system. The zero value stands for none. It is only kept where there
// is a /proc; elsewhere StartTime is 0 and nothing is found again.
type Running struct {
	Action    string `json:"action,omitempty"`     // what the command is run for
	PID       int    `json:"pid,omitempty"`        // of the leader of the process group
	PGID      int    `json:"pgid,omitempty"`       // the same number
	StartTime uint64 `json:"start_time,omitempty"` // field 22 of /proc/PID/stat
	Boot      string `json:"boot,omitempty"`       // /proc/sys/kernel/random/boot_id
	Word      string `json:"word,omitempty"`       // WCME_RUN in its environment
}

// wordVariable marks each command in its own environment.
const wordVariable = "WCME_RUN="

// toBe describes a child that is about to be started: only its word is known. An
// overseer that is killed before it can note more has left a trace all the same.
func toBe(action string) Running {
	return Running{Action: action, Boot: bootID(), Word: rand.Text()}
}

// found is the process that has the word, where one has: as the leader of its group,
// which our children are from the start.
func (r Running) found() Running {
	if r.PID != 0 || r.Word == "" || r.Boot != bootID() {
		return r
	}
	all, err := States()
	if err != nil {
		return r
	}
	for pid, state := range all {
		if state.Group != pid || state.Ended() {
			continue
		}
		environment, err := ReadFile(pid, "environ")
		if err == nil && slices.Contains(Words(environment), wordVariable+r.Word) {
			return runningOf(pid, r.Action, r.Word)
		}
	}
	return r
}

// runningOf describes a child of ours.
func runningOf(pid int, action, word string) Running {
	running := Running{Action: action, PID: pid, PGID: pid, Boot: bootID(), Word: word}
	if found, err := ReadStat(pid); err == nil {
		running.StartTime = found.Start
	}
	return running
}

func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// EndLeftover ends the command, with its process group, that an overseer left behind
// when it was killed: by SIGTERM, and by SIGKILL 5 s later. When the command's own
// process has ended, nothing is done: what still runs of its group, it left on
// purpose. An error says that the process is still there.
func EndLeftover(running Running) error {
	if running = running.found(); !running.alive() {
		return nil
	}
	endGroup(running.PGID, usualGrace)
	for over := time.Now().Add(usualGrace); running.alive(); time.Sleep(pause) {
		if time.Now().After(over) {
			return fmt.Errorf("process %d does not go", running.PID)
		}
	}
	return nil
}

// alive tells whether the very process is there, and not only as a zombie.
func (r Running) alive() bool {
	if r.PID <= 1 || r.PGID != r.PID || r.StartTime == 0 || r.Boot != bootID() {
		return false
	}
	found, err := ReadStat(r.PID)
	return err == nil && found.Start == r.StartTime && found.Group == r.PGID && !found.Ended()
}
