package manager

import (
	"cmp"
	"context"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
	"wcme/acmecore/jobs"
)

// auditsItself tells whether what does the deed writes an entry of the audit, which says
// more than one about the job.
func auditsItself(deed control.Deed) bool {
	switch deed {
	case control.DeedCertify, control.DeedRenew, control.DeedLoad, control.DeedRestore, control.DeedRevoke, control.DeedRemove, control.DeedManage, control.DeedCheckLoad:
		return true
	}
	return false
}

// auditedWork is the work of a task, with an entry of the audit: each deed has one.
func (m *Manager) auditedWork(task control.Task, e errand) jobs.Work {
	if auditsItself(task.Deed) {
		return e.work
	}
	return func(ctx context.Context, progress acmecore.Progress) (result acmecore.JobResult, err error) {
		err = m.audited(ctx, string(task.Deed), e.subject, func(*audit.Entry) error {
			result, err = e.work(ctx, progress)
			return err
		})
		return result, err
	}
}

// auditRefused notes a task that could not begin.
func (m *Manager) auditRefused(ctx context.Context, task control.Task, err error) {
	subject := cmp.Or(string(task.ID), task.Action, task.CA)
	if task.Certify != nil {
		subject = cmp.Or(subject, askedFor(*task.Certify))
	}
	m.audit(ctx, acmecore.Inert(string(task.Deed)), acmecore.Inert(subject), "", "", "not begun: "+outcome(err))
}

// auditBegun notes, before anything is done, what cannot be taken back: whatever ends the
// overseer then, the audit says who has asked for it. What came of it is another entry.
func (m *Manager) auditBegun(entry audit.Entry) {
	entry.After, entry.Outcome = "", "begun"
	m.note(entry)
}
