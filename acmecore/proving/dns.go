package proving

import (
	"context"
	"fmt"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/busy"
	"wcme/acmecore/config"
	"wcme/acmecore/dns"
	"wcme/acmecore/order"
	"wcme/acmecore/store"
)

// txt writes the records of dns-01 of one order (RFC 8555 section 8.4).
type txt struct {
	teller
	root    *store.Root
	writing *busy.Things    // records at an acme-dns, in all orders
	names   []acmecore.Name // of the order

	mu        sync.Mutex
	desks     map[string]*desk // by the names of their [[dns]]
	places    map[acmecore.Name]dns.Place
	published map[acmecore.Token]txtNote
	sharing   map[string]int // names of this order that have one record, at an acme-dns
}

// desk is where the records are written that one [[dns]] is for.
type desk struct {
	finder *dns.Finder
	writer dns.Writer
}

func (p *Prover) txt() *txt {
	return &txt{teller: p.teller(), root: p.root, writing: &p.writing, desks: make(map[string]*desk), places: make(map[acmecore.Name]dns.Place),
		published: make(map[acmecore.Token]txtNote), sharing: make(map[string]int)}
}

// txtOf writes the record of one name.
type txtOf struct {
	*txt
	entry config.DNS
	name  acmecore.Name
}

var (
	_ readier  = txtOf{}
	_ reserver = txtOf{}
)

// dnsFor returns what answers dns-01 for the name; nil where nothing is configured.
func (w *Ways) dnsFor(name acmecore.Name) solver {
	if entry, found := w.config().DNSFor(name); found {
		return txtOf{w.txt, entry, name}
	}
	return nil
}

// ready implements readier: the zone can be found, and would take the record.
func (t txtOf) ready(ctx context.Context) error {
	desk, place, err := t.locate(ctx)
	if err != nil {
		return err
	}
	return desk.writer.Ready(ctx, place)
}

// locate finds out where the record is written, once.
func (t txtOf) locate(ctx context.Context) (*desk, dns.Place, error) {
	desk, err := t.deskOf(t.entry)
	if err != nil {
		return nil, dns.Place{}, err
	}
	t.mu.Lock()
	place, known := t.places[t.name]
	t.mu.Unlock()
	if known {
		return desk, place, nil
	}
	if place, err = desk.finder.Place(ctx, t.name); err != nil {
		return nil, dns.Place{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.places[t.name] = place
	return desk, place, nil
}

// deskOf reads what is secret when it is needed.
func (t *txt) deskOf(entry config.DNS) (*desk, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := entry.Name.String()
	if found := t.desks[name]; found != nil {
		return found, nil
	}
	writer, err := writerOf(t.root, entry)
	if err != nil {
		return nil, err
	}
	found := &desk{writer: writer, finder: t.finder(entry)}
	t.desks[name] = found
	return found, nil
}

// finder looks as the entry says, and tells what it sees.
func (t *txt) finder(entry config.DNS) *dns.Finder {
	return dns.NewFinder(dns.Settings{Resolvers: config.Texts(entry.Resolvers), Zone: entry.Zone.Name, Proved: t.names, Patience: entry.Patience.Duration,
		Settle: entry.Settle.Duration, Unchecked: !entry.Looks(), Tell: func(text string) { t.tell("challenge", entry.Name.String(), text) }})
}

// publish implements solver.
func (t txtOf) publish(ctx context.Context, response order.Response) error {
	desk, place, err := t.locate(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	note := txtNote{By: t.entry.Name.String(), Place: place, Value: response.Record}
	t.published[response.Token] = note // also where the answer to an update is lost
	t.mu.Unlock()
	if err := t.add(ctx, desk, response.Token, note); err != nil {
		return err
	}
	t.tell("challenge", t.entry.Name.String(), acmecore.Inert(place.Record+": added"))
	_, err = desk.finder.Await(ctx, place, response.Record)
	return err
}

// withdraw implements solver.
func (t txtOf) withdraw(ctx context.Context, response order.Response, _ bool) error {
	t.mu.Lock()
	note, found := t.published[response.Token]
	t.mu.Unlock()
	if !found {
		return nil
	}
	desk, err := t.deskOf(t.entry)
	if err != nil {
		return err
	}
	return t.remove(ctx, desk, response.Token, note)
}

// keptByACMEDNS is how many values an acme-dns keeps for one account.
const keptByACMEDNS = 2

// reserve implements reserver. An acme-dns forgets values of one order for those of
// another, and a third one of the same: there, a record is of one order at a time.
func (t txtOf) reserve(ctx context.Context, name acmecore.Name) (release func(), err error) {
	desk, err := t.deskOf(t.entry)
	if err != nil {
		return nil, err
	}
	posts, is := desk.writer.(*dns.ACMEDNS)
	if !is {
		return func() {}, nil
	}
	record := acmecore.Inert("the record " + posts.Accounts[name.Host()].FullDomain + " at " + posts.URL)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sharing[record] == keptByACMEDNS {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "dns-01 for", Subject: string(name),
			Cause: fmt.Errorf("an acme-dns keeps %d values for one account, and more names of this certificate have this one", keptByACMEDNS),
			Hint:  "give each domain an account of its own, by POST /register"}
	}
	if t.sharing[record] == 0 {
		limited, cancel := context.WithTimeout(ctx, t.entry.Patience.Duration)
		defer cancel()
		if release, err = t.writing.Hold(limited, record); err != nil {
			return nil, err
		}
	}
	t.sharing[record]++
	if release == nil {
		release = func() {}
	}
	return release, nil
}
