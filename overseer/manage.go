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
	var request control.ManageRequest
	var force []string
	verb := &cobra.Command{
		Use:   "manage",
		Short: "one pass of the daily work, now",
		Long: `Looks at every managed certificate and does what is missing: it obtains what is due,
with the CA, the key and the profile of its record, installs it in its targets, runs
the load actions once for all, and looks whether visitors are served it. One that
fails keeps none of the others back. What failed a short while ago waits for its next
try, unless --now is given.

The overseer does this by itself; by cron it is for hosts without one, and deploy/cron
has the line.

Exit status: 0 all that was due was done, 1 something was not, 3 nothing was due.`,
		Example: "  wcme manage\n  wcme manage --dry-run\n  wcme manage --force www.example.org",
		Args:    exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) (err error) {
			if request.Force, err = idsOf(force); err != nil {
				return err
			}
			if verb.Flags().Changed("force") && len(force) == 0 {
				return usage(errors.New("--force names no certificate")) // as of an empty variable: no other pass is meant
			}
			return p.manage(verb.Context(), request)
		},
	}
	verb.Flags().BoolVar(&request.Now, "now", false, "try at once what failed a short while ago")
	verb.Flags().BoolVar(&request.DryRun, "dry-run", false, "only say what would be done, and why")
	verb.Flags().StringSliceVar(&force, "force", nil, "obtain these, and look at no other, although they are not due")
	return verb
}

// idsOf reads certificates' names: their IDs, or their first host names.
func idsOf(texts []string) (ids []acmecore.ID, err error) {
	for _, text := range texts {
		if id, err := acmecore.ParseID(text); err == nil {
			ids = append(ids, id)
			continue
		}
		name, err := acmecore.ParseName(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, name.ID())
	}
	return ids, nil
}

// errNothingDue is no failure: it has an exit status of its own, and no line.
var errNothingDue = errors.New("nothing is due")

// manage is one pass: the lock, or the overseer's attention, is taken once for it.
func (p *program) manage(ctx context.Context, request control.ManageRequest) error {
	operations, release, err := p.passActor(ctx, request.DryRun)
	if err != nil {
		return err
	}
	defer release()
	run, err := operations.Manage(ctx, request, p.progress())
	if err != nil {
		return err
	}
	if err := p.print(run, func(w io.Writer) error { return p.writePass(w, run) }); err != nil {
		return err
	}
	return judge(run)
}

// passActor is the actor of a pass, or the reader of one that changes nothing.
func (p *program) passActor(ctx context.Context, dryRun bool) (control.Operations, func() error, error) {
	if !dryRun {
		return p.actor(ctx, "manage")
	}
	operations, err := p.reader()
	return operations, func() error { return nil }, err
}

// writePass writes a line for each certificate that something was to be done to.
// That there was none is said unless cron, which mails whatever is said, asked for
// quiet.
func (p *program) writePass(w io.Writer, run acmecore.Run) error {
	if len(run.Certificates) == 0 && !p.quiet {
		_, err := fmt.Fprintf(w, "nothing is due; certificates managed: %d\n", run.Managed)
		return err
	}
	for _, treated := range run.Certificates {
		if _, err := fmt.Fprintln(w, line(treated)); err != nil {
			return err
		}
	}
	return nil
}

// line says what became of one certificate.
func line(t acmecore.Treated) string {
	switch t.Outcome {
	case acmecore.Renewed:
		return fmt.Sprintf("%s: was %s; obtained version %s, valid to %s", t.ID, t.State, t.Version, t.NotAfter.Format(time.RFC3339))
	case acmecore.Repaired:
		return fmt.Sprintf("%s: put right: %s", t.ID, t.Text)
	case acmecore.NotServed:
		return hinted(fmt.Sprintf("%s: version %s is not in service: %s", t.ID, t.Version, t.Problem), t.Hint)
	case acmecore.Planned:
		if t.Reason == acmecore.BecauseLacking {
			return fmt.Sprintf("%s: is %s; would be put right: %s", t.ID, t.State, t.Text)
		}
		return fmt.Sprintf("%s: is %s; would be obtained: %s", t.ID, t.State, t.Text)
	case acmecore.Postponed:
		text := fmt.Sprintf("%s: is %s; postponed", t.ID, t.State)
		if !t.Next.IsZero() {
			text += " to " + t.Next.UTC().Format(time.RFC3339)
		}
		return hinted(text+": "+t.Problem, t.Hint)
	}
	return hinted(fmt.Sprintf("%s: is %s; not obtained: %s", t.ID, t.State, t.Problem), t.Hint)
}

func hinted(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + " (hint: " + hint + ")"
}

// judge returns what the exit status tells of a pass.
func judge(run acmecore.Run) error {
	undone := run.Count(acmecore.Failed) + run.Count(acmecore.NotServed) + run.Count(acmecore.Postponed)
	switch {
	case undone > 0:
		return fmt.Errorf("certificates that are not in service as they should be: %d of %d that something was to be done to", undone, len(run.Certificates))
	case len(run.Certificates) == 0:
		return errNothingDue
	}
	return nil
}
