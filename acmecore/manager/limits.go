package manager

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/limits"
	"wcme/acmecore/order"
	"wcme/acmecore/renew"
)

// ledgers are what counts against the limits of CAs, by their directories. They are read
// when they are first needed.
type ledgers struct {
	mu sync.Mutex
	of map[string]*ledger
}

// ledger is that of one CA.
type ledger struct {
	*limits.Ledger
	unkept bool // it is not on disk as it is here
	added  int  // events since it was written as a whole
}

// maxAdded is how many events are added to a ledger's file before it is written anew
// without those that count no more.
const maxAdded = 2000

// ledger is called with the lock of the ledgers held. What cannot be read is worked out
// of the versions that are kept.
func (m *Manager) ledger(directory string) *ledger {
	if known := m.ledgers.of[directory]; known != nil {
		return known
	}
	var events []limits.Event
	found, err := m.root.Limits(directory, func(lines []byte) (err error) {
		events, err = limits.Parse(lines)
		return err
	})
	if err != nil {
		m.log.Warn("what counts against a CA's limits is not known any more but for the versions that are kept", "ca", directory, "error", err, "hint", acmecore.HintOf(err))
	}
	if !found {
		events = m.eventsOf(directory)
	}
	read := &ledger{Ledger: limits.New(limits.Published(directory), events), unkept: !found}
	if _, dropped := read.Prune(m.now()); dropped > maxAdded {
		read.unkept = true
	}
	if m.ledgers.of == nil {
		m.ledgers.of = make(map[string]*ledger)
	}
	m.ledgers.of[directory] = read
	return read
}

// noteEvent adds an event to the ledger of a CA. One that cannot be kept counts until the end
// of this process, and stops nobody.
func (m *Manager) noteEvent(directory string, e limits.Event) {
	m.ledgers.mu.Lock()
	defer m.ledgers.mu.Unlock()
	l := m.ledger(directory)
	e.At = m.now().UTC()
	l.Note(e)
	var err error
	if l.added++; l.unkept || l.added > maxAdded {
		err = m.rewrite(directory, l)
	} else {
		err = m.root.AddLimits(directory, limits.Append(nil, e))
	}
	if l.unkept = err != nil; err != nil {
		m.log.Warn("what counts against a CA's limits is not kept", "ca", directory, "error", err)
	}
}

func (m *Manager) rewrite(directory string, l *ledger) error {
	events, _ := l.Prune(m.now())
	var text []byte
	for _, e := range events {
		text = limits.Append(text, e)
	}
	err := m.root.PutLimits(directory, text)
	if err == nil {
		l.added = 0
	}
	return err
}

// used are the limits that an order at the CA would meet. Published ones have room always
// where the configuration does not heed them.
func (m *Manager) used(directory string, o limits.Order) (used []acmecore.Limit, sentence string) {
	m.ledgers.mu.Lock()
	defer m.ledgers.mu.Unlock()
	l := m.ledger(directory)
	used = l.Room(o, m.now())
	if !m.Config().Renew.HeedsLimits() {
		for i := range used {
			if used[i].Said == "" {
				used[i].Until = time.Time{}
			}
		}
	}
	if last, blocked := limits.Blocked(used); blocked {
		sentence = acmecore.Inert(l.InWords(last))
	}
	return used, sentence
}

// Room implements renew.Stages.
func (s stages) Room(situation renew.Situation) renew.Full {
	used, sentence := s.limitsOf(situation)
	last, blocked := limits.Blocked(used)
	if !blocked {
		return renew.Full{}
	}
	return fullOf(last, sentence)
}

// limitsOf are the limits that an order for the certificate would meet now.
func (m *Manager) limitsOf(situation renew.Situation) (used []acmecore.Limit, sentence string) {
	c := situation.Certificate
	if len(c.Names) == 0 || situation.Authority == "" {
		return nil, ""
	}
	return m.used(situation.Authority, limits.Order{Names: c.Names, InWindow: m.inWindow(situation),
		Placed: situation.Begun && m.isPlaced(c.ID, situation.Authority, c.Names)})
}

// inWindow tells whether an order would be placed in the window that its CA has given for
// that (RFC 9773 section 5): also to the second, as CAs have it.
func (m *Manager) inWindow(situation renew.Situation) bool {
	info, now := situation.Standing.RenewalInfo, m.now()
	return situation.Certificate.Fingerprint != "" && info.Fingerprint == situation.Certificate.Fingerprint &&
		situation.Issuer == situation.Authority && !now.Before(info.Start) && now.Before(info.End)
}

// isPlaced tells whether an order for these very names is in flight at the CA: going on
// with it places none.
func (m *Manager) isPlaced(id acmecore.ID, directory string, names []acmecore.Name) bool {
	kept, found := m.root.OrderInFlight(id)
	return found && kept.URL != "" && kept.Directory == directory && slices.Equal(kept.Names, names)
}

// fullOf says what it means that there is no room.
func fullOf(last acmecore.Limit, sentence string) renew.Full {
	full := renew.Full{Until: last.Until, Problem: "not ordered: " + sentence, Hint: "wCME orders it then; nothing else is to be done"}
	if last.Page != "" {
		full.Hint = hintPaused(last.Page)
	}
	return full
}

// hintPaused says where a person can lift a pause.
func hintPaused(page string) string {
	return "mend what keeps the names from being validated, and lift the pause at " + page + " ; then: wcme certify"
}

// findRoom refuses to ask the CA for what it would refuse. The error is of kind Limited,
// with a renew.PostponedError in it.
func (m *Manager) findRoom(p *plan) error {
	directory := p.authority.Directory.String()
	used, sentence := m.used(directory, limits.Order{Names: p.names, ByHand: !p.scheduled, InWindow: m.exemptByWindow(p), Placed: m.isPlaced(p.id, directory, p.names)})
	last, blocked := limits.Blocked(used)
	if !blocked {
		return nil
	}
	full := fullOf(last, sentence)
	return &acmecore.Error{Kind: acmecore.Limited, Op: "order", Subject: string(p.id), Cause: &renew.PostponedError{Full: full}, Hint: full.Hint}
}

// exemptByWindow tells whether the order will replace a certificate in its window.
func (m *Manager) exemptByWindow(p *plan) bool {
	situation := stages{m}.Look(p.id)
	situation.Authority = p.authority.Directory.String()
	if !m.inWindow(situation) {
		return false
	}
	account, _, err := m.account(p.authority)
	return err == nil && m.predecessor(p, account) != ""
}

// counted is a journal that counts the orders that are placed.
type counted struct {
	order.Journal
	placed func()
}

// SetURL implements order.Journal.
func (c counted) SetURL(url string) error {
	if url != "" && url != c.URL() {
		c.placed()
	}
	return c.Journal.SetURL(url)
}

// counting returns a journal that counts the order for the plan.
func (m *Manager) counting(p *plan, journal order.Journal) order.Journal {
	return counted{journal, func() {
		m.noteEvent(p.authority.Directory.String(), limits.Event{What: limits.Ordered, Exempt: p.exempt})
	}}
}

// exempt returns why the plan's order does not count; "" where it does.
func (m *Manager) exempt(p *plan) limits.Exemption {
	byWindow := m.exemptByWindow(p)
	m.ledgers.mu.Lock()
	defer m.ledgers.mu.Unlock()
	return m.ledger(p.authority.Directory.String()).Exempt(limits.Order{Names: p.names, InWindow: byWindow}, m.now())
}

// tally counts what came of an attempt, and returns the error with a hint where a person
// can do something about it.
func (m *Manager) tally(ctx context.Context, p *plan, err error) error {
	directory := p.authority.Directory.String()
	if err == nil {
		m.noteEvent(directory, limits.Event{What: limits.Issued, Names: p.names, Exempt: p.exempt})
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	if refused := refusedNames(err); len(refused) > 0 {
		m.noteEvent(directory, limits.Event{What: limits.Refused, Names: refused})
	}
	limited := new(order.LimitedError)
	if !errors.As(err, &limited) {
		return err
	}
	event := limits.Event{What: limits.Limited, Names: p.names, Until: limited.Until, Said: acmecore.Inert(limited.Reason.Error())}
	answer := limits.Answer{Directory: directory, Names: p.names}
	if problem := new(order.Problem); errors.As(limited.Reason, &problem) {
		answer.Busy, answer.Detail, answer.Links = problem.Status == http.StatusServiceUnavailable, problem.Detail, problem.Addresses
	}
	event.Kind, event.Subject, event.Page = answer.Of()
	m.noteEvent(directory, event)
	if event.Page != "" {
		return &acmecore.Error{Kind: acmecore.Limited, Cause: err, Hint: hintPaused(event.Page)}
	}
	return err
}

// refusedNames are those that the CA could not validate.
func refusedNames(err error) (names []acmecore.Name) {
	each(err, func(err error) {
		if refused, is := err.(*order.RefusedError); is {
			names = append(names, acmecore.Name(refused.Name))
		}
	})
	return names
}
