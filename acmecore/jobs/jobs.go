// Package jobs keeps the work that somebody has begun on a page and that goes on
// without them, in memory: a page begins a job on the Board, and asks for it again and
// again until it has ended.
//
// The board is bounded: so many jobs run at once, so many steps of each are kept, and
// so many that have ended, for so long. A job's context is the board's, with the values
// of the one that it was begun with; it ends when the board is closed.
package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
)

// The bounds of a board.
const (
	maxRunning = 8              // jobs at once
	maxEnded   = 200            // that have ended, and are still known
	endedLife  = 12 * time.Hour // for how long they are
)

// Work does a job. What it returns beside an error is kept, too.
type Work func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error)

// Task is what is to be done.
type Task struct {
	Key     string // the same key begins nothing a second time; "" is no key
	Kind    string // as in acmecore.Job, and so are the next two
	Subject string
	By      string
	// Wanted is all that is asked for. While a job of this kind and subject runs, another
	// one is not begun: whoever wants the same gets the one that runs.
	Wanted string
	Work   Work
}

// Board runs jobs, and remembers them.
type Board struct {
	log  *slog.Logger
	ctx  context.Context // ends with the board
	end  context.CancelFunc
	mu   sync.Mutex
	jobs []*job // the oldest first
	all  sync.WaitGroup
}

// New returns a board without jobs. The log hears of work that panics.
func New(log *slog.Logger) *Board {
	b := &Board{log: log}
	b.ctx, b.end = context.WithCancel(context.Background())
	return b
}

// Begin begins a job and returns it at once. The context gives it its values, and not
// its end. The error is of kind Busy: another job is at the same subject, or too many
// jobs run, or the board is closed.
func (b *Board) Begin(ctx context.Context, task Task) (acmecore.Job, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(time.Now())
	if known := b.begunBy(task.Key); known != nil {
		return known.facts(0), nil
	}
	if at := b.runningAt(task); at != nil {
		if at.task.Wanted == task.Wanted {
			return at.facts(0), nil
		}
		return acmecore.Job{}, busy(task, errors.New("another job is at it, with other wishes"), "watch that one, and try again when it has ended")
	}
	if b.ctx.Err() != nil {
		return acmecore.Job{}, busy(task, errors.New("the overseer is about to end"), "try again when it runs again")
	}
	if n := len(b.running()); n >= maxRunning {
		return acmecore.Job{}, busy(task, fmt.Errorf("%d jobs are running, and no more are at once", n), "try again when one of them has ended")
	}
	j := &job{task: task, id: strings.ToLower(rand.Text()), began: time.Now().UTC()}
	b.jobs = append(b.jobs, j)
	b.all.Go(func() { b.run(ctx, j) })
	return j.facts(0), nil
}

func busy(task Task, cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Busy, Op: task.Kind, Subject: task.Subject, Cause: cause, Hint: hint}
}

// Begun returns the job that was begun with the key.
func (b *Board) Begun(key string) (begun acmecore.Job, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if j := b.begunBy(key); j != nil {
		return j.facts(0), true
	}
	return acmecore.Job{}, false
}

// Get returns a job with its steps from the one with the number after, from 0, on. The
// error is of kind NotFound.
func (b *Board) Get(id string, after int) (acmecore.Job, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(time.Now())
	for _, j := range b.jobs {
		if j.id == id {
			return j.facts(max(after, 0)), nil
		}
	}
	return acmecore.Job{}, &acmecore.Error{Kind: acmecore.NotFound, Op: "find job", Subject: fmt.Sprintf("%q", acmecore.Inert(id)),
		Cause: errors.New("the overseer knows none of that name"),
		Hint:  "it was started again since, or that was long ago: the runs, and the log, tell what came of it"}
}

// Running lists the jobs that run, the oldest first, without their steps.
func (b *Board) Running() (list []acmecore.Job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range b.running() {
		facts := j.facts(j.steps.count)
		facts.Left = 0
		list = append(list, facts)
	}
	return list
}

// Close ends all jobs, and returns when they have ended. None begins afterwards.
func (b *Board) Close() {
	b.mu.Lock()
	b.end()
	b.mu.Unlock()
	b.Wait()
}

// Wait returns when every job has ended.
func (b *Board) Wait() { b.all.Wait() }

// begunBy returns the job of the key; nil where there is none.
func (b *Board) begunBy(key string) *job {
	return b.first(func(j *job) bool { return key != "" && j.task.Key == key })
}

// runningAt returns the job that does something of the task's kind to its subject.
func (b *Board) runningAt(task Task) *job {
	return b.first(func(j *job) bool { return j.runs() && j.task.Kind == task.Kind && j.task.Subject == task.Subject })
}

func (b *Board) first(fits func(*job) bool) *job {
	if i := slices.IndexFunc(b.jobs, fits); i >= 0 {
		return b.jobs[i]
	}
	return nil
}

func (b *Board) running() (list []*job) {
	for _, j := range b.jobs {
		if j.runs() {
			list = append(list, j)
		}
	}
	return list
}

// forget drops what ended long ago, and the oldest ones of too many.
func (b *Board) forget(now time.Time) {
	over := len(b.jobs) - len(b.running()) - maxEnded
	b.jobs = slices.DeleteFunc(b.jobs, func(j *job) bool {
		if j.runs() {
			return false
		}
		over--
		return over >= 0 || now.Sub(j.ended) >= endedLife
	})
}

// run does the work of a job.
func (b *Board) run(ctx context.Context, j *job) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(b.ctx, cancel)()
	result, err := b.work(ctx, j)
	b.mu.Lock()
	defer b.mu.Unlock()
	j.close(result, err)
}

// work makes a panic, which must not end the overseer, the error of the job.
func (b *Board) work(ctx context.Context, j *job) (result acmecore.JobResult, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			b.log.Error("job broken off", "job", j.id, "kind", j.task.Kind, "subject", j.task.Subject,
				"error", acmecore.Inert(fmt.Sprint(cause)), "stack", string(debug.Stack()))
			err = &acmecore.Error{Kind: acmecore.Internal, Op: j.task.Kind, Subject: j.task.Subject, Cause: errors.New("a fault of wCME has broken it off"),
				Hint: "the overseer's log has more beside the word " + j.id}
		}
	}()
	return j.task.Work(ctx, func(step acmecore.Step) {
		b.mu.Lock()
		defer b.mu.Unlock()
		j.steps.add(step)
	})
}
