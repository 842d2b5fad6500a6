package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// HasAccount tells whether there is an account at the CA with the directory URL, without
// reading it.
func (r *Root) HasAccount(directory string) bool {
	_, err := os.Lstat(filepath.Join(string(r.accounts(directory)), currentLink))
	return err == nil
}

// Obtained lists the certificates of which there are versions, managed or not, ordered by
// ID.
func (r *Root) Obtained() (ids []acmecore.ID, err error) {
	entries, err := os.ReadDir(r.path("priv", "certificates"))
	if err != nil {
		return nil, fmt.Errorf("list what was obtained: %w", err)
	}
	for _, entry := range entries {
		if id, err := acmecore.ParseID(entry.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// VersionNames lists the versions of a certificate that are kept, the oldest first,
// without reading them.
func (r *Root) VersionNames(id acmecore.ID) ([]string, error) {
	names, err := r.versions(id).list()
	if err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", id, err)
	}
	return names, nil
}

// OrderInFlight returns what is kept of the certificate's order in flight; found is false
// where there is none, or none that can be read.
func (r *Root) OrderInFlight(id acmecore.ID) (order Order, found bool) {
	text, err := readRegular(r.path("priv", "orders", string(id), orderFile), maxRecord)
	if err != nil || json.Unmarshal(text, &order) != nil {
		return Order{}, false
	}
	return order, true
}

// maxOutside is how long the memory of what was looked up outside may be, in bytes.
const maxOutside = 64 << 20

// Alternatives returns what is remembered of the CAs that may take the place of others,
// as PutAlternatives kept it; nil when that is nothing. A damaged file is set aside, with
// an ErrDamaged.
func (r *Root) Alternatives() ([]byte, error) {
	text, err := readOpaque(r.alternatives(), maxOutside)
	if err != nil {
		return nil, fmt.Errorf("read which CAs may be asked: %w", err)
	}
	return text, nil
}

// PutAlternatives keeps it, in the caller's own form. It is on disk when this returns.
func (r *Root) PutAlternatives(text []byte) error {
	if err := r.writeOpaque(r.alternatives(), text, maxOutside, 0o600); err != nil {
		return fmt.Errorf("keep which CAs may be asked: %w", err)
	}
	return nil
}

func (r *Root) alternatives() string { return r.path("priv", "alternatives.json") }

// asideOrder is where the order in flight at a CA is kept while another CA is asked.
func (r *Root) asideOrder(id acmecore.ID, directory string) string {
	return r.path("priv", "orders", string(id)+aside+directoryName(directory))
}

// aside parts the names of those orders; no ID has it.
const aside = "@"

// exchangeOrder puts the order in flight at another CA aside, where it has come so far
// that it can be gone on with, and brings back the one at this CA that was put aside
// before.
func (r *Root) exchangeOrder(id acmecore.ID, directory string) error {
	dir := r.path("priv", "orders", string(id))
	kept, found := r.OrderInFlight(id)
	if found && kept.Directory == directory {
		return nil
	}
	if found && kept.URL != "" {
		elsewhere := r.asideOrder(id, kept.Directory)
		if err := errors.Join(durable.Remove(elsewhere), durable.Rename(dir, elsewhere)); err != nil {
			return err
		}
	}
	before := r.asideOrder(id, directory)
	if _, err := os.Lstat(before); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(durable.Remove(dir), durable.Rename(before, dir))
}

// DropAside drops the orders of a certificate that are kept while another CA is asked:
// that one has issued it.
func (r *Root) DropAside(id acmecore.ID) (problems error) {
	entries, err := os.ReadDir(r.path("priv", "orders"))
	if err != nil {
		return fmt.Errorf("list orders: %w", err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), string(id)+aside) {
			problems = errors.Join(problems, durable.Remove(r.path("priv", "orders", entry.Name())))
		}
	}
	return problems
}
