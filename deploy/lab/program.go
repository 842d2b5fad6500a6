package lab

import (
	"os"
	"syscall"
)

// WriteProgram writes a program that the test runs soon after. No child process can
// be forked meanwhile: one that still had the file open for writing, until its own
// exec, would make the kernel refuse to run it (ETXTBSY, golang.org/issue/22315).
func WriteProgram(tb TB, path string, content []byte) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, content, 0o755); err != nil {
		tb.Fatal(err)
	}
}
