package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// checkingCA reads the directory of an authority.
func (m *Manager) checkingCA(task control.Task) (errand, error) {
	name, _, err := m.Config().Find(task.CA)
	if named := m.named(task.CA); named != nil {
		err = named
	}
	return errand{name, func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		m.step(m.steps("check ca", progress), "directory", name, "is read")
		authority, err := m.CheckCA(ctx, task.CA)
		if err != nil {
			return acmecore.JobResult{}, err
		}
		m.noteProfiles(authority)
		return acmecore.JobResult{Authority: &authority}, nil
	}}, err
}

// checkingLoad runs one load action, or all of them.
func (m *Manager) checkingLoad(task control.Task) (errand, error) {
	_, err := m.actionsNamed(task.Action)
	return errand{task.Action, func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		results, err := m.CheckLoad(ctx, task.Action, progress)
		for _, result := range results {
			if result.Problem != "" && err == nil {
				err = &acmecore.Error{Kind: acmecore.Unreachable, Op: "load action", Subject: result.Action, Cause: errors.New(result.Problem), Hint: result.Hint}
			}
		}
		return acmecore.JobResult{Loads: results}, err
	}}, err
}

// checkingReport sends a report of no consequence.
func (m *Manager) checkingReport(way control.ReportWay) func(control.Task) (errand, error) {
	return func(control.Task) (errand, error) {
		return errand{"", func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
			return acmecore.JobResult{}, m.CheckReport(ctx, way, progress)
		}}, nil
	}
}

// checkingChallenge asks for a challenge of each name of a certificate, or of all.
func (m *Manager) checkingChallenge(task control.Task) (errand, error) {
	ids, err := m.some(task)
	if err != nil {
		return errand{}, err
	}
	var asked []acmecore.Name
	for _, id := range ids {
		c := m.facts(id)
		if len(c.Names) == 0 { // none would stand for all that are managed
			return errand{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "check challenge", Subject: string(id), Cause: errors.New(c.Problem), Hint: c.Hint}
		}
		asked = append(asked, c.Names...)
	}
	names, err := m.namesToCheck(context.Background(), asked)
	return errand{string(task.ID), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		reaches, err := m.CheckChallenge(ctx, control.ChallengeRequest{Names: names}, progress)
		wrong := 0
		for _, reach := range reaches {
			if !reach.Answered {
				wrong++
			}
		}
		if err == nil && wrong > 0 {
			err = &acmecore.Error{Kind: acmecore.Unreachable, Op: "check challenge", Subject: string(task.ID),
				Cause: fmt.Errorf("the challenges of %d of %s are not answered rightly", wrong, acmecore.Counted(len(reaches), "name", "names")), Hint: "below is what was seen of each, and what to try"}
		}
		return acmecore.JobResult{Reaches: reaches}, err
	}}, err
}

// checkingServed compares what was issued, what is on disk and what visitors see.
func (m *Manager) checkingServed(task control.Task) (errand, error) {
	ids, err := m.some(task)
	return errand{string(task.ID), m.look(ids)}, err
}

// look looks at the certificates, or at all, as visitors do.
func (m *Manager) look(ids []acmecore.ID) func(context.Context, acmecore.Progress) (acmecore.JobResult, error) {
	return func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		m.step(m.steps("check served", progress), "verify", joined(ids), "files and servers are looked at, as visitors do")
		presences, err := m.CheckServed(ctx, ids, progress)
		var parted []string
		for _, presence := range presences {
			if presence.Parted != "" {
				parted = append(parted, presence.Parted)
			}
		}
		switch {
		case err != nil || len(parted) == 0:
		case len(presences) == 1:
			err = &acmecore.Error{Kind: acmecore.Unreachable, Op: "look at", Subject: string(presences[0].Certificate.ID), Cause: errors.New(parted[0]),
				Hint: "below is what was seen at each place, and what to try"}
		default:
			err = &acmecore.Error{Kind: acmecore.Unreachable, Op: "look at all certificates",
				Cause: fmt.Errorf("%d of %d are not the same everywhere", len(parted), len(presences)), Hint: "below is what was seen at each place, and what to try"}
		}
		slices.SortStableFunc(presences, func(a, b acmecore.Presence) int { return worse(a.Parted != "", b.Parted != "") })
		shown := presences[:min(len(presences), maxResults)]
		return acmecore.JobResult{Presences: shown, More: len(presences) - len(shown)}, err
	}
}

// worse orders what something is wrong with before what is well.
func worse(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
