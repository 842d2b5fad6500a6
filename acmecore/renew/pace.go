package renew

import (
	"time"

	"wcme/acmecore"
)

// affordable takes an order from what the CA may be asked for, where the job needs
// one. Without it the job is postponed.
func (r *run) affordable(j *job) bool {
	if !j.work.obtain {
		return true
	}
	r.mu.Lock()
	next, refused := r.refused[j.now.Authority]
	wait, interval := time.Duration(0), r.Stages.Interval()
	if !refused {
		wait = r.Stages.Pace(j.now.Authority)
		next = time.Now().Add(wait)
		refused = wait > 0
	}
	if refused { // the next one in the queue has its turn one order later
		r.refused[j.now.Authority] = next.Add(interval)
	}
	r.mu.Unlock()
	if !refused {
		return true
	}
	j.treated.Reason, j.treated.Text = j.work.reason, j.work.text
	j.treated.Outcome, j.treated.Next = acmecore.Postponed, next.UTC()
	j.treated.Problem = "as many orders as [renew] orders allows were made"
	r.agenda.put(j.id, next)
	if r.request.Trigger != bySchedule {
		r.enter(j)
		return false
	}
	r.mu.Lock()
	r.waiting++ // one line for all of them: there may be thousands, at each pass
	r.mu.Unlock()
	return false
}
