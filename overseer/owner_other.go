//go:build !linux

package main

import "syscall"

// No other system gives away the right to low ports alone.
func attributesOf(credential *syscall.Credential, _ bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: credential}
}
