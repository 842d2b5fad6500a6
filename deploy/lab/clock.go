package lab

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Clock is one that a test sets and that programs of BuildOnClock go by, while
// they run; nothing sleeps for it.
//
//	programs := lab.MustBuildOnClock(t, lab.NewClock(t))
//	… start Pebble, the overseer …
//	programs.Clock.Advance(61 * 24 * time.Hour)
//
// See package deploy/clock for what a jump does and does not move.
type Clock struct {
	file string
	page *clockPage
}

// clockPage is what the programs map, see deploy/clock/shifted.go.
type clockPage struct {
	offset  atomic.Int64 // nanoseconds
	longest atomic.Int64 // nanoseconds
}

// NewClock makes a clock that shows the machine's time until it is set.
func NewClock(tb TB) *Clock {
	tb.Helper()
	path := filepath.Join(TempDir(tb), "clock")
	clock, err := newClock(path)
	if err != nil {
		tb.Fatal(err)
	}
	return clock
}

// newClock keeps the page mapped as long as the process lives: somebody may look
// at the clock after its test.
func newClock(path string) (*Clock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	const size = int(unsafe.Sizeof(clockPage{}))
	if err := file.Truncate(int64(size)); err != nil {
		return nil, err
	}
	memory, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return &Clock{file: path, page: (*clockPage)(unsafe.Pointer(&memory[0]))}, nil
}

// Now is the time by the clock, without a monotonic part.
func (c *Clock) Now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.page.offset.Load()))
}

// Advance sets the clock on, or back where d is negative. It can be up to 292
// years from the machine's.
func (c *Clock) Advance(d time.Duration) { c.page.offset.Add(int64(d)) }

// Set sets the clock, which goes on from there.
func (c *Clock) Set(t time.Time) { c.page.offset.Store(int64(time.Until(t))) }

// ShortenWaits makes waits of three minutes and more, which begin after it, take
// only d, so that a daemon notices soon that the clock was set: 0 ends that. Time
// limits stay as they are.
func (c *Clock) ShortenWaits(d time.Duration) { c.page.longest.Store(int64(d)) }

// Env is the variable, NAME=value, that puts a program of BuildOnClock on the
// clock. Programs.Command and StartPebble set it by themselves.
func (c *Clock) Env() string { return "WCME_CLOCK=" + c.file }

// environment is what a program gets; of no clock nothing.
func (c *Clock) environment() []string {
	if c == nil {
		return nil
	}
	return []string{c.Env()}
}

// passing is what a program gets for which time passes during a jump: it has no
// other way to see that what it remembers is old.
func (c *Clock) passing() []string {
	if c == nil {
		return nil
	}
	return []string{c.Env(), "WCME_CLOCK_PASSES=1"}
}
