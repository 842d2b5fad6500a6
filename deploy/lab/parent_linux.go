package lab

import "syscall"

// attributes make the child the leader of a process group, so that all of it
// can be stopped, and let the kernel end it when its parent dies. SIGTERM, not
// SIGKILL: Apache and the overseer then take their own children along.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
