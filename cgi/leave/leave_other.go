//go:build !linux || s390x

// Package leave ends a CGI program.
package leave

import "os"

// Process ends the process.
func Process(status int, _ []string) { os.Exit(status) }
