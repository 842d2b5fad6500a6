package limits_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/limits"
)

const (
	production = "https://acme-v02.api.letsencrypt.org/directory"
	staging    = "https://acme-staging-v02.api.letsencrypt.org/directory"
	day        = 24 * time.Hour
)

var begin = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// tokens is a bucket as the CA's documentation describes it: so many tokens, which come
// back evenly; each request takes one, or is refused where there is none.
type tokens struct {
	count  float64
	period time.Duration
	left   float64
	at     time.Time
}

func full(count int, period time.Duration) *tokens {
	return &tokens{count: float64(count), period: period, left: float64(count), at: begin}
}

func (b *tokens) has(now time.Time) bool {
	b.left = min(b.count, b.left+b.count*float64(now.Sub(b.at))/float64(b.period))
	b.at = now
	return b.left >= 1-1e-9
}

func (b *tokens) take(now time.Time) bool {
	if !b.has(now) {
		return false
	}
	b.left--
	return true
}

// TestRoomIsNeverSaidWhereTheCARefuses plays many histories against the CA's bucket: what
// finds room here is taken there, and a wait is never longer than one token takes.
func TestRoomIsNeverSaidWhereTheCARefuses(t *testing.T) {
	rules := limits.Published(production)
	for _, kind := range []struct {
		name   string
		bucket limits.Bucket
		limit  acmecore.LimitKind
		event  limits.What
		names  func(n int) []acmecore.Name // of the event
		order  []acmecore.Name
	}{
		{"orders", rules.Orders, acmecore.LimitOrders, limits.Ordered, distinct("example.org"), names("new.example.org")},
		{"domain", rules.Domain, acmecore.LimitDomain, limits.Issued, distinct("example.org"), names("new.example.org")},
		{"same names", rules.Same, acmecore.LimitSameNames, limits.Issued, same("www.example.org"), names("www.example.org")},
		{"refusals", rules.Refusals, acmecore.LimitRefusals, limits.Refused, same("www.example.org"), names("www.example.org")},
	} {
		t.Run(kind.name, func(t *testing.T) {
			seed := rand.New(rand.NewPCG(1, 2))
			taken, postponed := 0, 0
			for range 20 {
				ledger, theirs, now := limits.New(rules, nil), full(kind.bucket.Count, kind.bucket.Period), begin
				for n := range 3 * kind.bucket.Count {
					now = now.Add(time.Duration(seed.Int64N(int64(kind.bucket.Period) / int64(kind.bucket.Count))))
					until := untilOf(ledger.Room(limits.Order{Names: kind.order}, now), kind.limit)
					if until.IsZero() {
						if taken++; !theirs.take(now) {
							t.Fatalf("room was found at %v, and the CA refuses", now.Sub(begin))
						}
						ledger.Note(limits.Event{At: now, What: kind.event, Names: kind.names(n)})
						continue
					}
					postponed++
					if wait, most := until.Sub(now), kind.bucket.Period/time.Duration(kind.bucket.Count)+time.Second; wait > most {
						t.Fatalf("the wait is %v, longer than one of %v", wait, most)
					}
					if !theirs.has(until) {
						t.Fatalf("room is promised for %v, and the CA would refuse then", until.Sub(begin))
					}
					now = until
				}
			}
			if taken == 0 || postponed == 0 {
				t.Errorf("%d were taken and %d postponed: both are wanted", taken, postponed)
			}
		})
	}
}

func untilOf(used []acmecore.Limit, kind acmecore.LimitKind) (until time.Time) {
	for _, limit := range used {
		if limit.Kind == kind {
			until = limit.Until
		}
	}
	return until
}

func names(texts ...string) (list []acmecore.Name) {
	for _, text := range texts {
		list = append(list, acmecore.Name(text))
	}
	return list
}

func same(texts ...string) func(int) []acmecore.Name {
	return func(int) []acmecore.Name { return names(texts...) }
}

func distinct(domain string) func(int) []acmecore.Name {
	return func(n int) []acmecore.Name {
		return names(string(rune('a'+n%26)) + time.Duration(n).String() + "." + domain)
	}
}
