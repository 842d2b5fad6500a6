// Package manager is what wCME does, verb by verb: it joins the configuration,
// the state directory and the stages. The overseer serves a Manager on its
// socket, and the command line uses one in process when no overseer runs; both
// are the same code.
//
// Whoever makes a Manager holds the state directory's lock, unless it calls
// List and CheckCA only.
package manager

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/busy"
	"wcme/acmecore/challenge"
	"wcme/acmecore/config"
	"wcme/acmecore/order"
	"wcme/acmecore/outlook"
	"wcme/acmecore/overview"
	"wcme/acmecore/proving"
	"wcme/acmecore/records"
	"wcme/acmecore/renew"
	"wcme/acmecore/report"
	"wcme/acmecore/schedule"
	"wcme/acmecore/spread"
	"wcme/acmecore/store"
)

// Manager implements control.Operations.
type Manager struct {
	root    *store.Root
	config  atomic.Pointer[config.Config]
	digest  atomic.Pointer[string] // of the file that it was read from
	version string
	log     *slog.Logger
	now     func() time.Time
	clock   Clock // zero for the machine's
	busy    busy.Things
	// ordering is read-locked while an order is in the works, or a probe.
	ordering sync.RWMutex
	probes   chan struct{} // the places of maxProbes

	prover   *proving.Prover
	pipeline *renew.Pipeline
	reporter *report.Reporter
	zone     zone
	host     string // its name; "" where it has none
	pacing   sync.Mutex
	paces    map[string]schedule.Pace // by the CA's directory
	asking   sync.Mutex               // of asked, and of what accounts wait for; held for no longer than a look
	asked    map[string]askedCA       // likewise
	refusals refusals
	hosts    hosts
	errands  errands
	records  *records.Reader
	parsed   parsedRecords
	ledgers  ledgers
	permits  permits
	keeps    atomic.Bool // the daily work is done
	listing  *overview.Index
	reached  outlook.Reached
}

// New returns a manager of the state directory. version is sent to CAs; the log
// gets a line for each step of a run.
func New(root *store.Root, version string, log *slog.Logger) (*Manager, error) {
	m := &Manager{root: root, version: version, log: log, now: time.Now, probes: make(chan struct{}, maxProbes),
		paces: make(map[string]schedule.Pace), asked: make(map[string]askedCA)}
	first, digest, err := m.configuration()
	if err != nil {
		return nil, err
	}
	m.config.Store(first)
	m.digest.Store(&digest)
	m.listing = overview.New(inventory{m}, time.Now)
	m.host, _ = os.Hostname() // "" spreads less
	m.prover = proving.New(proving.Settings{Root: root, Config: m.Config, Log: log, Now: func() time.Time { return m.now() }})
	m.pipeline = renew.New(renew.Options{Stages: stages{m}, Log: log, NewRun: store.NewRunID})
	m.reporter = report.New(m.reportSettings(first), root.Spool(), log)
	m.records = records.NewReader(root, func() time.Time { return m.now() }, log)
	return m, nil
}

// AnswerBy has the Responder answer challenges while an order is in the works. It is
// called before the first run; without it, a web server answers.
func (m *Manager) AnswerBy(responder proving.Responder) { m.prover.AnswerBy(responder) }

// Reload reads the configuration again, and publishes what the script must know of
// it. One that has an error is refused, and the old one stays in force.
func (m *Manager) Reload() error {
	return m.audited(context.Background(), "read configuration again", "wcme.toml", func(entry *audit.Entry) error {
		entry.Before = *m.digest.Load()
		err := m.adopt()
		entry.After = *m.digest.Load()
		return err
	})
}

// adopt puts the configuration in force as it is on disk.
func (m *Manager) adopt() error {
	fresh, digest, err := m.configuration()
	if err != nil {
		return err
	}
	if err := m.check(fresh); err != nil {
		return err
	}
	if err := m.publish(fresh); err != nil {
		return err
	}
	m.config.Store(fresh)
	m.digest.Store(&digest)
	m.reporter.Configure(m.reportSettings(fresh))
	return nil
}

// configuration reads it: the file, whose digest is returned too, and what the
// environment has in its place.
func (m *Manager) configuration() (c *config.Config, digest string, err error) {
	path, text, err := m.root.Configuration()
	if err != nil {
		return nil, "", err
	}
	c, err = config.Parse(path, text)
	if err != nil {
		return nil, "", err
	}
	return c, digestOf(text), c.Override(os.Getenv)
}

// Check finds what is wrong with the configuration in force beyond what its text
// shows.
func (m *Manager) Check() error { return m.check(m.Config()) }

// Config returns the configuration in force. It must not be changed.
func (m *Manager) Config() *config.Config { return m.config.Load() }

// Recover puts right what a killed run left behind: files that are half made,
// certificates that were kept but not yet published in ssl, and challenges that
// nobody will ask for. It publishes what the script must know of the
// configuration. It returns the problems of all certificates; none keeps another
// from recovering. No hook is called: that may take its time, and is of the first sweep.
func (m *Manager) Recover() error {
	ids, err := m.managedIDs()
	problems := errors.Join(err, m.root.Sweep(), m.endLeftover(), m.prover.EndHooks(), m.check(m.Config()),
		spread.Over(len(ids), func(i int) error { return m.settle(ids[i]) }))
	if err == nil {
		problems = errors.Join(problems, m.dropOrphans(ids))
	}
	return errors.Join(problems, m.publish(m.Config()), m.prover.SweepProbes(), m.tidy())
}

// dropOrphans drops orders in flight that nobody will take up: those of certificates
// that are no longer managed.
func (m *Manager) dropOrphans(managed []acmecore.ID) error {
	ids, problems := m.root.InFlight()
	for _, id := range ids {
		base, _, _ := baseOf(id) // whose record says whether it is managed, unless it cannot be read
		_, unreadable := m.recordAt(base)
		if !slices.Contains(managed, id) && (unreadable == nil || !slices.Contains(managed, base)) {
			problems = errors.Join(problems, m.root.DropOrder(id))
		}
	}
	return problems
}

// sweep removes what killed runs have left of challenges, by hooks too.
func (m *Manager) sweep(ctx context.Context) error {
	return errors.Join(m.tidy(), m.sweepHooks(ctx))
}

// sweepHooks has hooks end what tidy has found to be left.
func (m *Manager) sweepHooks(ctx context.Context) error {
	return m.prover.SweepHooks(ctx, m.steps("sweep", nil))
}

// sweepLeft does so at the start of an overseer, behind its open socket.
func (m *Manager) sweepLeft(ctx context.Context) {
	if err := m.sweepHooks(ctx); err != nil && ctx.Err() == nil {
		m.log.Warn("not all is ended that hooks have begun before a kill", "error", err, "hint", acmecore.HintOf(err))
	}
}

// tidy removes what is left in www when no order is in flight. While one is,
// the CA may be about to fetch its challenge: also for an order whose run was
// killed, until the next run takes it up.
func (m *Manager) tidy() error {
	if !m.ordering.TryLock() {
		return nil
	}
	defer m.ordering.Unlock()
	if ids, err := m.root.InFlight(); err != nil || len(ids) > 0 {
		return err
	}
	return m.prover.Sweep()
}

func (m *Manager) challenges() challenge.Directory {
	return challenge.Directory(m.root.Challenges())
}

// CheckCA implements control.Operations.
func (m *Manager) CheckCA(ctx context.Context, ca string) (acmecore.Authority, error) {
	name, authority, err := m.Config().Find(ca)
	if err != nil {
		return acmecore.Authority{}, err
	}
	client, err := m.client(authority, order.Options{})
	if err != nil {
		return acmecore.Authority{}, err
	}
	answer, err := client.Discover(ctx)
	m.noteReached(authority, answer.Milliseconds, err)
	answer.CA = name
	if account, _, err := m.account(authority); err == nil {
		answer.Agreed, answer.Account = account.Terms, account.URL
	}
	return answer, acmecore.InterruptedOr(err, "check", name)
}

// client returns an ACME client of the authority; the options have the account
// and the progress.
func (m *Manager) client(authority config.Authority, options order.Options) (*order.Client, error) {
	roots, err := m.root.Roots(authority.Roots)
	if err != nil {
		return nil, err
	}
	options.Directory = authority.Directory.String()
	options.Hosts = authority.Hosts
	options.Roots = roots
	if proxy := m.Config().ProxyFor(authority); !proxy.IsZero() {
		options.Proxy = order.Through(proxy.URL())
	}
	options.UserAgent = "wcme/" + m.version
	options.Now, options.Sleep, options.Patience = m.now, m.clock.Sleep, m.clock.Patience
	return order.New(options), nil
}

// steps hands each step to the log and to whoever asked for the work.
func (m *Manager) steps(work string, progress acmecore.Progress) acmecore.Progress {
	return m.stepsAs("work", work, progress)
}

// stepsOf does so with those of a certificate.
func (m *Manager) stepsOf(id acmecore.ID, progress acmecore.Progress) acmecore.Progress {
	return m.stepsAs("certificate", string(id), progress)
}

func (m *Manager) stepsAs(key, value string, progress acmecore.Progress) acmecore.Progress {
	return func(step acmecore.Step) {
		m.log.Info(step.Text, key, value, "stage", step.Stage, "subject", step.Subject)
		if progress != nil {
			progress(step)
		}
	}
}
