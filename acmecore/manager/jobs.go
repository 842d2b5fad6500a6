package manager

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/jobs"
)

// errands are what pages have begun, and what a form for the next ones must know.
type errands struct {
	once     sync.Once
	board    *jobs.Board
	mu       sync.Mutex
	profiles map[string][]string // of each CA that was asked, by its name
	ordering map[string]int      // orders of pages that are in the works, by the CA's directory; with Manager.pacing held
	// dns and port are asked by rehearsals in place of the system's name servers and of
	// port 80, in tests.
	dns  string
	port int
}

// board is where the jobs of pages are.
func (m *Manager) board() *jobs.Board {
	m.errands.once.Do(func() { m.errands.board = jobs.New(m.log) })
	return m.errands.board
}

// Close ends the jobs that pages have begun, and returns when they have ended. None
// begins afterwards.
func (m *Manager) Close() { m.board().Close() }

// Running lists the jobs that pages have begun and that go on, without their steps.
func (m *Manager) Running() []acmecore.Job { return m.board().Running() }

// Job implements control.Administration.
func (m *Manager) Job(_ context.Context, id string, after int) (acmecore.Job, error) {
	return m.board().Get(id, after)
}

// Begin implements control.Administration. What can be seen to be wrong with the task
// is an error at once, before a job begins; the audit says so. The job goes on when the
// context has ended, and is done for whoever the context says.
//
// A page has several buttons, and all of them send its one form: so a key begins nothing
// a second time only where the same is wished.
func (m *Manager) Begin(ctx context.Context, task control.Task, key string) (acmecore.Job, error) {
	wanted, err := json.Marshal(task)
	if err != nil {
		return acmecore.Job{}, err
	}
	key = formKey(key, wanted)
	if begun, found := m.board().Begun(key); found { // also where it could not begin any more
		return begun, nil
	}
	errand, err := m.errand(task)
	if err != nil {
		m.auditRefused(ctx, task, err)
		return acmecore.Job{}, err
	}
	job, err := m.board().Begin(ctx, jobs.Task{Key: key, Kind: string(task.Deed), Subject: errand.subject, By: control.CallerFrom(ctx),
		Wanted: string(wanted), Work: m.auditedWork(task, errand)})
	if err != nil {
		m.auditRefused(ctx, task, err)
	}
	return job, err
}

// formKey is the key of a form that was sent with a wish; "" stays none.
func formKey(key string, wanted []byte) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256(wanted)
	return key + " " + hex.EncodeToString(sum[:])
}

// errand is a task that can be begun.
type errand struct {
	subject string
	work    jobs.Work
}

// errand finds out whether a task can be begun, and what is to be done for it.
func (m *Manager) errand(task control.Task) (errand, error) {
	prepare := map[control.Deed]func(control.Task) (errand, error){
		control.DeedCertify:        m.certifying,
		control.DeedRehearse:       m.rehearsing,
		control.DeedRenew:          m.renewing,
		control.DeedLoad:           m.loadingOne,
		control.DeedVerify:         m.verifying,
		control.DeedRestore:        m.restoring,
		control.DeedRevoke:         m.revoking,
		control.DeedRemove:         m.removing,
		control.DeedManage:         m.managing,
		control.DeedCheckCA:        m.checkingCA,
		control.DeedCheckLoad:      m.checkingLoad,
		control.DeedCheckMail:      m.checkingReport(control.ByMail),
		control.DeedCheckOpcom:     m.checkingReport(control.ByOpcom),
		control.DeedCheckWebhook:   m.checkingReport(control.ByWebhook),
		control.DeedCheckChallenge: m.checkingChallenge,
		control.DeedCheckServed:    m.checkingServed,
	}[task.Deed]
	if prepare == nil {
		return errand{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "begin", Subject: fmt.Sprintf("%q", acmecore.Inert(string(task.Deed))),
			Cause: errors.New("nothing is called that")}
	}
	return prepare(task)
}

// one checks that the task's certificate is managed.
func (m *Manager) one(task control.Task) error {
	_, err := m.managed([]acmecore.ID{task.ID})
	return err
}

// some checks the task's certificate where it has one; nil stands for all of them.
func (m *Manager) some(task control.Task) ([]acmecore.ID, error) {
	if task.ID == "" {
		return nil, nil
	}
	return []acmecore.ID{task.ID}, m.one(task)
}
