package report

import (
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// Tell tells what is new of the events. When it returns nil, what is to be sent is
// in the spool. With an error it is not, or its being told is not recorded: tell the
// same again later, which repeats nothing that was told.
func (r *Reporter) Tell(events ...acmecore.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now().Round(0) // the wall clock alone: the other one stops in a suspend
	r.remember()
	memory := r.memory.clone()
	news, changed := r.sift(memory, events, now)
	if !changed && !r.memory.unsaved {
		return nil
	}
	r.tellOperators(news, now)
	if err := r.keep(news, memory.Serial, now); err != nil {
		return &acmecore.Error{Kind: acmecore.Internal, Op: "keep report", Cause: err,
			Hint: "is there space left in the state directory? the report is kept as soon as there is"}
	}
	memory.Serial++
	memory.unsaved = true
	r.memory = memory
	clear(r.said)
	if len(news) > 0 {
		r.Wake()
	}
	return r.record(now)
}

// remember reads what was told before, once. Without it, troubles that go on are
// told again, and nothing worse.
func (r *Reporter) remember() {
	if r.memory != nil {
		return
	}
	recorded, err := r.spool.Told()
	if err != nil {
		r.log.Warn("what was reported before cannot be read: troubles that go on are reported again", "problem", acmecore.Inert(err.Error()))
		recorded = nil
	}
	if r.memory, err = parseMemory(recorded); err != nil {
		r.log.Warn("what was reported before cannot be read: troubles that go on are reported again", "problem", acmecore.Inert(err.Error()))
	}
}

// sift returns what is to be told of the events, and whether memory has changed.
func (r *Reporter) sift(memory *memory, events []acmecore.Event, now time.Time) (news []acmecore.Event, changed bool) {
	for _, e := range events {
		ends := e.Kind == acmecore.EventRecovered
		if !ends && !r.settings.tells(e.Kind) {
			continue
		}
		if !memory.take(e, now) {
			continue
		}
		changed = true
		if r.settings.tells(e.Kind) {
			news = append(news, inert(e, now))
		}
	}
	return news, changed
}

// keep puts a message for each recipient into the spool. Who has the message
// there already, since a kill came before it was recorded, gets no other.
func (r *Reporter) keep(news []acmecore.Event, serial int, now time.Time) error {
	recipients := r.settings.recipients()
	if len(news) == 0 || len(recipients) == 0 {
		return nil
	}
	kept, err := r.spool.List()
	if err != nil {
		return err
	}
	m := compose(r.settings, news, serial, now)
	for _, to := range recipients {
		m.Channel, m.Target = to.channel, to.target
		isKept := func(name string) bool { return strings.HasSuffix(name, m.suffix()) }
		if slices.ContainsFunc(kept, isKept) {
			continue
		}
		if err := r.put(m); err != nil {
			return err
		}
	}
	return nil
}

// record makes the memory durable.
func (r *Reporter) record(now time.Time) error {
	encoded, err := r.memory.encode(now)
	if err == nil {
		err = r.spool.SetTold(encoded)
	}
	if err != nil {
		return &acmecore.Error{Kind: acmecore.Internal, Op: "record what was reported", Cause: err,
			Hint: "is there space left in the state directory? after a restart, troubles are reported again"}
	}
	r.memory.unsaved = false
	return nil
}

// tellOperators writes what was not yet said on the operator console: while the
// spool takes nothing, the same events come again and again.
func (r *Reporter) tellOperators(news []acmecore.Event, now time.Time) {
	isSaid := func(e acmecore.Event) bool {
		at, found := r.said[sumOf(e)]
		return found && now.Sub(at) < repetition
	}
	news = slices.DeleteFunc(slices.Clone(news), isSaid)
	for _, e := range news {
		r.said[sumOf(e)] = now
	}
	r.tellConsole(news)
}

// recipient is one place that messages go to by the spool.
type recipient struct{ channel, target string }

// recipients are those of the settings.
func (s Settings) recipients() (all []recipient) {
	for _, to := range s.Mail.To {
		all = append(all, recipient{byMail, to})
	}
	for _, url := range s.Webhooks {
		all = append(all, recipient{byHook, sumOfTarget(url)})
	}
	return all
}
