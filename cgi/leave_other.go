//go:build !linux || s390x

package main

import "os"

// leave ends the process.
func leave(status int, _ []string) { os.Exit(status) }
