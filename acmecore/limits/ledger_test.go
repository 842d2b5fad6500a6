package limits_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/limits"
)

// five are the events of that kind, one after the other.
func five(what limits.What, texts ...string) (events []limits.Event) {
	for n := range 5 {
		events = append(events, limits.Event{At: begin.Add(time.Duration(n) * time.Minute), What: what, Names: names(texts...)})
	}
	return events
}

func TestOrderFindsRoom(t *testing.T) {
	issued, refused := five(limits.Issued, "www.example.org"), five(limits.Refused, "www.example.org")
	now := begin.Add(10 * time.Minute)
	for _, row := range []struct {
		name      string
		directory string
		events    []limits.Event
		order     limits.Order
		now       time.Time
		want      acmecore.LimitKind // that blocks; "" for room
	}{
		{"nothing was ever ordered", production, nil, limits.Order{Names: names("www.example.org")}, now, ""},
		{"five of the same names", production, issued, limits.Order{Names: names("www.example.org")}, now, acmecore.LimitSameNames},
		{"five of the same names, in the window", production, issued, limits.Order{Names: names("www.example.org"), InWindow: true}, now, ""},
		{"five of the same names, and one name more", production, issued, limits.Order{Names: names("www.example.org", "example.org")}, now, ""},
		{"five of the same names in another order", production, five(limits.Issued, "www.example.org", "example.org"),
			limits.Order{Names: names("example.org", "www.example.org")}, now, acmecore.LimitSameNames},
		{"five of the same names, 34 hours later", production, issued, limits.Order{Names: names("www.example.org")}, now.Add(34 * time.Hour), ""},
		{"five of the same names at a CA that publishes nothing", "https://ca.example.test/directory", issued, limits.Order{Names: names("www.example.org")}, now, ""},
		{"five refusals", production, refused, limits.Order{Names: names("www.example.org", "example.org")}, now, acmecore.LimitRefusals},
		{"five refusals, of its wildcard", production, refused, limits.Order{Names: names("*.www.example.org")}, now, acmecore.LimitRefusals},
		{"five refusals of another name", production, refused, limits.Order{Names: names("example.org")}, now, ""},
		{"five refusals on the staging side", staging, refused, limits.Order{Names: names("www.example.org")}, now, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			ledger := limits.New(limits.Published(row.directory), row.events)
			limit, blocked := limits.Blocked(ledger.Room(row.order, row.now))
			if limit.Kind != row.want || blocked != (row.want != "") {
				t.Fatalf("got %q, want %q", limit.Kind, row.want)
			}
			if text := ledger.InWords(limit); blocked && !strings.Contains(text, "there is room again at 2026-03-0") {
				t.Errorf("it reads %q", text)
			}
		})
	}
}

// TestRenewalIsExempt: 50 certificates in a domain leave room for what has been there
// within 120 days, and for what is in its window, and for nothing else.
func TestRenewalIsExempt(t *testing.T) {
	events := []limits.Event{{At: begin, What: limits.Issued, Names: names("old.example.org")}}
	now := begin.Add(60 * day)
	for n := range 50 {
		events = append(events, limits.Event{At: now, What: limits.Issued, Names: distinct("example.org")(n)})
	}
	ledger := limits.New(limits.Published(production), events)
	for _, row := range []struct {
		order limits.Order
		want  limits.Exemption
		room  bool
	}{
		{limits.Order{Names: names("old.example.org")}, limits.BySameNames, true},
		{limits.Order{Names: names("new.example.org")}, "", false},
		{limits.Order{Names: names("new.example.org"), InWindow: true}, limits.ByWindow, true},
		{limits.Order{Names: names("new.example.test")}, "", true},
	} {
		_, blocked := limits.Blocked(ledger.Room(row.order, now))
		if got := ledger.Exempt(row.order, now); got != row.want || blocked == row.room {
			t.Errorf("%v: exempt %q, blocked %v; want %q, %v", row.order, got, blocked, row.want, !row.room)
		}
	}
	if got := ledger.Exempt(limits.Order{Names: names("old.example.org")}, begin.Add(121*day)); got != "" {
		t.Errorf("after 121 days it is exempt by %q", got)
	}
}

func TestExemptOrdersAreNotCounted(t *testing.T) {
	ledger := limits.New(limits.Published(production), nil)
	for range 400 {
		ledger.Note(limits.Event{At: begin, What: limits.Ordered, Exempt: limits.ByWindow})
	}
	if used := ledger.Room(limits.Order{Names: names("www.example.org")}, begin); len(used) > 0 {
		t.Errorf("used are %v", used)
	}
}

// TestClockSetBack: what a clock that was ahead has noted keeps nobody waiting.
func TestClockSetBack(t *testing.T) {
	ledger := limits.New(limits.Published(production), nil)
	for _, e := range five(limits.Issued, "www.example.org") {
		e.At = e.At.Add(40 * day)
		ledger.Note(e)
	}
	if used := ledger.Room(limits.Order{Names: names("www.example.org")}, begin); len(used) > 0 {
		t.Errorf("40 days before, used are %v", used)
	}
}

// TestWhatTheCASaidHolds for those that it is about, until its end, or until a
// certificate shows that it has passed.
func TestWhatTheCASaidHolds(t *testing.T) {
	until := begin.Add(3 * time.Hour)
	for _, row := range []struct {
		name  string
		said  limits.Event
		order limits.Order
		want  bool // it is held up
	}{
		{"the account", limits.Event{Kind: acmecore.LimitOfAccount}, limits.Order{Names: names("a.example.test")}, true},
		{"a domain", limits.Event{Kind: acmecore.LimitDomain, Subject: "example.org"}, limits.Order{Names: names("b.example.org")}, true},
		{"another domain", limits.Event{Kind: acmecore.LimitDomain, Subject: "example.org"}, limits.Order{Names: names("b.example.test")}, false},
		{"nobody knows what", limits.Event{Kind: acmecore.LimitOfIdentifier}, limits.Order{Names: names("www.example.org")}, true},
		{"nobody knows what, other names", limits.Event{Kind: acmecore.LimitOfIdentifier}, limits.Order{Names: names("b.example.org")}, false},
		{"a paused name", limits.Event{Kind: acmecore.LimitConsecutive, Subject: "www.example.org", Page: "https://letsencrypt.org/x"}, limits.Order{Names: names("www.example.org", "c.example.org")}, true},
		{"a paused name, and a person asks", limits.Event{Kind: acmecore.LimitConsecutive, Subject: "www.example.org", Page: "https://letsencrypt.org/x"}, limits.Order{Names: names("www.example.org"), ByHand: true}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.said.At, row.said.What, row.said.Until, row.said.Names = begin, limits.Limited, until, names("www.example.org")
			ledger := limits.New(limits.Rules{}, []limits.Event{row.said})
			if _, blocked := limits.Blocked(ledger.Room(row.order, begin.Add(time.Minute))); blocked != row.want {
				t.Errorf("blocked is %v, want %v", blocked, row.want)
			}
			if _, blocked := limits.Blocked(ledger.Room(row.order, until)); blocked {
				t.Error("it is blocked after its end")
			}
		})
	}
	ledger := limits.New(limits.Rules{}, []limits.Event{{At: begin, What: limits.Limited, Kind: acmecore.LimitOfIdentifier, Until: until, Names: names("www.example.org")}})
	ledger.Note(limits.Event{At: begin.Add(time.Minute), What: limits.Issued, Names: names("www.example.org")})
	if used := ledger.Room(limits.Order{Names: names("www.example.org")}, begin.Add(2*time.Minute)); len(used) > 0 {
		t.Errorf("after a certificate, used are %v", used)
	}
}

func TestRefusalsInARowEndWithACertificate(t *testing.T) {
	ledger := limits.New(limits.Published(production), nil)
	at := begin
	for range 1160 {
		at = at.Add(10 * time.Minute)
		ledger.Note(limits.Event{At: at, What: limits.Refused, Names: names("www.example.org")})
	}
	order := limits.Order{Names: names("www.example.org")}
	if until := untilOf(ledger.Room(order, at), acmecore.LimitConsecutive); until.IsZero() {
		t.Error("1160 refusals in eight days leave room")
	}
	ledger.Note(limits.Event{At: at, What: limits.Issued, Names: order.Names})
	if until := untilOf(ledger.Room(order, at), acmecore.LimitConsecutive); !until.IsZero() {
		t.Errorf("after a certificate there is room at %v", until)
	}
}

// TestPruneForgetsWhatCountsNoMore, and nothing else: what finds room stays as it is.
func TestPruneForgetsWhatCountsNoMore(t *testing.T) {
	now := begin.Add(130 * day)
	ledger := limits.New(limits.Published(production), slices.Concat(five(limits.Issued, "www.example.org"), five(limits.Ordered),
		[]limits.Event{{At: begin, What: limits.Limited, Until: begin.Add(day)}, {At: begin, What: limits.Refused, Names: names("www.example.org")}}))
	for range 5 {
		ledger.Note(limits.Event{At: now, What: limits.Issued, Names: names("www.example.org")})
	}
	order := limits.Order{Names: names("www.example.org")}
	before := ledger.Room(order, now)
	kept, dropped := ledger.Prune(now)
	if len(kept) != 6 || dropped != 11 {
		t.Errorf("%d stay and %d go; want 6 and 11", len(kept), dropped)
	}
	if after := ledger.Room(order, now); !reflect.DeepEqual(after, before) {
		t.Errorf("room is %v afterwards, and was %v", after, before)
	}
}

func TestEventsAreReadAsTheyWereWritten(t *testing.T) {
	events := []limits.Event{
		{At: begin, What: limits.Issued, Names: names("www.example.org", "*.example.org", "192.0.2.1"), Exempt: limits.ByWindow},
		{At: begin, What: limits.Limited, Kind: acmecore.LimitDomain, Subject: "example.org", Until: begin.Add(day), Said: "too many", Page: "https://letsencrypt.org/x"},
	}
	var text []byte
	for _, e := range events {
		text = limits.Append(text, e)
	}
	got, err := limits.Parse(text)
	if err != nil || !reflect.DeepEqual(got, events) {
		t.Errorf("got %v, %v; want %v", got, err, events)
	}
	for _, bad := range []string{"{}\n", "x\n", "{\"at\":\"yesterday\"}\n", "[]\n", "\n", string(text) + "{"} {
		if _, err := limits.Parse([]byte(bad)); err == nil {
			t.Errorf("%q is read without an error", bad)
		}
	}
}

func TestDomain(t *testing.T) {
	for text, want := range map[string]string{
		"www.example.org":   "example.org",
		"*.example.org":     "example.org",
		"example.org":       "example.org",
		"a.b.example.co.uk": "example.co.uk",
		"co.uk":             "co.uk",
		"192.0.2.7":         "192.0.2.7",
		"2001:db8:0:1::7":   "2001:db8:0:1::/64",
	} {
		if got := limits.Domain(acmecore.Name(text)); got != want {
			t.Errorf("%s counts as %s, want %s", text, got, want)
		}
	}
}

// TestTimesAreThoseOfTheWall: those of a clock that stands still while the host sleeps
// would keep orders waiting when it wakes.
func TestTimesAreThoseOfTheWall(t *testing.T) {
	now := time.Now() // has both
	l := limits.New(limits.Published(""), nil)
	l.Note(limits.Event{What: limits.Limited, At: now, Until: now.Add(time.Hour), Kind: acmecore.LimitOfAccount, Said: "wait"})
	events, _ := l.Prune(now)
	if len(events) != 1 || events[0].At != now.Round(0) || events[0].Until != now.Round(0).Add(time.Hour) {
		t.Errorf("got %v", events)
	}
}
