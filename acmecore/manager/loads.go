package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/load"
	"wcme/acmecore/renew"
	"wcme/acmecore/store"
)

// loading is what a load action holds.
const loading = "the load actions"

// loadsOf returns the load actions that concern the certificate.
func (m *Manager) loadsOf(id acmecore.ID, record *config.Certificate) []config.Load {
	return m.Config().LoadsFor(id, record, m.Config().TargetsFor(id, record))
}

// action is what the configuration says, as the stage has it.
func action(given config.Load) load.Action {
	return load.Action{Name: given.Name.String(), Standard: given.Run.Standard(), Shell: given.Run.Shell(), Args: given.Run.Args(),
		Timeout: given.Timeout.Duration, User: given.User.String()}
}

// Load implements renew.Stages.
func (s stages) Load(ctx context.Context, name string, batch renew.Batch, report acmecore.Progress) acmecore.LoadResult {
	release, err := s.busy.Hold(ctx, loading) // nobody's test runs one at the same time
	if err != nil {
		return acmecore.LoadResult{Action: name, Began: time.Now(), Ended: time.Now(), Problem: acmecore.Inert(err.Error()), Hint: acmecore.HintOf(err)}
	}
	defer release()
	for _, given := range s.Config().Load {
		if given.Name.String() == name {
			result := s.load(ctx, given, load.Batch(batch), s.steps(name, report))
			result.Problem = brief(result.Problem)
			return result
		}
	}
	now := time.Now() // the configuration was read again meanwhile: there is nothing to be done any more
	return acmecore.LoadResult{Action: name, Began: now, Ended: now, Commands: []acmecore.Command{}}
}

// brief shortens a problem to what fits into a report. How it begins says what went
// wrong, and how it ends, what the command said last; the run's record has everything
// that it said.
func brief(problem string) string {
	const most, beginning = 300, 100
	if len(problem) <= most {
		return problem
	}
	end := problem[len(problem)-(most-beginning-len("…")):]
	return strings.ToValidUTF8(problem[:beginning], "") + "…" + strings.ToValidUTF8(end, "")
}

func (m *Manager) load(ctx context.Context, given config.Load, batch load.Batch, report acmecore.Progress) acmecore.LoadResult {
	runner := &load.Runner{Note: m.noteLoad, Step: report}
	result := runner.Run(ctx, action(given), batch)
	log := m.log.Info
	if result.Problem != "" {
		log = m.log.Error
	}
	log("load action ended", "action", result.Action, "certificates", joined(batch.Certificates), "commands", len(result.Commands),
		"seconds", int(result.Ended.Sub(result.Began).Seconds()), "problem", result.Problem)
	return result
}

// noteLoad keeps a note of the command that runs, for the overseer after one that
// was killed.
func (m *Manager) noteLoad(running load.Running) error {
	if running == (load.Running{}) {
		return m.root.ForgetLoad()
	}
	text, err := json.Marshal(running)
	if err != nil {
		return err
	}
	return m.root.NoteLoad(text)
}

// endLeftover ends the load command that a killed overseer has left behind: its
// action will run again.
func (m *Manager) endLeftover() error {
	text, err := m.root.LoadNoted()
	if err != nil || text == nil {
		return err
	}
	var running load.Running
	if err := json.Unmarshal(text, &running); err != nil {
		return errors.Join(err, m.root.ForgetLoad())
	}
	return errors.Join(load.EndLeftover(running), m.root.ForgetLoad())
}

// CheckLoad implements control.Operations.
func (m *Manager) CheckLoad(ctx context.Context, name string, progress acmecore.Progress) (results []acmecore.LoadResult, err error) {
	results, err = m.checkLoad(ctx, name, progress)
	result := outcomeOf(results)
	if err != nil {
		result = outcome(err)
	}
	m.audit(ctx, "check load", acmecore.Inert(name), "", "", result)
	return results, err
}

func (m *Manager) checkLoad(ctx context.Context, name string, progress acmecore.Progress) (results []acmecore.LoadResult, err error) {
	actions, err := m.actionsNamed(name)
	if err != nil {
		return nil, err
	}
	batch, err := m.everything()
	if err != nil {
		return nil, err
	}
	release, err := m.busy.Hold(ctx, loading)
	if err != nil {
		return nil, err
	}
	defer release()
	report := m.steps("check load", progress)
	began := time.Now()
	for _, given := range actions {
		results = append(results, m.load(ctx, given, batch, report))
	}
	m.recordCheck(ctx, began, len(batch.Certificates), results)
	return results, acmecore.InterruptedOr(ctx.Err(), "check load", name)
}

// recordCheck keeps the record of load actions that somebody asked for.
func (m *Manager) recordCheck(ctx context.Context, began time.Time, managed int, results []acmecore.LoadResult) {
	run := acmecore.Run{ID: store.NewRunID(began), Trigger: "check load", By: control.CallerFrom(ctx), Began: began.UTC(), Ended: time.Now().UTC(),
		Managed: managed, Certificates: []acmecore.Treated{}, Loads: results}
	if err := m.root.PutRun(run); err != nil {
		m.log.Error("run not recorded", "run", run.ID, "error", err)
	}
}

func (m *Manager) actionsNamed(name string) (actions []config.Load, err error) {
	var known []string
	for _, given := range m.Config().Load {
		if name == "" || name == given.Name.String() {
			actions = append(actions, given)
		}
		known = append(known, given.Name.String())
	}
	switch {
	case len(known) == 0:
		err = &acmecore.Error{Kind: acmecore.Invalid, Op: "check load", Cause: errors.New("no load action is configured"),
			Hint: "add one to wcme.toml: [[load]] with name = \"servers\" and run = \"+\""}
	case len(actions) == 0:
		err = &acmecore.Error{Kind: acmecore.Invalid, Op: "check load", Subject: fmt.Sprintf("%q", acmecore.Inert(name)),
			Cause: errors.New("there is no such load action"), Hint: "wcme.toml has " + strings.Join(known, ", ")}
	}
	return actions, err
}

// everything is the batch of all certificates.
func (m *Manager) everything() (batch load.Batch, err error) {
	ids, err := m.managedIDs()
	for _, id := range ids {
		read := m.reading(id)
		batch.Names = append(batch.Names, read.Names...)
		batch.Certificates = append(batch.Certificates, id)
		for _, placed := range m.placed(read) {
			batch.ChangedFiles = append(batch.ChangedFiles, placed.Files...)
		}
	}
	return batch, err
}

func outcomeOf(results []acmecore.LoadResult) string {
	for _, result := range results {
		if result.Problem != "" {
			return result.Action + ": " + result.Problem
		}
	}
	return done
}

func joined(ids []acmecore.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, " ")
}
