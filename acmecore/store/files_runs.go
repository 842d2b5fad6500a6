package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"wcme/acmecore"
)

// The bounds of a search through the records of runs, which somebody waits for.
const (
	searchRuns      = 400
	searchRunsBytes = 64 << 20
)

// RunsOf returns the newest runs that treated the certificate, the newest first, at
// most limit of them. It looks through the newest 400 records and 64 MiB at most, and
// no longer than the context lasts: searched is how many. A record that cannot be read
// is left out.
func (r *Root) RunsOf(ctx context.Context, id acmecore.ID, limit int) (runs []acmecore.Run, searched int, err error) {
	names, err := r.Runs(searchRuns)
	mark := []byte(`"id":"` + string(id) + `"`) // as PutRun writes it, and an ID needs no escape
	for size := int64(0); searched < len(names) && len(runs) < limit && ctx.Err() == nil; searched++ {
		info, err := os.Lstat(r.run(names[searched]))
		if errors.Is(err, fs.ErrNotExist) { // dropped meanwhile
			continue
		}
		if err != nil {
			return runs, searched, err
		}
		if size += info.Size(); size > searchRunsBytes {
			break
		}
		if run, treated := r.runOf(names[searched], id, mark); treated {
			runs = append(runs, run)
		}
	}
	return runs, searched, err
}

// runOf reads a run, unless it did not treat the certificate: its text shows that
// sooner than its parts do.
func (r *Root) runOf(name string, id acmecore.ID, mark []byte) (run acmecore.Run, treated bool) {
	text, err := readRegular(r.run(name), maxRun)
	if err != nil || !bytes.Contains(text, mark) || json.Unmarshal(text, &run) != nil || run.ID != name {
		return run, false
	}
	return run, slices.ContainsFunc(run.Certificates, func(t acmecore.Treated) bool { return t.ID == id })
}
