package manager

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
	"wcme/acmecore/schedule"
)

// done is the outcome of what came to a good end.
const done = "done"

func outcome(err error) string {
	if err == nil {
		return done
	}
	return acmecore.Inert(err.Error())
}

// audited does what somebody asked for, and notes in the audit that it was asked for
// and what came of it. do says in the entry what was so before, and what is so now, as
// far as it comes.
func (m *Manager) audited(ctx context.Context, what, subject string, do func(*audit.Entry) error) error {
	entry := audit.Entry{Who: control.CallerFrom(ctx), What: what, Subject: subject}
	err := do(&entry)
	entry.Outcome = outcome(err)
	m.note(entry)
	return err
}

// audit notes who asked for what.
func (m *Manager) audit(ctx context.Context, what, subject, before, after, outcome string) {
	m.note(audit.Entry{Who: control.CallerFrom(ctx), What: what, Subject: subject, Before: before, After: after, Outcome: outcome})
}

// note writes an entry. That it cannot be written stops nobody, and is said.
func (m *Manager) note(entry audit.Entry) {
	if err := m.root.Audit(entry); err != nil {
		m.log.Error("audit not written", "what", entry.What, "subject", entry.Subject, "error", err)
	}
}

// auditRun notes what a pass has done to each certificate. Whoever asks for a single
// one has an entry already, which says more.
func (m *Manager) auditRun(run acmecore.Run) {
	if run.Trigger != "schedule" && run.Trigger != "manage" {
		return
	}
	for _, treated := range run.Certificates {
		switch treated.Outcome {
		case acmecore.Renewed, acmecore.Repaired, acmecore.NotServed, acmecore.Failed:
			m.note(m.entryOf(run, treated))
		}
	}
}

// entryOf is what the audit says of a certificate that a pass has treated.
func (m *Manager) entryOf(run acmecore.Run, treated acmecore.Treated) audit.Entry {
	entry := audit.Entry{At: run.Ended, Who: cmp.Or(run.By, "schedule"), What: "renew", Subject: string(treated.ID), Outcome: done}
	if treated.Reason == acmecore.BecauseLacking {
		entry.What = "put right"
	}
	if treated.Problem != "" {
		entry.Outcome = fmt.Sprintf("%s: %s", treated.Outcome, treated.Problem)
	}
	entry.After = describedAs(treated.Version, treated.Serial, treated.NotAfter)
	entry.Before = entry.After
	if slices.ContainsFunc(treated.Stages, func(s acmecore.Stage) bool { return s.Stage == "order" && s.Problem == "" }) {
		entry.Before = m.versionThen(treated)
	}
	return entry
}

// versionThen describes the version that was current before the one that was obtained;
// "" where there was none, or where it is not kept any more.
func (m *Manager) versionThen(treated acmecore.Treated) string {
	versions, err := m.root.Versions(treated.ID)
	if err != nil {
		return ""
	}
	for _, version := range versions { // the newest first
		if version.Name < treated.Version {
			return describedAs(version.Name, version.Serial, version.NotAfter)
		}
	}
	return ""
}

// described is what the audit says of a certificate.
func described(c acmecore.Certificate) string { return describedAs(c.Version, c.Serial, c.NotAfter) }

func describedAs(version, serial string, notAfter time.Time) string {
	if version == "" {
		return ""
	}
	return fmt.Sprintf("version %s, serial %s, valid to %s", version, serial, notAfter.Format(time.RFC3339))
}

// digestOf names a configuration in the audit.
func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "SHA-256 " + hex.EncodeToString(sum[:8])
}

// refusals keeps those who are refused from filling the audit, and the disk.
type refusals struct {
	mu     sync.Mutex
	pace   schedule.Pace
	silent int // those since the last one that was noted
}

// maxRefusals are noted an hour; further ones are counted.
const maxRefusals = 60

// Refused notes in the audit that a request was refused, for control.Server, and tells
// whether it did.
func (m *Manager) Refused(who, path, reason string) bool {
	m.refusals.mu.Lock()
	pace, wait := m.refusals.pace.Take(time.Now(), maxRefusals, time.Hour)
	m.refusals.pace = pace
	if wait > 0 {
		m.refusals.silent++
		m.refusals.mu.Unlock()
		return false
	}
	silent := m.refusals.silent
	m.refusals.silent = 0
	m.refusals.mu.Unlock()
	entry := audit.Entry{Who: who, What: "refused request", Subject: acmecore.Inert(path), Outcome: acmecore.Inert(reason)}
	if silent > 0 {
		entry.Outcome += fmt.Sprintf("; %d more were refused before, and are not listed", silent)
	}
	m.note(entry)
	return true
}
