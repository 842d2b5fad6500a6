package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/acmecore/store"
)

// lockPatience is how long a verb waits for another one on the same state
// directory.
const lockPatience = 10 * time.Minute

// reader returns what answers a verb that changes nothing: the overseer, or a
// manager in process.
func (p *program) reader() (control.Operations, error) {
	if client := control.NewClient(p.socket()); client.Answers() {
		return client, nil
	}
	root, err := p.open()
	if err != nil {
		return nil, err
	}
	return manager.New(root, version, slog.New(slog.DiscardHandler))
}

// actor returns what carries out a verb that changes the state directory: the
// overseer when it answers, and otherwise a manager in process, which logs to the same
// file, with the lock held until release is called. It waits for a verb that has the
// lock.
func (p *program) actor(ctx context.Context, verb string) (operations control.Operations, release func() error, err error) {
	client := control.NewClient(p.socket())
	nothing := func() error { return nil }
	if client.Answers() {
		return client, nothing, nil
	}
	root, err := p.open()
	if err != nil {
		return nil, nil, err
	}
	lock, err := p.waitLock(ctx, root, client, "wcme "+verb)
	if err != nil {
		return nil, nil, err
	}
	if lock == nil {
		return client, nothing, nil
	}
	log, file := openLog(root, io.Discard)
	m, err := manager.New(root, version, log)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close(), lock.Release())
	}
	end := answerWhilePending(m, root, log)
	if err := m.Recover(); err != nil { // as in the overseer, that stops nobody: this run may mend it
		fmt.Fprintf(p.stderr, "warning: recovery incomplete: %v\n", err)
	}
	return m, func() error {
		end()
		p.deliver(ctx, m)
		return errors.Join(file.Close(), p.leave(root, lock))
	}, nil
}

// deliverTime is how long a verb without an overseer takes to send its reports. What
// is not sent by then is sent by the next one.
const deliverTime = 30 * time.Second

// deliver sends what there is to report.
func (p *program) deliver(ctx context.Context, m *manager.Manager) {
	limited, cancel := context.WithTimeout(ctx, deliverTime)
	defer cancel()
	if err := m.Deliver(limited); err != nil {
		fmt.Fprintf(p.stderr, "warning: not everything was reported: %s\n", oneLine(err))
	}
}

// leave gives what root has made to the owner of the state directory, and then the
// lock back. What it cannot give is told: an overseer of that owner could not read
// it.
func (p *program) leave(root *store.Root, lock *store.Lock) error {
	if err := root.Adopt(); err != nil {
		fmt.Fprintf(p.stderr, "warning: %v\nhint: `wcme setup` as root does it again\n", err)
	}
	return lock.Release()
}

// waitLock takes the lock, and says for whom it waits where it must. It returns no
// lock and no error when the holder turns out to be an overseer that has come to
// answer: that one is to be asked then.
func (p *program) waitLock(ctx context.Context, root *store.Root, overseer *control.Client, holder string) (*store.Lock, error) {
	lock, err := root.TryLock(holder)
	if err == nil || acmecore.KindOf(err) != acmecore.Busy {
		return lock, err
	}
	fmt.Fprintf(p.stderr, "waiting: %v\n", err)
	patience, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for patience.Err() == nil {
		if overseer.Answers() {
			return nil, nil
		}
		second, cancel := context.WithTimeout(patience, time.Second)
		lock, err = root.WaitLock(second, holder)
		cancel()
		if err == nil || acmecore.KindOf(err) != acmecore.Busy {
			return lock, err
		}
	}
	return nil, err
}

// progress prints each step of a run, unless that was not asked for.
func (p *program) progress() acmecore.Progress {
	if p.quiet {
		return nil
	}
	return func(step acmecore.Step) {
		fmt.Fprintf(p.stderr, "%s  %-13s  %s  %s\n", step.Time.Local().Format(time.TimeOnly), step.Stage, step.Subject, step.Text)
	}
}
