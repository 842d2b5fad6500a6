package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func attributesOf(credential *syscall.Credential, lowPorts bool) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Credential: credential}
	if lowPorts {
		attributes.AmbientCaps = []uintptr{unix.CAP_NET_BIND_SERVICE}
	}
	return attributes
}
