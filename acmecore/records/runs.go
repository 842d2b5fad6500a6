package records

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

// How many runs are answered.
const (
	usualRuns = 50
	mostRuns  = 200
)

// maxRunIDs is how many certificates of runs are remembered, before all is forgotten:
// each takes 8 bytes.
const maxRunIDs = 1 << 20

// runsRead remembers the records of runs in a line each. A record is another one when
// its file is.
type runsRead struct {
	mu    sync.Mutex
	seed  maphash.Seed
	lines map[string]runRead
	ids   int // certificates of all lines
}

type runRead struct {
	size    int64
	written time.Time
	line    acmecore.RunLine
	ids     []uint64 // hashes of the certificates in it, in order
}

// Run returns the record of a run; an error of kind NotFound where there is none.
func (r *Reader) Run(ctx context.Context, id string) (acmecore.Run, error) {
	run, err := r.root.Run(id)
	if acmecore.KindOf(err) == acmecore.Invalid {
		err = &acmecore.Error{Kind: acmecore.NotFound, Cause: err, Hint: acmecore.HintOf(err)}
	}
	return run, err
}

// Runs lists runs, the newest first. An error of kind Invalid says that the query begins
// at what is no run.
func (r *Reader) Runs(ctx context.Context, query acmecore.RunQuery) (list acmecore.RunList, err error) {
	names, err := r.root.Runs(0)
	if err != nil {
		return list, err
	}
	if query.Before != "" {
		if _, err := store.ParseRunID(query.Before); err != nil {
			return list, err
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name >= query.Before })
	}
	limit, left := atMost(query.Limit, usualRuns, mostRuns), int64(maxRunsRead)
	list.Runs = []acmecore.RunLine{}
	for i, name := range names {
		if len(list.Runs) == limit || left <= 0 {
			list.Older = names[i-1]
			break
		}
		read, cost, found := r.runRead(name)
		left -= cost
		if found && (query.Certificate == "" || r.runs.has(read, query.Certificate)) {
			list.Runs = append(list.Runs, read.line)
		}
		if ctx.Err() != nil {
			return acmecore.RunList{}, ctx.Err()
		}
	}
	return list, nil
}

// runRead is a record in a line, and how many bytes had to be read for it. A record
// that has gone meanwhile, or is damaged, is not found; what is damaged is told.
func (r *Reader) runRead(name string) (read runRead, cost int64, found bool) {
	size, written, err := r.root.RunChanged(name)
	if err != nil {
		return read, 0, false
	}
	runs := &r.runs
	runs.mu.Lock() // while it is read, too: two pages need not read all of it twice
	defer runs.mu.Unlock()
	if read, found = runs.lines[name]; found && read.size == size && read.written.Equal(written) {
		return read, 0, true
	}
	run, err := r.root.Run(name)
	if err != nil {
		if acmecore.KindOf(err) != acmecore.NotFound && !errors.Is(err, fs.ErrNotExist) {
			r.log.Warn("record of a run not read", "run", name, "error", err)
		}
		return read, size, false
	}
	read = runs.keep(name, runRead{size: size, written: written, line: lineOfRun(run)}, run)
	return read, size, true
}

// keep remembers a line.
func (r *runsRead) keep(name string, read runRead, run acmecore.Run) runRead {
	if r.lines == nil || r.ids > maxRunIDs {
		r.lines, r.ids = make(map[string]runRead), 0
	}
	if r.seed == (maphash.Seed{}) {
		r.seed = maphash.MakeSeed()
	}
	for _, treated := range run.Certificates {
		read.ids = append(read.ids, maphash.String(r.seed, string(treated.ID)))
	}
	slices.Sort(read.ids)
	r.ids += len(read.ids) + 1
	r.lines[name] = read
	return read
}

// has tells whether a certificate is in a record.
func (r *runsRead) has(read runRead, id acmecore.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, found := slices.BinarySearch(read.ids, maphash.String(r.seed, string(id)))
	return found
}

// lineOfRun is a record in a line.
func lineOfRun(run acmecore.Run) acmecore.RunLine {
	line := acmecore.RunLine{ID: run.ID, Trigger: acmecore.Inert(run.Trigger), By: acmecore.Inert(run.By), Began: run.Began, Ended: run.Ended, Managed: run.Managed, Asked: run.Asked(),
		DryRun: run.DryRun, Problem: acmecore.Inert(run.Problem), Outcomes: make(map[acmecore.Outcome]int)}
	for _, treated := range run.Certificates {
		line.Outcomes[treated.Outcome]++
	}
	if line.Problem == "" {
		line.Problem = problemOfLoads(run.Loads)
	}
	return line
}

// problemOfLoads names the load actions that failed.
func problemOfLoads(loads []acmecore.LoadResult) string {
	var failed []string
	for _, load := range loads {
		if load.Problem != "" {
			failed = append(failed, acmecore.Inert(load.Action))
		}
	}
	if failed == nil {
		return ""
	}
	return acmecore.Inert("load action failed: " + strings.Join(failed, ", "))
}
