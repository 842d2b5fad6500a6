package manager

import "sync/atomic"

// touches counts what this process has changed of certificates, so that whoever shows
// them need not wait until the files are looked at again.
type touches struct{ count atomic.Uint64 }

// touch notes that something of a certificate was changed.
func (m *Manager) touch() { m.touches.count.Add(1) }

// touched is how often that was.
func (m *Manager) touched() uint64 { return m.touches.count.Load() }
