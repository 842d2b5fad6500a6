//go:build unix && !linux

package process

import "errors"

// setApart fails on systems whose threads have one umask in common.
func setApart(int) error { return errors.ErrUnsupported }
