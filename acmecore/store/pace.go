package store

import "fmt"

// Pace returns what is remembered of the pace towards the CA with the directory URL,
// as PutPace kept it; nil when that is nothing. A damaged file is set aside, with an
// ErrDamaged.
func (r *Root) Pace(directory string) ([]byte, error) {
	pace, err := readOpaque(r.pace(directory), maxRecord)
	if err != nil {
		return nil, fmt.Errorf("read pace towards %s: %w", directory, err)
	}
	return pace, nil
}

// PutPace keeps it, in the caller's own form. It is on disk when this returns.
func (r *Root) PutPace(directory string, pace []byte) error {
	if err := r.writeOpaque(r.pace(directory), pace, maxRecord, 0o600); err != nil {
		return fmt.Errorf("keep pace towards %s: %w", directory, err)
	}
	return nil
}

func (r *Root) pace(directory string) string {
	return r.path("priv", "pace", directoryName(directory)+".json")
}
