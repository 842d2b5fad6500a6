package renew

import (
	"cmp"
	"context"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// askTime bounds one question about a renewal window: it is no more than advice.
const askTime = 30 * time.Second

// asks tells whether the CA is to be asked when it wants the certificate renewed
// (RFC 9773 section 4.1).
func (j *job) asks(now time.Time) bool {
	at, asks := schedule.NextAsk(j.now.Standing.RenewalInfo, j.now.Certificate, now)
	return asks && !at.After(now)
}

// ask learns the CA's window, and decides again. A CA that could not be reached is
// not asked for other certificates in the same run.
func (j *job) ask(ctx context.Context) {
	r := j.run
	if !j.asks(time.Now()) || r.slots.isDeaf(j.now.issuer()) {
		return
	}
	release, err := r.slots.take(ctx, j.now.issuer())
	if err != nil {
		return
	}
	defer release()
	if r.slots.isDeaf(j.now.issuer()) {
		return
	}
	limited, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer := r.Stages.Inform(limited, j.now)
	if ctx.Err() == nil {
		j.learn(answer)
	}
}

// learn remembers what the CA answered, and decides again.
func (j *job) learn(answer schedule.Answer) {
	now := time.Now()
	if answer.Err != nil && acmecore.KindOf(answer.Err) == acmecore.Unreachable {
		j.run.slots.deafen(j.now.issuer())
	}
	j.now.Standing.RenewalInfo = schedule.Learn(schedule.About(j.now.Standing.RenewalInfo, j.now.Certificate), answer, now)
	j.adopt()
	j.remember()
	j.now.Full = j.run.Stages.Room(j.now) // in a window there may be more
	j.work = j.decide(now)
}

// issuer tells the CA that is asked when to renew.
func (s Situation) issuer() string { return cmp.Or(s.Issuer, s.Authority) }
