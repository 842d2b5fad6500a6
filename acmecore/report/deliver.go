package report

import (
	"context"
	"errors"
	"slices"
	"time"

	"wcme/acmecore"
)

// When a message is tried again, and how long it is worth it.
const (
	hourly     = time.Hour
	whenNot    = 12 * time.Hour     // after a refusal for good: whoever is told of it may mend it
	worth      = 7 * 24 * time.Hour // after it, a failure is the last
	fewTries   = 4                  // unless there were fewer: the host may have been off for a week
	manyTries  = 200                // more than in a week: its time is of a clock that was wrong
	clockCheck = 10 * time.Minute   // a timer sleeps through a suspend, and a clock can be set
	spoolRetry = time.Minute        // when the spool cannot be read
	lastTime   = 2 * time.Second    // for the message under way when we are to end
)

// pause returns how long to wait after that many failures.
func pause(tries int) time.Duration {
	switch tries {
	case 0, 1:
		return time.Minute
	case 2:
		return 5 * time.Minute
	case 3:
		return 15 * time.Minute
	}
	return hourly
}

// Run delivers what is in the spool and what comes into it, until ctx ends.
func (r *Reporter) Run(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := r.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Warn("reports that wait cannot be read", "problem", acmecore.Inert(err.Error()), "next", next)
		}
		r.await(ctx, next)
	}
}

// await waits until the time, a clockCheck at most, a Wake, or the end of ctx.
func (r *Reporter) await(ctx context.Context, next time.Time) {
	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(min(max(time.Until(next), 0), clockCheck))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-r.wake:
	case <-timer:
	}
}

// Deliver tries each message in the spool that is due, one at a time, and returns
// when the next one is: the zero time when none is left. A delivery that fails is
// in the log, and no error: an error says what kept Deliver from trying.
func (r *Reporter) Deliver(ctx context.Context) (next time.Time, err error) {
	r.delivering.Lock()
	defer r.delivering.Unlock()
	names, err := r.spool.List()
	if err != nil {
		return time.Now().Add(spoolRetry), err
	}
	pass := pass{Reporter: r, down: map[recipient]error{}, eager: r.beEager()}
	for _, name := range names {
		if ctx.Err() != nil {
			return time.Now(), ctx.Err()
		}
		next = earlier(next, pass.treat(ctx, name))
	}
	for name := range r.waiting {
		if !slices.Contains(names, name) {
			delete(r.waiting, name)
		}
	}
	return next, nil
}

// tryAll makes the next Deliver try what is not due as well.
func (r *Reporter) tryAll() {
	r.mu.Lock()
	r.eager = true
	r.mu.Unlock()
	r.Wake()
}

// beEager tells, once after tryAll, to try what is not due as well.
func (r *Reporter) beEager() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	eager := r.eager
	r.eager = false
	return eager
}

// earlier returns the earlier of two times, of which the zero one is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// pass is one go through the spool.
type pass struct {
	*Reporter
	// down are the ways that have failed in this pass: what else goes there does not
	// wait for the same time limit.
	down  map[recipient]error
	eager bool
}

// treat does with one message of the spool what is to be done, and returns when it
// is to be looked at again: the zero time when it is gone.
func (p *pass) treat(ctx context.Context, name string) time.Time {
	state := p.waiting[name]
	if state != nil && state.done {
		return p.remove(name)
	}
	if state != nil && !p.isDue(state) {
		return state.Next
	}
	m, err := p.get(name)
	if errors.Is(err, errBroken) {
		p.log.Error("a report that waited is damaged and dropped", "report", name, "problem", acmecore.Inert(err.Error()))
		return p.remove(name)
	}
	if err != nil {
		return time.Now().Add(spoolRetry)
	}
	if !p.isDue(&m.delivery) {
		p.waiting[name] = &m.delivery
		return m.Next
	}
	return p.try(ctx, name, m)
}

// errBroken says that what the spool holds is no message.
var errBroken = errors.New("not a message")

// get returns a message, with what this process knows of its delivery: that may
// not have reached the disk.
func (p *pass) get(name string) (message, error) {
	kept, err := p.spool.Get(name)
	if err != nil {
		p.log.Warn("a report that waits cannot be read", "report", name, "problem", acmecore.Inert(err.Error()))
		return message{}, err
	}
	m, err := parseMessage(kept)
	if err != nil {
		return m, errors.Join(errBroken, err)
	}
	if state := p.waiting[name]; state != nil {
		m.delivery = *state
	}
	return m, nil
}

// isDue tells whether to try now. No pause is as long as one that begins in the
// future of a clock that was wrong.
func (p *pass) isDue(d *delivery) bool {
	wait := time.Until(d.Next)
	return p.eager || wait <= 0 || wait > whenNot
}

// try sends a message, and removes it from the spool or says when it is tried next.
func (p *pass) try(ctx context.Context, name string, m message) time.Time {
	err := p.send(ctx, m)
	if err != nil && ctx.Err() != nil {
		return time.Now() // we end; that says nothing of the other side
	}
	switch {
	case err == nil:
		p.log.Info("report delivered", "report", name, "to", m.shown(p.current()), "about", m.Subject, "tries", m.Tries+1)
	case errors.Is(err, errNoRecipient):
		p.log.Warn("report dropped: its recipient is no longer configured", "report", name, "about", m.Subject)
	case time.Since(m.Made) >= worth && m.Tries+1 >= fewTries, m.Tries >= manyTries:
		p.drop(name, m, err)
	default:
		return p.postpone(name, m, err)
	}
	p.waiting[name] = &delivery{done: true}
	return p.remove(name)
}

// errNoRecipient says that the settings have changed since a message was kept.
var errNoRecipient = errors.New("its recipient is no longer configured")

// send sends a message, unless the way there has just failed.
func (p *pass) send(ctx context.Context, m message) error {
	way := m.way()
	if err := p.down[way]; err != nil {
		return untried{err}
	}
	lasting, cancel := outlasting(ctx, lastTime)
	defer cancel()
	err := p.sendBy(lasting, p.current(), m)
	switch kind := acmecore.KindOf(err); {
	case err != nil && ctx.Err() != nil:
		// We end; that says nothing of the way.
	case err != nil && (kind == acmecore.Unreachable || kind == acmecore.Denied || kind == acmecore.NotFound):
		p.down[way] = err
		p.failures[way]++
	case p.failures[way] > 0:
		delete(p.failures, way)
		p.tryAll()
	}
	return err
}

// outlasting returns a context that ends so long after ctx: a message that the other
// side has taken, and whose taking we did not hear of, would be sent once more.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(by, cancel)
		context.AfterFunc(lasting, func() { timer.Stop() })
	})
	return lasting, func() { stop(); cancel() }
}

// way is what a message has in common with others that would fail as it does: the
// mail server, or one webhook.
func (m message) way() recipient {
	if m.Channel == byMail {
		return recipient{channel: byMail}
	}
	return recipient{m.Channel, m.Target}
}

// untried is the failure of another message, which this one would have shared.
type untried struct{ error }

func (u untried) Unwrap() error { return u.error }

// sendBy sends a message by its channel, with these settings.
func (r *Reporter) sendBy(ctx context.Context, s Settings, m message) error {
	switch {
	case m.Channel == byMail && slices.Contains(s.Mail.To, m.Target):
		return r.mail(ctx, s, m, func(string) {})
	case m.Channel == byHook:
		if url, found := s.webhook(m.Target); found {
			return r.post(ctx, url, m, func(string) {})
		}
	}
	return errNoRecipient
}

// postpone keeps a message that could not be sent, and returns when it is tried
// again. The first refusal for good is told on the operator console, which is the
// channel that does not depend on the others.
func (p *pass) postpone(name string, m message, err error) time.Time {
	refused := acmecore.KindOf(err) == acmecore.Refused
	first := refused && !m.Refused
	m.Tries++
	m.Refused, m.Problem = refused, acmecore.Inert(err.Error())
	wait := pause(max(m.Tries, p.failures[m.way()]))
	if refused {
		wait = whenNot
	}
	m.Next = time.Now().Add(wait).Round(0)
	p.waiting[name] = &m.delivery
	if !errors.As(err, new(untried)) {
		p.log.Warn("report not delivered", "report", name, "to", m.shown(p.current()), "about", m.Subject, "problem", m.Problem,
			"hint", acmecore.HintOf(err), "tries", m.Tries, "next", m.Next)
	}
	if err := p.put(m); err != nil {
		p.log.Warn("the failure of a report cannot be recorded: after a restart it is tried at once", "report", name, "problem", acmecore.Inert(err.Error()))
	}
	if first {
		p.tellOfMessage(m, "a report was refused: "+m.Problem, acmecore.HintOf(err))
	}
	return m.Next
}

// drop gives a message up.
func (p *pass) drop(name string, m message, err error) {
	p.log.Error("report dropped: it could not be delivered for a week", "report", name, "to", m.shown(p.current()), "about", m.Subject,
		"problem", acmecore.Inert(err.Error()), "hint", acmecore.HintOf(err), "tries", m.Tries+1)
	m.Next = time.Time{}
	p.tellOfMessage(m, "a report could not be delivered for a week, and is dropped: "+m.Subject, acmecore.HintOf(err))
}

// tellOfMessage says on the operator console what became of a message.
func (r *Reporter) tellOfMessage(m message, text, hint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := inert(acmecore.Event{Kind: acmecore.EventNotice, Text: text, Hint: hint, Next: m.Next}, time.Now())
	r.tellConsole([]acmecore.Event{e})
}

// remove removes a message. One that stays is remembered, and not sent again.
func (p *pass) remove(name string) time.Time {
	if err := p.spool.Remove(name); err != nil {
		p.log.Warn("a report that is done with cannot be removed", "report", name, "problem", acmecore.Inert(err.Error()))
		p.waiting[name] = &delivery{done: true}
		return time.Now().Add(spoolRetry)
	}
	delete(p.waiting, name)
	return time.Time{}
}

// put keeps a message in the spool.
func (r *Reporter) put(m message) error {
	encoded, err := m.encode()
	if err != nil {
		return err
	}
	return r.spool.Put(m.name(), encoded)
}

// shown names a message's recipient without a secret.
func (m message) shown(s Settings) string {
	if url, found := s.webhook(m.Target); m.Channel == byHook && found {
		return shownURL(url)
	}
	return acmecore.Inert(m.Target)
}
