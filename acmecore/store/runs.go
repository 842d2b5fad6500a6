package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// How many records of runs are kept: the newest thousand, of those only as many as
// fit into the bytes, and in any case the newest thirty.
const (
	keepRuns      = 1000
	keepRunsBytes = 256 << 20
	keepRunsLeast = 30
	// maxRun is how long one may be: a run over ten thousand certificates that all
	// fail has about 20 MB.
	maxRun = 64 << 20
)

// runTime is the form of the time in the name of a run, in UTC, so that names sort
// as the runs began.
const runTime = "20060102T150405"

// NewRunID names a run that begins at the time now, like "20261121T002000-3f9a".
func NewRunID(now time.Time) string {
	var number [2]byte
	rand.Read(number[:])
	return now.UTC().Format(runTime) + "-" + hex.EncodeToString(number[:])
}

// ParseRunID accepts what NewRunID returns and nothing else, so that it can be part
// of a path.
func ParseRunID(text string) (string, error) {
	began, number, found := strings.Cut(text, "-")
	_, err := time.Parse(runTime, began)
	if !found || err != nil || len(began) != len(runTime) || len(number) != 4 || strings.Trim(number, "0123456789abcdef") != "" {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "find run", Subject: fmt.Sprintf("%q", acmecore.Inert(text)),
			Cause: errors.New("no run is called that"), Hint: "give a name like 20261121T002000-3f9a"}
	}
	return text, nil
}

// PutRun keeps the record of a run, in place of an earlier one of the same run, and
// drops the oldest ones beyond what is kept.
func (r *Root) PutRun(run acmecore.Run) error {
	if _, err := ParseRunID(run.ID); err != nil {
		return err
	}
	text, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("keep run %s: %w", run.ID, err)
	}
	if err := r.writeOpaque(r.run(run.ID), append(text, '\n'), maxRun, 0o640); err != nil {
		return fmt.Errorf("keep run %s: %w", run.ID, err)
	}
	if err := r.pruneRuns(); err != nil {
		return fmt.Errorf("drop old runs: %w", err)
	}
	return nil
}

// Runs lists the names of the runs of which there is a record, the newest first, at
// most limit of them; all when limit is 0.
func (r *Root) Runs(limit int) ([]string, error) {
	entries, err := os.ReadDir(r.path("log", "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var ids []string
	for _, entry := range slices.Backward(entries) {
		name, found := strings.CutSuffix(entry.Name(), ".json")
		if _, err := ParseRunID(name); err == nil && found && entry.Type().IsRegular() {
			ids = append(ids, name)
		}
		if limit > 0 && len(ids) == limit {
			break
		}
	}
	return ids, nil
}

// Run returns the record of a run: an error of kind NotFound when there is none, and
// an ErrDamaged when it had to be set aside.
func (r *Root) Run(id string) (run acmecore.Run, err error) {
	if _, err := ParseRunID(id); err != nil {
		return run, err
	}
	path := r.run(id)
	err = readOwn(path, maxRun, func(text []byte) error {
		if err := json.Unmarshal(text, &run); err != nil {
			return damaged(path, err)
		}
		if run.ID != id {
			return fmt.Errorf("read %s: %w: it is the record of another run", path, ErrDamaged)
		}
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return acmecore.Run{}, &acmecore.Error{Kind: acmecore.NotFound, Op: "find run", Subject: id, Cause: errors.New("there is no record of it"),
			Hint: fmt.Sprintf("the newest %d are kept", keepRuns)}
	case err != nil:
		return acmecore.Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	return run, nil
}

// pruneRuns drops the oldest records.
func (r *Root) pruneRuns() error {
	ids, err := r.Runs(0)
	if err != nil || len(ids) <= keepRunsLeast {
		return err
	}
	var size int64
	for i, id := range ids {
		info, err := os.Lstat(r.run(id))
		if err != nil {
			return err
		}
		size += info.Size()
		if i >= keepRuns || i >= keepRunsLeast && size > keepRunsBytes {
			if err := durable.Remove(r.run(id)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Root) run(id string) string { return r.path("log", "runs", id+".json") }
