package renew

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// enter adds what became of a certificate to the record. Those that were only
// looked at are not in it.
func (r *run) enter(j *job) {
	if r.request.Everything && (j.watchable || !j.watchOnly) { // once
		r.logCertificate(j)
	}
	if j.treated.Outcome == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record.Certificates = append(r.record.Certificates, j.treated)
}

// tell notes an event, for the report that ends the run or a batch of it.
func (r *run) tell(event acmecore.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	event.At, event.Run = time.Now().UTC(), r.record.ID
	r.events = append(r.events, event)
}

// report tells what has happened since the last report, and tells whether that is
// kept now. What is not stays for the next report.
func (r *run) report() bool {
	r.mu.Lock()
	events := r.events
	r.events = nil
	r.mu.Unlock()
	return r.Pipeline.report(events)
}

// end closes the run: its report, its record and its line in the log.
func (r *run) end() acmecore.Run {
	r.record.Ended = time.Now().UTC()
	slices.SortFunc(r.record.Certificates, func(a, b acmecore.Treated) int { return strings.Compare(string(a.ID), string(b.ID)) })
	if r.request.DryRun {
		return r.record
	}
	r.report()
	r.logEnd()
	if len(r.record.Certificates)+len(r.record.Loads) > 0 || r.request.Everything {
		if err := r.Stages.Record(r.record); err != nil {
			r.Log.Error("run not recorded", "run", r.record.ID, "error", err)
		}
	}
	return r.record
}

// logCertificate writes the original's line about one certificate.
func (r *run) logCertificate(j *job) {
	if !r.Log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	c, now := j.now.Certificate, time.Now()
	if c.NotAfter.IsZero() {
		r.Log.Info("certificate", "name", j.id, "state", c.State(now), "problem", c.Problem)
		return
	}
	renewal := j.now.Rules.Renewal(c, j.now.Standing.RenewalInfo)
	r.Log.Info("certificate", "name", j.id, "state", c.State(now), "not_before", c.NotBefore.Format(time.DateOnly), "not_after", c.NotAfter.Format(time.DateOnly),
		"expires_in_days", c.DaysLeft(now), "renewal_in_days", days(renewal.At.Sub(now)), "because", renewal.Reason)
}

// days is a number of days of 86,400 s, rounded down: negative for what is overdue.
func days(d time.Duration) int {
	const day = 24 * time.Hour
	if d < 0 {
		return int((d - day + 1) / day)
	}
	return int(d / day)
}

// logEnd writes the closing line, for a run that had something to do.
func (r *run) logEnd() {
	if len(r.record.Certificates)+len(r.record.Loads)+r.waiting == 0 && !r.request.Everything {
		return
	}
	r.Log.Info("run ended", "run", r.record.ID, "trigger", r.record.Trigger, "certificates", r.record.Managed,
		"renewed", r.record.Count(acmecore.Renewed), "repaired", r.record.Count(acmecore.Repaired),
		"not_served", r.record.Count(acmecore.NotServed), "failed", r.record.Count(acmecore.Failed),
		"postponed", r.record.Count(acmecore.Postponed), "waiting_for_orders", r.waiting, "seconds", int(r.record.Ended.Sub(r.record.Began).Seconds()))
}
