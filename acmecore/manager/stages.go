package manager

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/order"
	"wcme/acmecore/proving"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// stages is what a pipeline has the manager do.
type stages struct{ *Manager }

var _ renew.Stages = stages{}

// Certificates implements renew.Stages.
func (s stages) Certificates() ([]acmecore.ID, error) {
	if err := s.Complete(); err != nil {
		return nil, err
	}
	return s.managedIDs()
}

// Hold implements renew.Stages.
func (s stages) Hold(ctx context.Context, id acmecore.ID, patience time.Duration) (release func(), busy bool) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	release, err := s.busy.Hold(limited, string(id))
	return release, err != nil
}

// Look implements renew.Stages. Whatever cannot be read is a fact, too.
func (s stages) Look(id acmecore.ID) renew.Situation {
	read := s.reading(id)
	record := read.record
	situation := renew.Situation{Certificate: read.Certificate, Rules: s.rules(record), Passing: willPass(read.err)}
	standing, err := s.root.Standing(id)
	if err != nil {
		s.log.Warn("standing not read", "certificate", id, "error", err)
	}
	situation.Standing = standing
	s.source(&situation, record)
	situation.Begun = s.root.Begun(id)
	situation.Placed = s.placed(read)
	for _, action := range s.loadsOf(id, record) {
		situation.Loads = append(situation.Loads, action.Name.String())
	}
	situation.Watched = len(situation.Loads) > 0 && len(s.Config().VerifyFor(record).Ports) > 0
	return situation
}

// willPass tells of an error that says nothing of the file that could not be read.
func willPass(err error) bool {
	for _, own := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ESTALE} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// rules are those of the configuration, and of the certificate's record.
func (m *Manager) rules(record *config.Certificate) schedule.Rules {
	renewal := m.Config().Renew
	return schedule.Rules{Before: m.Config().BeforeFor(record), Jitter: renewal.Jitter.Duration,
		Daily:    schedule.TimeOfDay{Hour: renewal.At.Hour, Minute: renewal.At.Minute},
		Location: m.zone.location(), Seed: m.host + m.root.Dir()}
}

// Settled implements renew.Stages.
func (s stages) Settled(id acmecore.ID) bool { return s.root.Settled(id) }

// Interval implements renew.Stages.
func (s stages) Interval() time.Duration {
	limit := s.Config().Renew.Orders
	return limit.Per / time.Duration(max(limit.Count, 1))
}

// Settle implements renew.Stages.
func (s stages) Settle(id acmecore.ID) error { return s.settle(id) }

// Pace implements renew.Stages. A note that cannot be read or kept stops nobody.
func (s stages) Pace(authority string) (wait time.Duration) {
	s.pacing.Lock()
	defer s.pacing.Unlock()
	limit := s.Config().Renew.Orders
	pace, wait := s.pace(authority).Take(time.Now(), limit.Count, limit.Per)
	if s.paces[authority] = pace; wait > 0 {
		return wait // nothing was taken
	}
	if text, err := json.Marshal(pace); err == nil {
		if err := s.root.PutPace(authority, text); err != nil {
			s.log.Warn("pace of orders not kept", "ca", authority, "error", err)
		}
	}
	return wait
}

// Inform implements renew.Stages.
func (s stages) Inform(ctx context.Context, situation renew.Situation) schedule.Answer {
	window, err := s.window(ctx, situation.Certificate)
	return schedule.Answer{Start: window.Start, End: window.End, Explanation: window.Explanation, RetryAfter: window.RetryAfter, Err: err}
}

func (m *Manager) window(ctx context.Context, c acmecore.Certificate) (order.Window, error) {
	chain, _, err := m.root.Chain(c.ID)
	if err != nil || len(chain) == 0 {
		return order.Window{}, errors.Join(err, errors.New("there is no certificate to ask about"))
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return order.Window{}, err
	}
	id, err := schedule.CertificateID(leaf)
	if err != nil {
		return order.Window{}, err
	}
	issue, err := m.root.Issue(c.ID, "")
	if err != nil {
		return order.Window{}, err
	}
	authority, err := m.issuedBy(c.ID, issue)
	if err != nil {
		return order.Window{}, err
	}
	renewals, err := m.renewals(ctx, authority)
	if err != nil {
		return order.Window{}, err
	}
	window, err := renewals.Window(ctx, id)
	m.noteReached(authority, 0, err)
	return window, err
}

// renewals returns where the CA says when to renew. Its directory is read once an
// hour for all certificates.
func (m *Manager) renewals(ctx context.Context, authority config.Authority) (*order.Renewals, error) {
	directory := authority.Directory.String()
	release, err := m.busy.Hold(ctx, "directory "+directory) // no CA waits for another one
	if err != nil {
		return nil, err
	}
	defer release()
	if known := m.askedOf(directory); known.renewals != nil && time.Since(known.at).Abs() < time.Hour {
		return known.renewals, nil
	}
	client, err := m.client(authority, order.Options{})
	if err != nil {
		return nil, err
	}
	renewals, err := client.Renewals(ctx)
	if err == nil {
		m.asking.Lock()
		m.asked[directory] = askedCA{renewals, time.Now()}
		m.asking.Unlock()
	}
	return renewals, err
}

func (m *Manager) askedOf(directory string) askedCA {
	m.asking.Lock()
	defer m.asking.Unlock()
	return m.asked[directory]
}

// askedCA is where a CA says when to renew, as it was read at that time.
type askedCA struct {
	renewals *order.Renewals
	at       time.Time
}

// Obtain implements renew.Stages: as the certificate's record wants it.
func (s stages) Obtain(ctx context.Context, id acmecore.ID, report acmecore.Progress) error {
	plan, err := s.planOf(id)
	if err != nil {
		return err
	}
	plan.scheduled = true
	return s.obtain(ctx, plan, s.stepsOf(id, report))
}

// Failure implements renew.Stages.
func (s stages) Failure(err error) acmecore.Failure {
	failure := acmecore.Failure{At: time.Now().UTC(), Kind: acmecore.KindOf(err), Cause: acmecore.Inert(err.Error()), Hint: acmecore.HintOf(err)}
	each(err, func(err error) {
		switch problem := err.(type) {
		case *order.LimitedError:
			failure.Until = problem.Until.UTC()
		case *order.RefusedError:
			failure.Refused = append(failure.Refused, acmecore.Name(problem.Name))
			if problem.Method != "" {
				if failure.Methods == nil {
					failure.Methods = make(map[acmecore.Name]acmecore.Method)
				}
				failure.Methods[acmecore.Name(problem.Name)] = problem.Method
			}
		case *order.Problem:
			failure.Type = cmp.Or(failure.Type, strings.TrimPrefix(problem.Type, acmecore.ProblemPrefix))
		}
	})
	return blamed(failure, err)
}

// each visits the error and all that it wraps.
func each(err error, visit func(error)) {
	visit(err)
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		if inner := wrapped.Unwrap(); inner != nil {
			each(inner, visit)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapped.Unwrap() {
			each(inner, visit)
		}
	}
}

// Remember implements renew.Stages.
func (s stages) Remember(id acmecore.ID, standing acmecore.Standing) error {
	issue, err := s.root.Issue(id, "")
	if err != nil {
		issue = acmecore.Issue{} // nothing was proved since
	}
	return s.root.PutStanding(id, proving.Learned(standing, issue.Methods))
}

// Record implements renew.Stages.
func (s stages) Record(run acmecore.Run) error {
	s.auditRun(run)
	return s.root.PutRun(run)
}

// Tell implements renew.Stages.
func (s stages) Tell(events ...acmecore.Event) error { return s.reporter.Tell(events...) }
