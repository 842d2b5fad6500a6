package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
)

// TestMail sends a test mail to each recipient, now, and says what happened. It
// goes on after a failure, and returns the failures.
func (r *Reporter) TestMail(ctx context.Context) ([]acmecore.Step, error) {
	s := r.current()
	if len(s.Mail.To) == 0 {
		return nil, notConfigured("mail", `mail = ["you@example.org"] in [report]`)
	}
	trial := newTrial(s, "mail")
	for _, to := range s.Mail.To {
		m := trial.message
		m.Channel, m.Target = byMail, to
		trial.add(acmecore.Inert(to), r.mail(ctx, s, m, trial.noteFor(acmecore.Inert(to))))
	}
	return trial.steps, trial.err()
}

// TestWebhooks sends a test message to each webhook, now, and says what happened.
func (r *Reporter) TestWebhooks(ctx context.Context) ([]acmecore.Step, error) {
	s := r.current()
	if len(s.Webhooks) == 0 {
		return nil, notConfigured("webhook", `webhooks = ["https://…"] in [report]`)
	}
	trial := newTrial(s, "webhook")
	for _, address := range s.Webhooks {
		m := trial.message
		m.Channel, m.Target = byHook, sumOfTarget(address)
		trial.add(shownURL(address), r.post(ctx, address, m, trial.noteFor(shownURL(address))))
	}
	return trial.steps, trial.err()
}

// TestOpcom writes a test line to each facility, and says who has taken it.
func (r *Reporter) TestOpcom(ctx context.Context) ([]acmecore.Step, error) {
	s := r.current()
	if len(s.facilities()) == 0 {
		return nil, notConfigured("operator console", `opcom = ["daemon"] in [report]`)
	}
	trial := newTrial(s, "opcom")
	for _, name := range s.Opcom {
		if err := CheckFacility(name); err != nil {
			trial.add(acmecore.Inert(name), err)
			continue
		}
		one := s
		one.Opcom = []string{name}
		taker, err := one.write(trial.message.Events, r.opcomTime)
		if err == nil {
			trial.noteFor(name)("a line was taken by " + taker)
		}
		trial.add(name, err)
	}
	return trial.steps, errors.Join(trial.err(), ctx.Err())
}

// trial is a test of one channel.
type trial struct {
	stage   string
	message message
	steps   []acmecore.Step
	errs    []error
}

func newTrial(s Settings, stage string) *trial {
	now := time.Now()
	e := acmecore.Event{Kind: acmecore.EventNotice, At: now, Cause: "test", Text: "this is a test that somebody asked for: reports by " + stage + " get here"}
	m := compose(s, []acmecore.Event{inert(e, now)}, int(now.UnixNano()), now)
	m.Subject = "wcme " + s.host() + ": test"
	return &trial{stage: stage, message: m}
}

// noteFor returns what notes a step of a subject.
func (t *trial) noteFor(subject string) func(string) {
	return func(text string) {
		t.steps = append(t.steps, acmecore.Step{Time: time.Now(), Stage: t.stage, Subject: subject, Text: text})
	}
}

// add notes a failure, if it is one.
func (t *trial) add(subject string, err error) {
	if err != nil {
		t.noteFor(subject)(acmecore.Inert(err.Error()))
		t.errs = append(t.errs, err)
	}
}

// err returns the first failure, and how many there are.
func (t *trial) err() error {
	switch len(t.errs) {
	case 0:
		return nil
	case 1:
		return t.errs[0]
	}
	first := t.errs[0]
	return &acmecore.Error{Kind: acmecore.KindOf(first), Hint: acmecore.HintOf(first), Cause: fmt.Errorf("%w, and %d more", first, len(t.errs)-1)}
}

func notConfigured(what, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "test " + strings.TrimSpace(what), Hint: hint, Cause: errors.New("none is configured")}
}
