package manager

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/dns"
)

// CheckDNS implements control.Operations.
func (m *Manager) CheckDNS(ctx context.Context, request control.DNSRequest, progress acmecore.Progress) ([]acmecore.Trace, error) {
	names, err := m.recordsToCheck(request.Names)
	if err != nil {
		return nil, err
	}
	m.ordering.RLock() // nobody sweeps meanwhile
	defer m.ordering.RUnlock()
	t := newTXT(m)
	t.report = m.steps("check dns", progress)
	traces := make([]acmecore.Trace, 0, len(names))
	for _, name := range names {
		entry, _ := m.Config().DNSFor(name) // there is one
		traces = append(traces, t.trace(ctx, name, entry))
		if ctx.Err() != nil {
			return nil, acmecore.InterruptedOr(ctx.Err(), "check dns of", string(name))
		}
	}
	return traces, nil
}

// recordsToCheck are the names, each of which some [[dns]] is for.
func (m *Manager) recordsToCheck(asked []acmecore.Name) ([]acmecore.Name, error) {
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
		if hook, found := m.Config().HookFor(acmecore.DNS01, name); found {
			return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "check dns of", Subject: string(name), Cause: fmt.Errorf("the hook %s writes its record, and is called for orders alone", hook.Name),
				Hint: "look what it does by a rehearsal: wcme certify --dry-run"}
		}
		if _, found := m.Config().DNSFor(name); !found {
			return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "check dns of", Subject: string(name), Cause: errors.New("no [[dns]] is for it"), Hint: setUp(acmecore.DNS01, name)}
		}
	}
	return names, nil
}

// trace writes a record of no consequence, looks for it, and removes it.
func (t *txt) trace(ctx context.Context, name acmecore.Name, entry config.DNS) acmecore.Trace {
	trace := acmecore.Trace{Name: name, By: entry.Name.String(), Aliases: []string{}, Sights: []acmecore.DNSSight{}}
	looks := true
	entry.Check, entry.Settle = &looks, config.Duration{}
	if err := t.traceTo(ctx, txtOf{t, entry, name}, &trace); err != nil {
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
	t.step(t.report, "check", string(of.name), "a record can be written at "+trace.Record+", in the zone "+trace.Zone)
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
