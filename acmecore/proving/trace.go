package proving

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/dns"
)

// Traceable are the names, each of which some [[dns]] is for.
func (p *Prover) Traceable(asked []acmecore.Name) ([]acmecore.Name, error) {
	texts := make([]string, 0, len(asked))
	for _, name := range asked {
		texts = append(texts, string(name.Host())) // the record is the same
	}
	names, _, err := acmecore.ParseNames(texts...)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := acmecore.DNS01.CanProve(name); err != nil {
			return nil, err
		}
		if hook, found := p.config().HookFor(acmecore.DNS01, name); found {
			return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "check dns of", Subject: string(name), Cause: fmt.Errorf("the hook %s writes its record, and is called for orders alone", hook.Name),
				Hint: "look what it does by a rehearsal: wcme certify --dry-run"}
		}
		if _, found := p.config().DNSFor(name); !found {
			return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "check dns of", Subject: string(name), Cause: errors.New("no [[dns]] is for it"), Hint: setUp(acmecore.DNS01, name)}
		}
	}
	return names, nil
}

// Tracer writes records of no consequence, looks for them, and removes them.
type Tracer struct {
	txt    *txt
	config func() *config.Config
}

// Tracer returns one, which tells report what it does. Nobody may sweep meanwhile.
func (p *Prover) Tracer(report acmecore.Progress) Tracer {
	t := p.txt()
	t.report = report
	return Tracer{t, p.config}
}

// Trace does so for one of the names of Traceable. What went wrong is in the trace.
func (t Tracer) Trace(ctx context.Context, name acmecore.Name) acmecore.Trace {
	entry, _ := t.config().DNSFor(name) // there is one
	trace := acmecore.Trace{Name: name, By: entry.Name.String(), Aliases: []string{}, Sights: []acmecore.DNSSight{}}
	looks := true
	entry.Check, entry.Settle = &looks, config.Duration{}
	if err := t.txt.traceTo(ctx, txtOf{t.txt, entry, name}, &trace); err != nil {
		trace.Problem, trace.Hint = acmecore.Inert(err.Error()), acmecore.HintOf(err)
	}
	return trace
}

func (t *txt) traceTo(ctx context.Context, of txtOf, trace *acmecore.Trace) error {
	release, err := of.reserve(ctx, of.name)
	if err != nil {
		return err
	}
	defer release()
	desk, place, err := of.locate(ctx)
	if err != nil {
		return err
	}
	trace.Record, trace.Zone = acmecore.Inert(place.Record), acmecore.Inert(place.Zone)
	for _, alias := range place.Aliases {
		trace.Aliases = append(trace.Aliases, acmecore.Inert(alias))
	}
	if err := desk.writer.Ready(ctx, place); err != nil {
		return err
	}
	t.tell("check", string(of.name), "a record can be written at "+trace.Record+", in the zone "+trace.Zone)
	return t.traceAt(ctx, desk, place, trace)
}

func (t *txt) traceAt(ctx context.Context, desk *desk, place dns.Place, trace *acmecore.Trace) (err error) {
	note := txtNote{By: trace.By, Place: place, Value: testValue()}
	token := acmecore.Token(note.Value)
	defer func() {
		removal := t.remove(context.WithoutCancel(ctx), desk, token, note)
		_, keeps := desk.writer.(*dns.ACMEDNS)
		trace.Removed = removal == nil && !keeps
		err = errors.Join(err, removal)
	}()
	if err := t.add(ctx, desk, token, note); err != nil {
		return err
	}
	began := time.Now()
	sights, err := desk.finder.Await(ctx, place, note.Value)
	for _, sight := range sights {
		trace.Sights = append(trace.Sights, acmecore.DNSSight{Server: sight.Server, Addresses: sight.Addresses, Seen: sight.Saw, Problem: sight.Problem})
	}
	if trace.Seen = err == nil; trace.Seen {
		trace.Milliseconds = time.Since(began).Milliseconds()
	}
	return err
}

// testValue is as long as those of CAs (RFC 8555 section 8.4), and none of theirs.
func testValue() string {
	bits := make([]byte, 32)
	rand.Read(bits) // never fails
	return base64.RawURLEncoding.EncodeToString(bits)
}
