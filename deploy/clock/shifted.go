//go:build ignore

package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// This file becomes part of package time in a build on the lab's clock.

// labPage is the file that WCME_CLOCK names, as lab.Clock writes it: mapped, so
// that a jump is seen at once and a look costs nothing.
type labPage struct {
	offset  int64 // nanoseconds from the machine's clock to that of the lab
	longest int64 // nanoseconds that a long wait on a channel takes; 0 for as long as it says
}

// longWait is what a wait is called long from: shorter ones are time limits.
const longWait = 3 * Minute

var (
	labClock = openLabClock() // nil for the machine's own clock
	// labPasses is for a program that has to take a jump for time that passed: what
	// it compares is the clock alone, as after a restart.
	labPasses = labSet("WCME_CLOCK_PASSES")
)

func labSet(variable string) bool {
	_, set := syscall.Getenv(variable)
	return set
}

// openLabClock ends the program when its clock is not there: on the machine's own
// it would prove nothing.
func openLabClock() *labPage {
	path, set := syscall.Getenv("WCME_CLOCK")
	if !set {
		return nil
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		panic("WCME_CLOCK=" + path + ": " + err.Error())
	}
	memory, err := syscall.Mmap(fd, 0, int(unsafe.Sizeof(labPage{})), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic("WCME_CLOCK=" + path + ": " + err.Error())
	}
	syscall.Close(fd)
	return (*labPage)(unsafe.Pointer(&memory[0]))
}

// labNow is runtimeNow on the lab's clock. The monotonic part stays as it is, as
// when an administrator sets the clock or the machine was suspended.
func labNow() (sec int64, nsec int32, mono int64) {
	sec, nsec, mono = runtimeNow()
	if labClock == nil {
		return sec, nsec, mono
	}
	offset := atomic.LoadInt64(&labClock.offset)
	sec += offset / 1e9
	nsec += int32(offset % 1e9)
	switch {
	case nsec >= 1e9:
		sec, nsec = sec+1, nsec-1e9
	case nsec < 0:
		sec, nsec = sec-1, nsec+1e9
	}
	if labPasses {
		mono = 0
	}
	return sec, nsec, mono
}

// labWait is how long a wait of d takes.
func labWait(d Duration) Duration {
	if labClock == nil || d < longWait {
		return d
	}
	if longest := Duration(atomic.LoadInt64(&labClock.longest)); longest > 0 {
		return min(d, longest)
	}
	return d
}
