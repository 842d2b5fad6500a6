package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// The files of what was refused. The first one is for a person's eyes, with care: it may
// be any bytes.
const (
	refusedChain  = "chain.txt"
	refusedReason = "reason.json"
)

// maxRefused is how long a chain that was refused may be, in bytes.
const maxRefused = 1 << 20

// Refused says why what a CA has delivered was refused.
type Refused struct {
	Directory   string          `json:"directory"`   // of the CA, URL
	Account     string          `json:"account"`     // URL of the account that ordered
	Order       string          `json:"order"`       // URL
	Certificate string          `json:"certificate"` // URL that it was downloaded from
	Names       []acmecore.Name `json:"names"`
	Reason      string          `json:"reason"` // inert
	At          time.Time       `json:"at"`
}

// PutRefused keeps what was delivered for a certificate and refused, as it came, in the
// place of what there was of an earlier attempt. It returns the directory; what is longer
// than 1 MiB is cut there.
func (r *Root) PutRefused(id acmecore.ID, why Refused, delivered []byte) (path string, err error) {
	path = r.refused(id)
	if err := r.putRefused(path, why, delivered[:min(len(delivered), maxRefused)]); err != nil {
		return "", fmt.Errorf("keep what was refused: %w", err)
	}
	return path, nil
}

func (r *Root) putRefused(path string, why Refused, delivered []byte) error {
	reason, err := json.MarshalIndent(why, "", "  ")
	if err != nil {
		return err
	}
	if err := r.makeDirectories(filepath.Dir(path)); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(filepath.Dir(path), ".draft-") // 0700
	if err != nil {
		return err
	}
	err = errors.Join(durable.WriteFile(filepath.Join(draft, refusedChain), delivered, 0o600),
		durable.WriteFile(filepath.Join(draft, refusedReason), append(reason, '\n'), 0o600))
	if err == nil {
		err = durable.Remove(path)
	}
	if err == nil {
		err = durable.Rename(draft, path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(draft))
	}
	return nil
}

// DropRefused drops what PutRefused has kept; that there is nothing is no error.
func (r *Root) DropRefused(id acmecore.ID) error {
	if err := durable.Remove(r.refused(id)); err != nil {
		return fmt.Errorf("drop what was refused: %w", err)
	}
	return nil
}

func (r *Root) refused(id acmecore.ID) string { return r.path("priv", "refused", string(id)) }
