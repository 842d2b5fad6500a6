package limits

import (
	"fmt"
	"slices"
	"time"

	"wcme/acmecore"
)

// Order is an order that is about to be placed.
type Order struct {
	Names []acmecore.Name
	// InWindow says that it replaces a certificate by name (RFC 9773 section 5), in the
	// window that the CA has given for that.
	InWindow bool
	// Placed says that it was placed before, and is only gone on with.
	Placed bool
	// ByHand says that a person asks for it, who may have lifted what persons can lift.
	ByHand bool
}

// Exempt returns why the order does not count against some limits; "" where it does.
func (l *Ledger) Exempt(o Order, now time.Time) Exemption {
	l.settle(now)
	if o.InWindow {
		return ByWindow
	}
	if last, found := l.issued[setOf(o.Names)]; found && now.Sub(last) < exemption {
		return BySameNames
	}
	return ""
}

// Room returns the limits that concern the order and of which something is used up. It
// finds room where none of them has an Until; otherwise not before the last of these.
func (l *Ledger) Room(o Order, now time.Time) (used []acmecore.Limit) {
	exempt := l.Exempt(o, now) // which settles it
	if o.Placed {
		return l.heard(o, now)
	}
	add := func(kind acmecore.LimitKind, name, shown string, counts bool) {
		limit, some := l.limit(kind, name, now)
		if !some {
			return
		}
		if limit.Subject = shown; !counts {
			limit.Until = time.Time{}
		}
		used = append(used, limit)
	}
	add(acmecore.LimitOrders, "", "", exempt == "")
	for _, domain := range domains(o.Names) {
		add(acmecore.LimitDomain, domain, domain, exempt == "")
	}
	add(acmecore.LimitSameNames, setOf(o.Names), "", exempt != ByWindow)
	for _, host := range hosts(o.Names) {
		add(acmecore.LimitRefusals, host, host, exempt != ByWindow)
		add(acmecore.LimitConsecutive, host, host, true)
	}
	return append(used, l.heard(o, now)...)
}

// limit is one of the published limits; some is false where nothing of it is used up.
func (l *Ledger) limit(kind acmecore.LimitKind, name string, now time.Time) (limit acmecore.Limit, some bool) {
	bucket := l.rules.of(kind)
	taken, until := bucket.room(l.asNew[subject{kind, name}], now)
	return acmecore.Limit{Kind: kind, Count: taken, Of: bucket.Count, Period: bucket.Period, Until: inSeconds(until)}, taken > 0
}

// inSeconds rounds up, so that nobody who reads the time comes too early.
func inSeconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(time.Second - 1).Truncate(time.Second).UTC()
}

// heard is what the CA has said of limits that are in force.
func (l *Ledger) heard(o Order, now time.Time) (list []acmecore.Limit) {
	for _, e := range l.said {
		if !e.Until.After(now) || !e.concerns(o) {
			continue
		}
		if o.Placed && e.Kind != acmecore.LimitOfAccount {
			continue
		}
		limit := acmecore.Limit{Kind: e.Kind, Subject: e.Subject, Until: inSeconds(e.Until), Said: e.Said, Page: e.Page}
		if o.ByHand && e.Page != "" {
			limit.Until = time.Time{}
		}
		list = append(list, limit)
	}
	return list
}

// isOfNames tells whether a limit is of names, and not of all that an account does.
func isOfNames(kind acmecore.LimitKind) bool {
	return kind != acmecore.LimitOrders && kind != acmecore.LimitOfAccount
}

// concerns tells whether what the CA said is of the order too.
func (e Event) concerns(o Order) bool {
	switch {
	case !isOfNames(e.Kind):
		return true
	case e.Subject == "" || e.Kind == acmecore.LimitSameNames: // of those names, whichever it was
		return setOf(e.Names) == setOf(o.Names)
	case e.Kind == acmecore.LimitDomain:
		return slices.Contains(domains(o.Names), e.Subject)
	}
	return slices.Contains(hosts(o.Names), e.Subject)
}

// Blocked returns the limit that finds room last; blocked is false where all have.
func Blocked(used []acmecore.Limit) (last acmecore.Limit, blocked bool) {
	for _, limit := range used {
		if limit.Until.After(last.Until) {
			last, blocked = limit, true
		}
	}
	return last, blocked
}

// InWords says which limit there is no room in, and until when, in a sentence.
func (l *Ledger) InWords(limit acmecore.Limit) string {
	until := limit.Until.UTC().Format(time.RFC3339)
	if limit.Said != "" {
		return fmt.Sprintf("%s; it asks not to be asked again before %s", limit.Said, until)
	}
	return fmt.Sprintf("%s allows %d %s in %s, and that many were used, by our own account; there is room again at %s",
		l.rules.CA, limit.Of, thing(limit), period(limit.Period), until)
}

func thing(limit acmecore.Limit) string {
	switch limit.Kind {
	case acmecore.LimitOrders:
		return "orders of an account"
	case acmecore.LimitDomain:
		return "certificates for names in " + limit.Subject
	case acmecore.LimitSameNames:
		return "certificates for exactly these names"
	case acmecore.LimitRefusals:
		return "refusals of " + limit.Subject
	}
	return "refusals of " + limit.Subject + " one after the other"
}

func period(d time.Duration) string {
	switch {
	case d == time.Hour:
		return "an hour"
	case d < day:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/day)
}
