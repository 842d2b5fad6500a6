//go:build !(linux || darwin || freebsd || dragonfly)

package manager

import "wcme/acmecore"

// measure knows no limits on the other systems, which are asked in ways of their own.
func measure(string, *acmecore.Disk) error { return nil }
