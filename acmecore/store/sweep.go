package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// Sweep removes what killed runs have left half made or half done. Call it with the lock held
// and while no run is at work. It goes on where something cannot be removed, and
// returns all that went wrong.
func (r *Root) Sweep() error {
	var problems error
	for _, dir := range []string{"etc/certificates", "log", "log/runs", "priv", "priv/accounts", "priv/certificates", "priv/dns", "priv/hooks", "priv/login",
		"priv/orders", "priv/pace", "priv/refused", "priv/replaced", "priv/spool", "priv/standing", "ssl"} {
		problems = errors.Join(problems, sweep(r.path(dir)))
	}
	for _, parent := range []string{"accounts", "certificates", "hooks", "orders", "replaced"} {
		entries, err := os.ReadDir(r.path("priv", parent))
		if !errors.Is(err, fs.ErrNotExist) {
			problems = errors.Join(problems, err)
		}
		for _, entry := range entries {
			if entry.IsDir() && !durable.IsHalfMade(entry.Name()) {
				problems = errors.Join(problems, sweep(r.path("priv", parent, entry.Name())))
			}
		}
	}
	problems = errors.Join(problems, r.sweepRequests(func(acmecore.ID) bool { return true }))
	accounts, err := filepath.Glob(r.path("priv", "accounts", "*"))
	problems = errors.Join(problems, err)
	for _, dir := range accounts {
		problems = errors.Join(problems, dropKeptPending(versions(dir)), dropKeptRollover(versions(dir)))
	}
	return problems
}

// sweep removes what is half made in one directory.
func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if durable.IsHalfMade(entry.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}
