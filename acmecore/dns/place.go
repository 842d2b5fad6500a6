package dns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"

	"wcme/acmecore"
)

// challengeLabel is where a CA looks, below the name (RFC 8555 section 8.4).
const challengeLabel = "_acme-challenge."

// maxAliases is how many CNAME records are followed, one after the other.
const maxAliases = 8

// maxDomain is how long a name may be in the DNS, in bytes without the last dot (RFC
// 1035 section 2.3.4).
const maxDomain = 253

// Place is where the record of a name is to be written. Names in it have no dot at
// their end.
type Place struct {
	Name    acmecore.Name // that is proved
	Record  string        // the name of the record
	Zone    string        // that the record is in
	Aliases []string      // the names whose CNAME records lead there, from the first
}

// Place finds out where the record of a name belongs. An error of kind Invalid says
// that there is no such place, none that can be found, or one that is not for it; one of kind Unreachable that
// the resolvers do not answer.
func (f *Finder) Place(ctx context.Context, name acmecore.Name) (Place, error) {
	if err := acmecore.DNS01.CanProve(name); err != nil {
		return Place{}, err
	}
	place := Place{Name: name, Record: challengeLabel + string(name.Host())}
	if len(place.Record) > maxDomain {
		return Place{}, noPlace(place, fmt.Errorf("%s has %d bytes, where names of the DNS have at most %d", place.Record, len(place.Record), maxDomain),
			"prove it by another method")
	}
	if err := f.follow(ctx, &place); err != nil {
		return Place{}, err
	}
	if err := f.findZone(ctx, &place); err != nil {
		return Place{}, err
	}
	return place, nil
}

// follow goes where the aliases lead.
func (f *Finder) follow(ctx context.Context, place *Place) error {
	for {
		answer, err := f.resolve(ctx, place.Record, dns.TypeCNAME)
		if err != nil {
			return unresolved(*place, "the alias of "+place.Record, err)
		}
		target := aliasOf(answer, place.Record)
		if target == "" {
			return nil
		}
		place.Aliases = append(place.Aliases, place.Record)
		if f.isProved(target, place.Name) {
			return noPlace(*place, fmt.Errorf("the alias leads to a name that is proved itself: %s", chain(place.Aliases, target)), hintAliases)
		}
		if slices.Contains(place.Aliases, target) {
			return noPlace(*place, fmt.Errorf("the aliases lead in a circle: %s", chain(place.Aliases, target)), hintAliases)
		}
		if len(place.Aliases) > maxAliases {
			return noPlace(*place, fmt.Errorf("more than %d aliases follow each other: %s", maxAliases, chain(place.Aliases, target)), hintAliases)
		}
		place.Record = target
	}
}

// isProved tells whether a name is one of those that are proved.
func (f *Finder) isProved(target string, name acmecore.Name) bool {
	is := func(proved acmecore.Name) bool { return same(target, string(proved.Host())) }
	return is(name) || slices.ContainsFunc(f.settings.Proved, is)
}

// aliasOf returns what the CNAME record of the name leads to; "" where it has none.
func aliasOf(answer *dns.Msg, name string) string {
	for _, record := range answer.Answer {
		if alias, is := record.(*dns.CNAME); is && same(alias.Hdr.Name, name) {
			return plain(alias.Target)
		}
	}
	return ""
}

// chain reads "A to B to C".
func chain(aliases []string, last string) string {
	return acmecore.Inert(strings.Join(append(slices.Clone(aliases), last), " to "))
}

// findZone finds the zone that the record is in: the configured one, or that whose SOA
// record resolvers give for the record or the nearest name above it.
func (f *Finder) findZone(ctx context.Context, place *Place) error {
	if zone := string(f.settings.Zone); zone != "" {
		if place.Zone = zone; !below(place.Record, zone) {
			return noPlace(*place, fmt.Errorf("the record is at %s, which is not in the zone %s", acmecore.Inert(place.Record), zone),
				"leave `zone` of [[dns]] out, so that the zone is looked for, or make another [[dns]] that is `for` this name")
		}
		return nil
	}
	for _, at := range upwards(place.Record) {
		answer, err := f.resolve(ctx, at, dns.TypeSOA)
		if err != nil {
			return unresolved(*place, "the zone of "+place.Record, err)
		}
		if place.Zone = apex(answer, at); place.Zone != "" {
			break
		}
	}
	return undelegated(*place)
}

// upwards lists a name and those above it, the root left out.
func upwards(name string) (names []string) {
	for _, start := range dns.Split(dns.Fqdn(name)) {
		names = append(names, plain(dns.Fqdn(name)[start:]))
	}
	return names
}

// apex returns the zone that an answer says a name is in (RFC 2308 section 3); "" where
// it does not say. What stands behind an alias is about another name.
func apex(answer *dns.Msg, name string) string {
	for _, record := range answer.Answer {
		if record.Header().Rrtype == dns.TypeSOA && same(record.Header().Name, name) {
			return plain(name)
		}
	}
	if len(answer.Answer) > 0 {
		return ""
	}
	for _, record := range answer.Ns {
		if owner := plain(record.Header().Name); record.Header().Rrtype == dns.TypeSOA && owner != "" && below(name, owner) {
			return owner
		}
	}
	return ""
}

// undelegated refuses a zone that is nobody's own: where a domain is not delegated, that
// of its registry answers for it.
func undelegated(place Place) error {
	domain := registered(place.Record)
	switch suffix, public := publicsuffix.PublicSuffix(place.Zone); {
	case place.Zone == "":
		return noPlace(place, fmt.Errorf("the DNS has no zone for %s", acmecore.Inert(place.Record)), hintDelegate)
	case public && suffix == place.Zone && place.Zone != place.Record:
		return noPlace(place, fmt.Errorf("%s is not delegated: the DNS has no zone for it below %s", acmecore.Inert(domain), place.Zone), hintDelegate)
	}
	return nil
}

// registered is the domain that a name is in, as registries sell them.
func registered(name string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name
	}
	return domain
}

// plain is a name of the DNS in small letters, without the dot at its end.
func plain(name string) string { return strings.TrimSuffix(dns.CanonicalName(name), ".") }

func same(a, b string) bool { return plain(a) == plain(b) }

// below tells whether a name is the domain or in it.
func below(name, domain string) bool { return dns.IsSubDomain(dns.Fqdn(domain), dns.Fqdn(name)) }

// noPlace says that there is nowhere to write to.
func noPlace(place Place, cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "find the zone of", Subject: string(place.Name), Cause: cause, Hint: hint}
}

// unresolved says that the resolvers do not tell what must be known. A code is an answer
// that a CA gets as well.
func unresolved(place Place, what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	problem := &acmecore.Error{Kind: acmecore.Unreachable, Op: "find the zone of", Subject: string(place.Name),
		Cause: fmt.Errorf("%s cannot be looked up: %w", acmecore.Inert(what), err), Hint: "look at `resolvers` of [[dns]], or at " + resolvConf}
	var code *codeError
	if errors.As(err, &code) {
		problem.Kind = acmecore.Invalid
		problem.Hint = "look at the delegation of the domain, at its name servers, and at its DNSSEC: a CA sees the same"
	}
	return problem
}

// codeError is an answer that says that something is wrong.
type codeError struct{ code int }

func (e *codeError) Error() string { return "the name server answers " + codeText(e.code) }

// codeText names a code of an answer (RFC 6895 section 2.3).
func codeText(code int) string {
	if text, known := dns.RcodeToString[code]; known {
		return text
	}
	return fmt.Sprintf("code %d", code)
}

// What to try.
const (
	hintAliases  = "look at the CNAME records: _acme-challenge of the name must lead, in a few steps, to a record that can be written"
	hintDelegate = "let the registry, or whoever keeps the domain above, delegate it to its name servers; or correct the name"
)
