//go:build linux && !s390x

// Package leave ends a CGI program so that Apache does not wait for it.
package leave

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Process ends the process. Apache's mod_cgid asks whether it is gone as soon as
// the last descriptor of its output closes, and sleeps 10 ms where it is not. The
// kernel closes descriptors before it ends the thread that held them; when the
// thread of the Go runtime that ends last does so on the processor that Apache
// wakes up on, Apache runs first and finds it. So the descriptors are left to a
// child, which closes them after this process is gone.
func Process(status int, environ []string) {
	if status == 0 && underCgid(environ) {
		handOver()
	}
	os.Exit(status)
}

// underCgid tells whether mod_cgid runs us: Apache does, and input and output are
// one socket. It matters because mod_cgid, unlike others, waits for no child:
// neither for this process, whose status it never sees, nor for the one that
// handOver makes.
func underCgid(environ []string) bool {
	apache := slices.ContainsFunc(environ, func(entry string) bool {
		return strings.HasPrefix(entry, "SERVER_SOFTWARE=Apache")
	})
	var in, out unix.Stat_t
	if !apache || unix.Fstat(0, &in) != nil || unix.Fstat(1, &out) != nil {
		return false
	}
	return out.Mode&unix.S_IFMT == unix.S_IFSOCK && in.Ino == out.Ino && in.Dev == out.Dev
}

// handOver returns only if it could do nothing. Its child kills this process,
// waits until it is gone, and ends. The child shares the memory (nothing is
// copied) and, while this thread stands still, its stack: as after vfork, nothing
// but raw system calls is allowed, all by one function, so that the frames stay in
// place. CLONE_PARENT makes it a child of mod_cgid's daemon, so that no process is
// orphaned.
//
//go:nosplit
//go:norace
func handOver() {
	const flags = unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_PARENT | uintptr(unix.SIGCHLD)
	self, _, _ := syscall.RawSyscall6(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	child, _, failed := syscall.RawSyscall6(unix.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	if failed != 0 || child != 0 {
		return
	}
	gone := unix.PollFd{Fd: -1, Events: unix.POLLIN}
	if fd, _, failed := syscall.RawSyscall6(unix.SYS_PIDFD_OPEN, self, 0, 0, 0, 0, 0); failed == 0 {
		gone.Fd = int32(fd)
	}
	_, _, failed = syscall.RawSyscall6(unix.SYS_KILL, self, uintptr(unix.SIGKILL), 0, 0, 0, 0)
	if failed == 0 && gone.Fd >= 0 {
		syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&gone)), 1, 0, 0, 0, 0)
	}
	syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
}
