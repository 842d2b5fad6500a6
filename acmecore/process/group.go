package process

import (
	"errors"
	"syscall"
	"time"
)

// pause lies between two looks at what other processes do.
const pause = 20 * time.Millisecond

// endGroup asks a process group to end, and kills what is left of it when the grace
// is over. A stopped process is continued, so that it can hear.
func endGroup(group int, grace time.Duration) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	_ = syscall.Kill(-group, syscall.SIGCONT)
	for over := time.Now().Add(grace); time.Now().Before(over); time.Sleep(pause) {
		if !groupLives(group) {
			return
		}
	}
	_ = syscall.Kill(-group, syscall.SIGKILL)
}

// groupLives tells whether there is more of a group than zombies, which stay where
// nobody reaps them, as in many containers.
func groupLives(group int) bool {
	if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
		return false
	}
	all, err := States()
	if err != nil { // no /proc
		return true
	}
	for _, found := range all {
		if found.Group == group && !found.Ended() {
			return true
		}
	}
	return false
}
