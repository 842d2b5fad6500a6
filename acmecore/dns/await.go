package dns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// The waits between two looks: the first, and the longest, to which each doubles.
const (
	firstWait   = 200 * time.Millisecond
	longestWait = 5 * time.Second
)

// grace is how long the other addresses of a server are waited for, once one shows the
// value: a server that has it at one only shows it to some CAs.
const grace = time.Second

// maxShown is how many other values of a server an error has.
const maxShown = 3

// Sight is what a name server shows of a record.
type Sight struct {
	Server    string   // its name
	Addresses []string // that it was asked at, each IP:PORT
	Saw       bool     // the value
	Absent    bool     // it has no address, and is asked by nobody
	Problem   string   // what was there instead, inert; "" where it was seen
}

// Await asks the name servers of the place's zone, each by itself and at all its
// addresses, until all show the value, and waits for Settle then. A server shows it when
// one of its addresses does, and none denies it: an address that this host has no way
// to, or that stays silent, holds nobody up where another one answers.
//
// The error, of kind Unreachable, names the servers that did not show it within
// Patience, and what they have instead. With Unchecked nobody is asked.
func (f *Finder) Await(ctx context.Context, place Place, value string) ([]Sight, error) {
	if f.settings.Unchecked {
		return nil, f.settle(ctx)
	}
	servers, err := f.serversOf(ctx, place)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, f.settings.Patience)
	defer cancel()
	w := &watch{Finder: f, place: place, value: value, sights: make([]Sight, len(servers))}
	for i, server := range servers {
		w.sights[i] = Sight{Server: acmecore.Inert(server.name), Addresses: server.addresses, Absent: len(server.addresses) == 0, Problem: acmecore.Inert(server.problem)}
	}
	var all sync.WaitGroup
	for i := range servers {
		if !w.sights[i].Absent {
			all.Go(func() { w.until(limited, i) })
		}
	}
	all.Wait()
	switch saw, of := tally(w.sights); {
	case saw == of:
		return w.sights, f.settle(ctx)
	case ctx.Err() != nil:
		return w.sights, ctx.Err()
	}
	return w.sights, unseen(place, w.sights, f.settings.Patience)
}

// watch looks for one value.
type watch struct {
	*Finder
	place Place
	value string

	mu     sync.Mutex
	sights []Sight // of each server
}

// until asks one server until it shows the value.
func (w *watch) until(ctx context.Context, i int) {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		saw, problem := w.look(ctx, w.sights[i].Addresses)
		if saw || ctx.Err() == nil || w.sights[i].Problem == "" { // what was seen before the patience passed stays
			w.note(i, saw, problem)
		}
		if saw || pause(ctx, wait) != nil {
			return
		}
	}
}

// note keeps what a server shows, and tells how many have the value.
func (w *watch) note(i int, saw bool, problem string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sights[i].Saw, w.sights[i].Problem = saw, acmecore.Inert(problem)
	if saw {
		have, of := tally(w.sights)
		w.tell(fmt.Sprintf("%s: seen by %d of %d name servers", w.place.Record, have, of))
	}
}

// look asks one server at all its addresses. Those that stay silent are not waited for
// much longer than one that shows the value.
func (w *watch) look(ctx context.Context, addresses []string) (saw bool, problem string) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	views := make([]view, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() {
			if views[i] = w.lookAt(limited, address); views[i].saw {
				time.AfterFunc(w.grace, cancel)
			}
		})
	}
	all.Wait()
	denied := slices.ContainsFunc(views, func(v view) bool { return v.answered && !v.saw })
	if saw = !denied && slices.ContainsFunc(views, func(v view) bool { return v.saw }); saw {
		return true, ""
	}
	return false, problemOf(views)
}

// view is what one address shows.
type view struct {
	address  string
	saw      bool
	answered bool
	problem  string
}

// problemOf joins those of the addresses, what was answered first.
func problemOf(views []view) string {
	var texts []string
	for _, answered := range []bool{true, false} {
		for _, v := range views {
			if v.answered == answered && !v.saw {
				texts = append(texts, v.address+": "+v.problem)
			}
		}
	}
	return strings.Join(texts, ", ")
}

// lookAt asks one address.
func (w *watch) lookAt(ctx context.Context, address string) view {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(w.place.Record), dns.TypeTXT)
	question.RecursionDesired = false
	answer, err := w.ask(ctx, address, question)
	switch {
	case errors.Is(err, context.Canceled):
		return view{address: address, problem: "no answer yet"}
	case err != nil:
		return view{address: address, problem: err.Error()}
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return view{address: address, answered: true, problem: "answers " + codeText(answer.Rcode)}
	case !answer.Authoritative:
		return view{address: address, answered: true, problem: "does not have the zone " + w.place.Zone}
	}
	values := valuesOf(answer, w.place.Record)
	if slices.Contains(values, w.value) {
		return view{address: address, answered: true, saw: true}
	}
	return view{address: address, answered: true, problem: instead(values)}
}

// valuesOf are the texts of the TXT records, each of which may be in several pieces (RFC
// 7208 section 3.3).
func valuesOf(answer *dns.Msg, name string) (values []string) {
	for _, record := range answer.Answer {
		if txt, is := record.(*dns.TXT); is && same(txt.Hdr.Name, name) {
			values = append(values, strings.Join(txt.Txt, ""))
		}
	}
	return values
}

// instead says what is there.
func instead(values []string) string {
	if len(values) == 0 {
		return "has no such record"
	}
	texts := make([]string, 0, maxShown)
	for _, value := range values[:min(len(values), maxShown)] {
		texts = append(texts, fmt.Sprintf("%.60q", value))
	}
	more := ""
	if len(values) > maxShown {
		more = fmt.Sprintf(", and %d more", len(values)-maxShown)
	}
	return "has " + strings.Join(texts, ", ") + more
}

// tally counts the servers that show the value, and all that can.
func tally(sights []Sight) (saw, of int) {
	for _, sight := range sights {
		if sight.Saw {
			saw++
		}
		if !sight.Absent {
			of++
		}
	}
	return saw, of
}

func unseen(place Place, sights []Sight, patience time.Duration) error {
	var texts []string
	for _, sight := range sights {
		if !sight.Saw && !sight.Absent {
			texts = append(texts, fmt.Sprintf("%s (%s)", sight.Server, sight.Problem))
		}
	}
	saw, of := tally(sights)
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "wait for the record at", Subject: acmecore.Inert(place.Record),
		Cause: errors.New(acmecore.Inert(fmt.Sprintf("after %v %d of %d name servers show it; not %s", patience, saw, of, strings.Join(texts, ", nor ")))),
		Hint:  "look at the zone transfers to these servers, and at their NOTIFY; or give them more time: `patience`"}
}

// settle waits for the time that was asked for.
func (f *Finder) settle(ctx context.Context) error {
	if f.settings.Settle > 0 {
		f.tell(fmt.Sprintf("waiting for %v, as configured", f.settings.Settle))
	}
	return pause(ctx, f.settings.Settle)
}

// pause waits, or until the context ends.
func pause(ctx context.Context, length time.Duration) error {
	if length <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
