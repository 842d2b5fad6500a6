package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// Writer writes records.
type Writer interface {
	// Ready returns nil where a record of the place could be written now, and changes
	// nothing. An error of kind Invalid says that the settings must be changed.
	Ready(ctx context.Context, place Place) error
	// Add adds a value to those of the record; that it is there is no error.
	Add(ctx context.Context, place Place, value string) error
	// Remove removes that value, and leaves others; that it is not there is no error.
	Remove(ctx context.Context, place Place, value string) error
}

// lifetime is how long resolvers may remember a record, in seconds.
const lifetime = 60

// Updater writes by dynamic updates (RFC 2136). It may be used at the same time: an
// update adds or removes one value, and touches no other.
type Updater struct {
	Server string // HOST:PORT of the primary
	Key    Key    // that it knows; the zero value signs nothing
	// Now is the clock; nil is that of the host.
	Now func() time.Time

	tryTime time.Duration // 0 is tryTime
}

var _ Writer = (*Updater)(nil)

// Add implements Writer.
func (u *Updater) Add(ctx context.Context, place Place, value string) error {
	return u.update(ctx, "add record to", place, func(message *dns.Msg) { message.Insert(texts(place, value)) })
}

// Remove implements Writer.
func (u *Updater) Remove(ctx context.Context, place Place, value string) error {
	return u.update(ctx, "remove record from", place, func(message *dns.Msg) { message.Remove(texts(place, value)) })
}

// absent is a value that no record has: base64url of a SHA-256 is longer.
const absent = "wcme-absent"

// Ready implements Writer: it asks for the zone, and removes a value that is not there,
// for which the server wants the same rights as for any other.
func (u *Updater) Ready(ctx context.Context, place Place) error {
	if err := u.hasZone(ctx, place); err != nil {
		return err
	}
	return u.update(ctx, "update", place, func(message *dns.Msg) { message.Remove(texts(place, absent)) })
}

// texts is the record, in one piece: a value has 43 bytes.
func texts(place Place, value string) []dns.RR {
	header := dns.RR_Header{Name: dns.Fqdn(place.Record), Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: lifetime}
	return []dns.RR{&dns.TXT{Hdr: header, Txt: []string{value}}}
}

// update sends one update.
func (u *Updater) update(ctx context.Context, what string, place Place, change func(*dns.Msg)) error {
	answer, err := exchange{server: u.Server, patience: cmp.Or(u.tryTime, tryTime), secrets: u.Key.secrets(), message: func() *dns.Msg {
		message := new(dns.Msg).SetUpdate(dns.Fqdn(place.Zone))
		change(message)
		return u.Key.sign(message, u.now())
	}}.do(ctx)
	if err != nil {
		return u.unanswered(what, place, err)
	}
	if answer.Rcode != dns.RcodeSuccess {
		return u.refused(what, place, answer.Rcode)
	}
	return nil
}

func (u *Updater) now() time.Time {
	if u.Now == nil {
		return time.Now()
	}
	return u.Now()
}

// hasZone makes sure that the server has the zone, and no other one between it and the
// record, which the world would not find.
func (u *Updater) hasZone(ctx context.Context, place Place) error {
	for _, at := range upwards(place.Record) {
		answer, err := exchange{server: u.Server, patience: cmp.Or(u.tryTime, tryTime), message: func() *dns.Msg {
			message := new(dns.Msg).SetQuestion(dns.Fqdn(at), dns.TypeSOA)
			message.RecursionDesired = false
			return message
		}}.do(ctx)
		if err != nil {
			return u.unanswered("ask", place, err)
		}
		if zone := apex(answer, at); answer.Authoritative && zone != "" {
			return u.sameZone(place, zone)
		}
		if at == place.Zone {
			break
		}
	}
	return u.problem("ask", place, acmecore.Invalid, fmt.Errorf("it does not have the zone %s, which %s is in", acmecore.Inert(place.Zone), acmecore.Inert(place.Record)),
		"let `server` of [[dns]] be the primary of that zone; if the domain has a zone of its own, it is not delegated: look at its NS records in the zone above")
}

// sameZone tells whether the server's zone is the one that the world knows.
func (u *Updater) sameZone(place Place, zone string) error {
	if zone == place.Zone {
		return nil
	}
	if below(zone, place.Zone) {
		return u.problem("ask", place, acmecore.Invalid, fmt.Errorf("it has the zone %s, which is not delegated: for the world %s is in the zone %s",
			acmecore.Inert(zone), acmecore.Inert(place.Record), acmecore.Inert(place.Zone)), hintDelegate)
	}
	return u.problem("ask", place, acmecore.Invalid, fmt.Errorf("it has the zone %s, where %s is in the zone %s", acmecore.Inert(zone), acmecore.Inert(place.Record), acmecore.Inert(place.Zone)),
		"let `server` of [[dns]] be the primary of that zone")
}

// unanswered says why there is no answer that counts.
func (u *Updater) unanswered(what string, place Place, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var refused *tsigError
	if !errors.As(err, &refused) {
		return u.problem(what, place, acmecore.Unreachable, err, "look whether it runs, and whether port and firewall let UDP and TCP pass")
	}
	hint := "let tsig_name, tsig_algorithm and the key be what the server has"
	if refused.code == dns.RcodeBadTime {
		hint = "set the clocks, of this host and of the server"
	}
	return u.problem(what, place, acmecore.Invalid, fmt.Errorf("TSIG key %q: %w", acmecore.Inert(u.Key.Name), err), hint)
}

// refused explains a code (RFC 2136 section 2.2).
func (u *Updater) refused(what string, place Place, code int) error {
	who := "without a TSIG key"
	if u.Key.Name != "" {
		who = fmt.Sprintf("with the TSIG key %q", acmecore.Inert(u.Key.Name))
	}
	kind, text, hint := acmecore.Invalid, "", ""
	switch code {
	case dns.RcodeRefused:
		text = fmt.Sprintf("it does not let anybody change TXT records of %s %s", acmecore.Inert(place.Record), who)
		hint = "allow it there; in named.conf: update-policy { grant " + cmp.Or(acmecore.Inert(u.Key.Name), "KEY") + " name " + acmecore.Inert(place.Record) + " TXT; };"
	case dns.RcodeNotAuth, dns.RcodeNotZone:
		text, hint = fmt.Sprintf("it does not have the zone %s for updates", acmecore.Inert(place.Zone)), "let `server` of [[dns]] be the primary of that zone"
	case dns.RcodeNotImplemented:
		text, hint = "it takes no updates", "let `server` of [[dns]] be one that does"
	default:
		kind, text, hint = acmecore.Unreachable, "it answers "+codeText(code), "its own log says why"
	}
	return u.problem(what, place, kind, fmt.Errorf("%s (%s)", text, codeText(code)), hint)
}

func (u *Updater) problem(what string, place Place, kind acmecore.Kind, cause error, hint string) error {
	return &acmecore.Error{Kind: kind, Op: "dns-01 for " + string(place.Name), Subject: "",
		Cause: fmt.Errorf("%s %s: %w", what, acmecore.Inert(u.Server), cause), Hint: hint}
}
