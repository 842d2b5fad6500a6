package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"wcme/acmecore"
)

// overseer tells how the overseer is.
func (o out) overseer(s acmecore.Status) {
	o.is(gauge("build_info", "The version of wCME, the commit it was built from, and the version of Go.", "version", "commit", "goversion"),
		1, s.Version, s.Commit, s.Go)
	o.is(gauge("overseer_up", "Whether an overseer runs."), one(s.Overseer))
	o.at(gauge("overseer_start_timestamp_seconds", "When the overseer was started."), s.Since)
	o.at(gauge("last_pass_timestamp_seconds", "When the last pass over all certificates ended."), s.LastPass)
	o.at(gauge("next_pass_timestamp_seconds", "When the next daily pass is planned."), s.NextPass)
	o.is(gauge("daily_work_overdue", "Whether the daily work has been at a standstill for an hour."), one(!s.Silent.IsZero()))
	o.is(gauge("reports_waiting", "Reports that are not yet delivered."), float64(s.Reports))
}

// totals tell what was done, and how all certificates stand.
func (o out) totals(facts Facts) {
	if facts.Status.Overseer {
		count := func(name, help string, n int) {
			o.give(gauge(name, help), prometheus.CounterValue, float64(n))
		}
		count("renewals_total", "Certificates that were renewed and came into service, since the overseer's start.", facts.Totals.Renewals)
		count("failures_total", "Certificates that could not be obtained or brought into service in a run, since the overseer's start.", facts.Totals.Failures)
		count("attempts_total", "Orders that were placed at certification authorities, since the overseer's start.", facts.Totals.Attempts)
	}
	states := gauge("certificates", "Managed certificates in each state.", "state")
	for _, state := range []acmecore.State{acmecore.Valid, acmecore.Due, acmecore.Expired, acmecore.Missing, acmecore.Unusable} {
		o.is(states, float64(facts.Status.States[state]), string(state))
	}
	o.is(gauge("certificates_needing_attention", "Managed certificates that need attention."), float64(facts.Status.Attentive))
}

// surroundings tell what the overseer sees around it.
func (o out) surroundings(s acmecore.Status) {
	reached := gauge("authority_reached_timestamp_seconds", "When the certification authority last answered as it should.", "ca")
	failing := gauge("authority_failing", "Whether the certification authority did not answer when it was last asked.", "ca")
	for _, a := range s.Authorities {
		o.at(reached, a.Reached, a.CA)
		o.is(failing, one(a.Fails()), a.CA)
	}
	o.is(gauge("challenge_names", "Names that challenges of our own are asked for by."), float64(s.Challenges.Names))
	o.is(gauge("challenge_names_answered", "Of these, names whose challenges were answered rightly."), float64(s.Challenges.Answered))
	o.is(gauge("challenge_names_broken", "Of these, names whose challenges no longer get here."), float64(s.Challenges.Broken))
	o.at(gauge("challenge_last_look_timestamp_seconds", "When all names were last asked for."), s.Challenges.Looked)
	free := gauge("disk_free_bytes", "Space that is left in the file system of the directory.", "path")
	size := gauge("disk_size_bytes", "Size of the file system of the directory.", "path")
	low := gauge("disk_low", "Whether little space is left in the file system of the directory.", "path")
	for _, d := range s.Disks {
		if len(d.Paths) == 0 || d.Problem != "" {
			continue
		}
		o.is(free, float64(d.Free), d.Paths[0])
		o.is(size, float64(d.Size), d.Paths[0])
		o.is(low, one(d.Low), d.Paths[0])
	}
}

// certificates tell of each one, by its ID, which is all that tells one from another.
func (o out) certificates(list []Certificate) {
	notAfter := gauge("certificate_not_after_timestamp_seconds", "When the certificate on disk expires.", "certificate")
	served := gauge("certificate_served_not_after_timestamp_seconds", "When the certificate expires that visitors were last shown; the earliest where they were shown several.", "certificate")
	success := gauge("certificate_last_success_timestamp_seconds", "When the certificate was last obtained.", "certificate")
	state := gauge("certificate_state", "1 for the state that the certificate is in.", "certificate", "state")
	failed := gauge("certificate_failed_attempts", "Attempts to obtain the certificate since it was last obtained; missing where there were none.", "certificate")
	told := make(map[string]bool, len(list))
	for _, c := range list {
		id := acmecore.Inert(string(c.ID))
		if told[id] {
			continue
		}
		told[id] = true
		o.at(notAfter, c.NotAfter, id)
		o.at(served, c.Served, id)
		o.at(success, c.Success, id)
		o.is(state, 1, id, string(c.State))
		if c.Failures > 0 {
			o.is(failed, float64(c.Failures), id)
		}
	}
}
