package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
	"wcme/acmecore/renew"
)

var (
	_ control.Operations     = (*Manager)(nil)
	_ control.Administration = (*Manager)(nil)
)

// Manage implements control.Operations.
func (m *Manager) Manage(ctx context.Context, request control.ManageRequest, progress acmecore.Progress) (acmecore.Run, error) {
	force, err := m.forced(request.Force)
	if err != nil {
		if !request.DryRun {
			m.audit(ctx, "manage", acmecore.Inert(joined(request.Force)), "", "", outcome(err))
		}
		return acmecore.Run{}, err
	}
	wanted := renew.Request{Trigger: "manage", By: control.CallerFrom(ctx), DryRun: request.DryRun, Now: request.Now, Force: force, Everything: len(force) == 0}
	if len(force) > 0 {
		wanted.Only = force
	}
	run, err := m.pipeline.Pass(ctx, wanted, progress)
	if !request.DryRun {
		m.audit(ctx, "manage", joined(force), "", treatedInWords(run), outcome(err))
		err = errors.Join(err, m.sweep(ctx))
	}
	return run, acmecore.InterruptedOr(err, "manage", "certificates")
}

// treatedInWords says what came of a pass; each certificate has an entry of its own.
func treatedInWords(run acmecore.Run) string {
	var words []string
	for _, outcome := range []acmecore.Outcome{acmecore.Renewed, acmecore.Repaired, acmecore.NotServed, acmecore.Failed, acmecore.Postponed} {
		if n := run.Count(outcome); n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, outcome))
		}
	}
	if len(words) == 0 {
		return "nothing was due"
	}
	return strings.Join(words, ", ")
}

// forced checks the certificates that are to be obtained although they are not due.
func (m *Manager) forced(ids []acmecore.ID) ([]acmecore.ID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return m.managed(ids)
}

// Keep does the daily work until the context ends, and delivers reports. A kick
// makes it look at everything again.
func (m *Manager) Keep(ctx context.Context, kick <-chan struct{}) {
	reporting := make(chan struct{})
	go func() {
		defer close(reporting)
		m.reporter.Run(ctx)
	}()
	looking := make(chan struct{})
	go func() {
		defer close(looking)
		m.sweepLeft(ctx)
		m.lookUpDaily(ctx)
	}()
	m.keeps.Store(true)
	m.pipeline.Keep(ctx, func(after time.Time) time.Time { return m.rules(noRecord()).NextDaily(after) }, kick)
	<-reporting
	<-looking
}

// Started tells, at the start of an overseer, of the end of the one before where
// that was none of its own.
func (m *Manager) Started() error {
	crashed, since, err := m.root.MarkRunning()
	if !crashed || err != nil {
		return err
	}
	text := "the overseer starts again after an end that was not its own"
	m.log.Warn(text, "the_one_before_began", since)
	return m.reporter.Tell(acmecore.Event{Kind: acmecore.EventCrashed, At: time.Now().UTC(), Text: text,
		Cause: "crash", Hint: "log/overseer.log and the system's log say more",
		Lines: []string{"the one before began at " + since.UTC().Format(time.RFC3339)}})
}

// Complete tells whether the state directory is still there: without it nothing can be
// done that would not have to be done again.
func (m *Manager) Complete() error { return m.root.Complete() }

// Alive implements control.Operations.
func (m *Manager) Alive(context.Context) error { return m.Complete() }

// Ended notes that the overseer ends by itself.
func (m *Manager) Ended() error { return m.root.UnmarkRunning() }

// Restore implements control.Operations.
func (m *Manager) Restore(ctx context.Context, request control.RestoreRequest, progress acmecore.Progress) (restored acmecore.Certificate, err error) {
	err = m.audited(ctx, "restore", acmecore.Inert(string(request.ID)), func(entry *audit.Entry) (err error) {
		if _, err := m.managed([]acmecore.ID{request.ID}); err != nil {
			return err
		}
		restored, err = m.restore(ctx, request, progress, entry)
		return err
	})
	return restored, err
}

func (m *Manager) restore(ctx context.Context, request control.RestoreRequest, progress acmecore.Progress, entry *audit.Entry) (acmecore.Certificate, error) {
	release, err := m.busy.Hold(ctx, string(request.ID))
	if err != nil {
		return acmecore.Certificate{}, err
	}
	defer release()
	before := m.facts(request.ID)
	entry.Before, entry.After = described(before), described(before)
	version, err := m.versionBefore(request)
	if err != nil {
		return acmecore.Certificate{}, err
	}
	if err := m.switchTo(request.ID, before.Version, version); err != nil {
		return acmecore.Certificate{}, err
	}
	entry.After = described(m.facts(request.ID))
	m.step(m.stepsOf(request.ID, progress), "store", string(request.ID), "version "+version+" is the current one")
	_, err = m.pipeline.One(ctx, renew.Request{Trigger: "restore", By: control.CallerFrom(ctx)}, request.ID, nil, progress)
	return m.listed(request.ID), acmecore.InterruptedOr(err, "restore", string(request.ID))
}

// switchTo makes a version the current one, unless nobody could use it: one that is
// over, or that lacks a name by now.
func (m *Manager) switchTo(id acmecore.ID, before, version string) error {
	if err := m.root.SwitchTo(id, version); err != nil {
		return err
	}
	c := m.facts(id)
	cause := errors.New(c.Problem)
	switch c.State(m.now()) {
	case acmecore.Valid, acmecore.Due:
		return nil
	case acmecore.Expired:
		cause = fmt.Errorf("it has expired at %s", c.NotAfter.Format(time.RFC3339))
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "restore " + string(id) + " version", Subject: version, Cause: cause,
		Hint: "take another one, or obtain a new one: wcme certify"}
	return errors.Join(problem, m.root.SwitchTo(id, before))
}

// versionBefore returns the version that is wanted: where none is named, the newest
// one before the current one.
func (m *Manager) versionBefore(request control.RestoreRequest) (string, error) {
	if request.Version != "" {
		return request.Version, nil
	}
	versions, err := m.root.Versions(request.ID)
	if err != nil {
		return "", err
	}
	passed := false
	for _, version := range versions { // the newest first
		if passed {
			return version.Name, nil
		}
		passed = version.Current
	}
	return "", &acmecore.Error{Kind: acmecore.NotFound, Op: "restore", Subject: string(request.ID),
		Cause: errors.New("no version is kept from before the current one"), Hint: "name one: wcme restore NAME VERSION"}
}
