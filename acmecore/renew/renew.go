// Package renew is the pipeline that a certificate goes through: due → ordered →
// issued → installed → loaded → verified → reported. It decides what is to be
// done, and in which order; how each stage does it stands behind Stages.
//
// A Pipeline derives what to do from what is: the certificate on disk, the files
// in the targets, what each load action last loaded and what a visitor last saw.
// The first of these that is not as it should be is where a pass goes on, so that
// a kill, a restored backup or a deleted file heals on the next pass, and nothing
// is ordered twice.
//
// Pass is one look at many certificates. Each of them is treated on its own, so
// that none waits for another one's CA; those that have new files share one run of
// the load actions. Keep makes passes for ever, when something is due.
package renew

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// Situation is what is known of one certificate before anything is done.
type Situation struct {
	Certificate acmecore.Certificate
	Standing    acmecore.Standing
	Rules       schedule.Rules
	// Choice is between CAs, and Authority tells certificates of one CA from those of
	// another: the directory of the one in turn.
	Choice    Choice
	Authority string
	// Issuer is the directory of the CA that has issued the current version: it is asked
	// when that is to be renewed. "" is the Authority.
	Issuer string
	// Full says that there is no room for an order; Pipelines fill it in.
	Full Full
	// Begun says that an order for it is in flight, which some run did not end: it is
	// gone on with, due or not, so that nothing that the CA has issued is lost.
	Begun bool
	// Passing says that the certificate's Problem is this process's own, and will pass:
	// too many open files, say. Nothing follows from it.
	Passing bool
	// Placed is how the certificate stands in each of its targets.
	Placed []acmecore.Placed
	// Loads names the load actions that concern it, in the order of the configuration.
	Loads []string
	// Watched says that there are places where it can be seen being served.
	Watched bool
}

// Installed is what came of installing a certificate in its targets.
type Installed struct {
	Files []string // that were changed
	Err   error    // of the targets that failed; the others are in line
}

// Batch is what one run of a load action is for.
type Batch struct {
	Names        []acmecore.Name
	Certificates []acmecore.ID
	ChangedFiles []string
}

// Stages does the work of a pipeline. All functions but Load may be called for
// several certificates at once.
type Stages interface {
	// Certificates lists what is managed.
	Certificates() ([]acmecore.ID, error)
	// Hold keeps every other run from the certificate until release is called; busy
	// means that another one has it, and had it for as long as there was patience.
	Hold(ctx context.Context, id acmecore.ID, patience time.Duration) (release func(), busy bool)
	// Look reads what is so, and asks nobody.
	Look(id acmecore.ID) Situation
	// Settle finishes what a killed run has begun and can be finished without the CA.
	Settle(id acmecore.ID) error
	// Settled tells whether there is nothing of that.
	Settled(id acmecore.ID) bool
	// Room tells whether the CA in turn would take an order for the certificate now, by our
	// own account of its limits. It asks nobody.
	Room(s Situation) Full
	// Inform asks the CA when it wants the certificate renewed (RFC 9773).
	Inform(ctx context.Context, s Situation) schedule.Answer
	// Pace takes one order from what the CA may be asked for; otherwise it returns how
	// long to wait for one.
	Pace(authority string) (wait time.Duration)
	// Interval lies between two orders at the pace that is allowed.
	Interval() time.Duration
	// Obtain orders the certificate and keeps it as its current version. A PostponedError is
	// no failure.
	Obtain(ctx context.Context, id acmecore.ID, report acmecore.Progress) error
	// Failure is what is remembered of an error of Obtain.
	Failure(err error) acmecore.Failure
	// Install brings the targets into line with the current version. What stood there
	// is kept for PutBack.
	Install(id acmecore.ID) Installed
	// PutBack gives the targets the files back that Install has replaced; there may
	// have been none.
	PutBack(id acmecore.ID) (files []string, err error)
	// Accept forgets what Install has replaced: the certificate is in service.
	Accept(id acmecore.ID) error
	// Load runs the action of that name.
	Load(ctx context.Context, action string, batch Batch, report acmecore.Progress) acmecore.LoadResult
	// Proofs says what visitors see now.
	Proofs(ctx context.Context, id acmecore.ID) []acmecore.Proof
	// Verify waits, for a while, until visitors see the current version, and says
	// what they see.
	Verify(ctx context.Context, id acmecore.ID, report acmecore.Progress) []acmecore.Proof
	// Remember keeps the standing.
	Remember(id acmecore.ID, standing acmecore.Standing) error
	// Record keeps the record of a run.
	Record(run acmecore.Run) error
	// Tell reports events.
	Tell(events ...acmecore.Event) error
}

// Pipeline treats certificates.
type Pipeline struct {
	Options
	loading sync.Mutex // one batch is loaded at a time
	agenda  *agenda
	slots   slots
	unkept  unkept
	untold  untold
}

// Options are what a pipeline is made of; all are required.
type Options struct {
	Stages Stages
	Log    *slog.Logger
	// NewRun names a run that begins at that time.
	NewRun func(time.Time) string
}

// New returns a pipeline.
func New(options Options) *Pipeline { return &Pipeline{Options: options, agenda: newAgenda()} }

// Request is what a pass is asked to do.
type Request struct {
	Trigger string // as in acmecore.Run
	By      string
	Only    []acmecore.ID // nil: all that are managed
	Force   []acmecore.ID // are obtained although they are not due, whatever failed before
	// DryRun says what would be done, and does nothing.
	DryRun bool
	// Everything looks also at what visitors see of certificates that nothing is due
	// for, and tells the log of each one: the daily pass.
	Everything bool
	// Now disregards what was tried in vain a while ago.
	Now bool
}

// Pass treats the certificates of the request and returns when all of them are
// done with. It returns what it did also beside an error, which is about the run as
// a whole.
func (p *Pipeline) Pass(ctx context.Context, request Request, progress acmecore.Progress) (acmecore.Run, error) {
	r := p.begin(ctx, request, progress)
	ids := request.Only
	if ids == nil {
		all, err := p.Stages.Certificates()
		if err != nil {
			r.record.Problem = acmecore.Inert(err.Error())
			r.tell(acmecore.Event{Kind: acmecore.EventFailed, Cause: "list", Text: "nobody knows what is managed: " + r.record.Problem,
				Hint: "nothing is renewed until that is mended"})
			return r.end(), err
		}
		ids = all
	}
	r.walk(ctx, ids)
	return r.end(), ctx.Err()
}

// One takes a single certificate through the pipeline, whatever is due: obtain
// makes it the current version, where that is wanted, and nil leaves the one that
// is. Whoever calls it holds the certificate.
func (p *Pipeline) One(ctx context.Context, request Request, id acmecore.ID, obtain Obtain, progress acmecore.Progress) (acmecore.Run, error) {
	request.Only, request.Now = []acmecore.ID{id}, true
	r := p.begin(ctx, request, progress)
	job := r.job(id)
	job.obtain = obtain
	job.work = job.decide(time.Now())
	due := job.work.obtain
	job.work.obtain = obtain != nil
	switch {
	case obtain == nil: // one that is due is delivered all the same
		job.now.decideDelivery(time.Now(), request, &job.work)
	case !due:
		job.work.reason, job.work.text = acmecore.BecauseAsked, asked
	}
	r.record.Managed = 1
	r.batch.enter()
	r.do(ctx, job)
	r.batch.wait()
	return r.end(), job.err
}

// Obtain gets a certificate and keeps it as the current version.
type Obtain func(ctx context.Context, report acmecore.Progress) error
