package limits

import (
	"slices"
	"time"

	"wcme/acmecore"
)

// Ledger is what counted against the limits of one CA. Its functions must not be called
// at the same time.
type Ledger struct {
	rules  Rules
	events []Event
	newest time.Time

	// What follows is worked out of the events.
	asNew  map[subject]time.Time // when the bucket will be as new
	issued map[string]time.Time  // the last certificate for a set of names
	said   []Event               // by the CA
}

// subject is what a bucket is of.
type subject struct {
	kind acmecore.LimitKind
	name string
}

// New returns the ledger of a CA with those rules, in which the events stand.
func New(rules Rules, events []Event) *Ledger {
	l := &Ledger{rules: rules}
	l.count(slices.SortedStableFunc(slices.Values(events), func(a, b Event) int { return a.At.Compare(b.At) }))
	return l
}

// count works all out anew.
func (l *Ledger) count(events []Event) {
	l.events, l.newest, l.said = nil, time.Time{}, nil
	l.asNew, l.issued = make(map[subject]time.Time), make(map[string]time.Time)
	for _, e := range events {
		l.Note(e)
	}
}

// Note adds an event.
func (l *Ledger) Note(e Event) {
	// By the clock on the wall: the one that only runs stands still while a host sleeps.
	e.At, e.Until = e.At.Round(0), e.Until.Round(0)
	l.events = append(l.events, e)
	l.newest = later(l.newest, e.At)
	switch e.What {
	case Ordered:
		if e.Exempt == "" {
			l.spend(acmecore.LimitOrders, "", e.At)
		}
	case Issued:
		l.noteIssued(e)
	case Refused:
		for _, host := range hosts(e.Names) {
			l.spend(acmecore.LimitRefusals, host, e.At)
			l.spend(acmecore.LimitConsecutive, host, e.At)
		}
	case Limited:
		l.said = append(l.said, e)
	}
}

// noteIssued: what was issued shows that its names are not paused any more.
func (l *Ledger) noteIssued(e Event) {
	set := setOf(e.Names)
	l.issued[set] = later(l.issued[set], e.At)
	l.spend(acmecore.LimitSameNames, set, e.At)
	if e.Exempt == "" {
		for _, domain := range domains(e.Names) {
			l.spend(acmecore.LimitDomain, domain, e.At)
		}
	}
	for _, host := range hosts(e.Names) {
		delete(l.asNew, subject{acmecore.LimitConsecutive, host})
	}
	l.said = slices.DeleteFunc(l.said, func(limited Event) bool {
		return limited.At.Before(e.At) && isOfNames(limited.Kind) && limited.concerns(Order{Names: e.Names})
	})
}

func (l *Ledger) spend(kind acmecore.LimitKind, name string, at time.Time) {
	bucket := l.rules.of(kind)
	if bucket.Count <= 0 {
		return
	}
	of := subject{kind, name}
	l.asNew[of] = bucket.spend(l.asNew[of], at)
}

// ahead is how far in the future an event may lie. What lies further is of a clock that
// was set back since, and counts for nothing.
const ahead = time.Hour

// settle leaves out what a clock that was wrong has noted.
func (l *Ledger) settle(now time.Time) {
	if !l.newest.After(now.Add(ahead)) {
		return
	}
	l.count(slices.DeleteFunc(l.events, func(e Event) bool { return e.At.After(now.Add(ahead)) }))
}

// The bounds of a ledger.
const (
	maxEvents   = 50_000
	maxRefusals = 400 * day // that a refusal counts for the name's pause
)

// Prune forgets what counts no more, and returns the events that stay, the oldest first,
// and how many went.
func (l *Ledger) Prune(now time.Time) (events []Event, dropped int) {
	before := len(l.events)
	kept := slices.DeleteFunc(slices.Clone(l.events), func(e Event) bool { return e.isOver(l.rules, now) })
	if excess := len(kept) - maxEvents; excess > 0 {
		kept = kept[excess:]
	}
	if len(kept) < before {
		l.count(kept)
	}
	return l.events, before - len(kept)
}

// isOver tells whether an event makes no difference any more.
func (e Event) isOver(rules Rules, now time.Time) bool {
	age := now.Sub(e.At)
	switch e.What {
	case Ordered:
		return age > max(rules.Orders.Period, day)
	case Issued:
		return age > exemption
	case Refused:
		return age > maxRefusals
	case Limited:
		return !e.Until.After(now)
	}
	return age > maxRefusals
}

// Size is how many events there are.
func (l *Ledger) Size() int { return len(l.events) }

// CountRefusals returns how often the name of these was refused since then that was so
// most often.
func (l *Ledger) CountRefusals(names []acmecore.Name, since time.Time) (most int) {
	wanted, count := hosts(names), make(map[string]int)
	for _, e := range l.events {
		if e.What != Refused || e.At.Before(since) {
			continue
		}
		for _, host := range hosts(e.Names) {
			if slices.Contains(wanted, host) {
				count[host]++
				most = max(most, count[host])
			}
		}
	}
	return most
}

// CountIssued returns how many certificates for exactly these names were issued since
// then.
func (l *Ledger) CountIssued(names []acmecore.Name, since time.Time) (count int) {
	set := setOf(names)
	for _, e := range l.events {
		if e.What == Issued && !e.At.Before(since) && setOf(e.Names) == set {
			count++
		}
	}
	return count
}
