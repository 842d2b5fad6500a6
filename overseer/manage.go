package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func (p *program) manageVerb() *cobra.Command {
	dryRun := false
	verb := &cobra.Command{
		Use:   "manage",
		Short: "one pass of the daily work: obtain what is due",
		Long: `Obtains each managed certificate that is missing, unusable, expired or due, as
` + "`wcme certify`" + ` does, with the CA, the key and the profile of its record. One that
fails keeps none of the others back. This is for cron, on hosts without an
overseer; deploy/cron has the line.

Exit status: 0 all that was due was obtained, 1 something was not, 3 nothing was
due.`,
		Example: "  wcme manage\n  wcme manage --dry-run",
		Args:    exactly(0, "none is"),
		RunE:    func(verb *cobra.Command, _ []string) error { return p.manage(verb.Context(), dryRun) },
	}
	verb.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be obtained")
	return verb
}

// errNothingDue is no failure: it has an exit status of its own, and no line.
var errNothingDue = errors.New("nothing is due")

// outcome is what became of one certificate that was not as it should be.
type outcome struct {
	ID       acmecore.ID    `json:"id"`
	State    acmecore.State `json:"state"`             // as it was found
	Outcome  string         `json:"outcome"`           // "obtained", "failed", or "due" where nothing was to be done
	Version  string         `json:"version,omitempty"` // of what was obtained
	NotAfter *time.Time     `json:"not_after,omitempty"`
	Problem  string         `json:"problem,omitempty"` // why it failed
	Hint     string         `json:"hint,omitempty"`
}

// The outcomes.
const (
	wouldObtain = "due"
	obtained    = "obtained"
	failed      = "failed"
)

// manage is one pass: the lock, or the overseer's attention, is taken once for it.
func (p *program) manage(ctx context.Context, dryRun bool) error {
	operations, release, err := p.passActor(ctx, dryRun)
	if err != nil {
		return err
	}
	defer release()
	certificates, err := operations.List(ctx)
	if err != nil {
		return err
	}
	outcomes := make([]outcome, 0, len(certificates))
	for _, c := range certificates {
		if state := c.State(time.Now()); state != acmecore.Valid && ctx.Err() == nil {
			outcomes = append(outcomes, p.renew(ctx, operations, c, state, dryRun))
		}
	}
	if err := p.print(outcomes, func(w io.Writer) error { return p.writePass(w, outcomes, len(certificates)) }); err != nil {
		return err
	}
	return judge(ctx, outcomes)
}

// passActor is the actor of a pass, or the reader of one that changes nothing.
func (p *program) passActor(ctx context.Context, dryRun bool) (control.Operations, func() error, error) {
	if !dryRun {
		return p.actor(ctx, "manage")
	}
	operations, err := p.reader()
	return operations, func() error { return nil }, err
}

// renew obtains one certificate. The request leaves everything but the names
// open, so that what the record says stays in force.
func (p *program) renew(ctx context.Context, operations control.Operations, c acmecore.Certificate, state acmecore.State, dryRun bool) outcome {
	found := outcome{ID: c.ID, State: state, Outcome: wouldObtain}
	switch {
	case len(c.Names) == 0: // its record cannot be read: nobody knows what to ask for
		found.Outcome, found.Problem = failed, c.Problem
		found.Hint = fmt.Sprintf("mend %s/etc/certificates/%s.toml", p.rootDir, c.ID)
		return found
	case dryRun:
		return found
	}
	fresh, err := operations.Certify(ctx, control.CertifyRequest{Names: c.Names}, p.progress())
	if err != nil {
		found.Outcome, found.Problem, found.Hint = failed, oneLine(err), acmecore.HintOf(err)
		return found
	}
	found.Outcome, found.Version, found.NotAfter = obtained, fresh.Version, &fresh.NotAfter
	return found
}

// writePass writes a line for each certificate that was not as it should be. That
// there was none is said unless cron, which mails whatever is said, asked for quiet.
func (p *program) writePass(w io.Writer, outcomes []outcome, managed int) error {
	if len(outcomes) == 0 && !p.quiet {
		_, err := fmt.Fprintf(w, "nothing is due; certificates managed: %d\n", managed)
		return err
	}
	for _, o := range outcomes {
		if _, err := fmt.Fprintln(w, o.line()); err != nil {
			return err
		}
	}
	return nil
}

func (o outcome) line() string {
	switch o.Outcome {
	case obtained:
		return fmt.Sprintf("%s: was %s; obtained version %s, valid to %s", o.ID, o.State, o.Version, o.NotAfter.Format(time.RFC3339))
	case failed:
		line := fmt.Sprintf("%s: is %s; not obtained: %s", o.ID, o.State, o.Problem)
		if o.Hint != "" {
			line += " (hint: " + o.Hint + ")"
		}
		return line
	}
	return fmt.Sprintf("%s: is %s; would be obtained", o.ID, o.State)
}

// judge returns what the exit status tells of a pass.
func judge(ctx context.Context, outcomes []outcome) error {
	failures := 0
	for _, o := range outcomes {
		if o.Outcome == failed {
			failures++
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failures > 0:
		return fmt.Errorf("certificates not obtained: %d of %d that are due", failures, len(outcomes))
	case len(outcomes) == 0:
		return errNothingDue
	}
	return nil
}
