package store

import "fmt"

// maxReach is how long the memory of what can be reached may be, in bytes: a hundred
// thousand names.
const maxReach = 64 << 20

// Reach returns what is remembered of what can be reached from here, as PutReach kept
// it; nil when that is nothing. A damaged file is set aside, with an ErrDamaged.
func (r *Root) Reach() ([]byte, error) {
	text, err := readOpaque(r.reach(), maxReach)
	if err != nil {
		return nil, fmt.Errorf("read what was reached: %w", err)
	}
	return text, nil
}

// PutReach keeps it, in the caller's own form. It is on disk when this returns.
func (r *Root) PutReach(text []byte) error {
	if err := r.writeOpaque(r.reach(), text, maxReach, 0o600); err != nil {
		return fmt.Errorf("keep what was reached: %w", err)
	}
	return nil
}

func (r *Root) reach() string { return r.path("priv", "reach.json") }
