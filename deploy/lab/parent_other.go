//go:build unix && !linux

package lab

import "syscall"

// attributes make the child the leader of a process group, so that all of it
// can be stopped. Nothing here ends it when its parent is killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
