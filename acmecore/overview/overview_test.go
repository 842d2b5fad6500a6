package overview_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/overview"
)

func TestOverviewSortsAndSelects(t *testing.T) {
	reads := several(map[string]int{"a": 10, "b": 70, "c": -1, "d": 95, "e": 10})
	for _, row := range []struct {
		what  string
		query acmecore.Query
		want  string
	}{
		{"by name", acmecore.Query{}, "a b c d e"},
		{"by name, descending", acmecore.Query{Descending: true}, "e d c b a"},
		{"by CA", acmecore.Query{Sort: acmecore.ByCA}, "a b c d e"},
		{"by CA, descending: what is equal stays by name", acmecore.Query{Sort: acmecore.ByCA, Descending: true}, "d e a b c"},
		{"by the beginning", acmecore.Query{Sort: acmecore.ByIssued}, "c d b a e"},
		{"by the end", acmecore.Query{Sort: acmecore.ByExpiry}, "c d b a e"},
		{"by the renewal", acmecore.Query{Sort: acmecore.ByRenewal, Descending: true}, "a e b d c"},
		{"by state, the worst first", acmecore.Query{Sort: acmecore.ByState}, "d c b a e"},
		{"by service, the worst first", acmecore.Query{Sort: acmecore.ByService}, "c a b d e"},
		{"by the run", acmecore.Query{Sort: acmecore.ByRun}, "a b c d e"},
		{"the second page", acmecore.Query{Size: 2, Page: 2}, "c d"},
		{"a page behind the last", acmecore.Query{Size: 2, Page: 999999}, "e"},
		{"a state", acmecore.Query{State: "valid"}, "a e"},
		{"a service", acmecore.Query{State: "installed"}, "a b d e"},
		{"what needs attention", acmecore.Query{State: acmecore.Attention}, "b c d"},
		{"a word", acmecore.Query{Words: "B.EXAMPLE"}, "b"},
		{"two words", acmecore.Query{Words: "staging  e.example"}, "e"},
		{"words of which one is not there", acmecore.Query{Words: "example nothing"}, ""},
		{"no wildcard", acmecore.Query{Words: "%"}, ""},
		{"no pattern", acmecore.Query{Words: "a.example[test] .*"}, ""},
		{"an underscore is one", acmecore.Query{Words: "a_example"}, "a"},
		{"10 kB", acmecore.Query{Words: strings.Repeat("example ", 1280)}, "a b c d e"},
		{"10 kB in one word", acmecore.Query{Words: strings.Repeat("example", 1463)}, ""},
	} {
		if got := letters(ask(t, row.query, reads...).Certificates); got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
	}
}

func TestOverviewCounts(t *testing.T) {
	o := ask(t, acmecore.Query{Words: "example", Size: 2, Page: 9}, several(map[string]int{"a": 10, "b": 70, "c": -1, "d": 95, "e": 10})...)
	if o.Total != 5 || o.Matching != 5 || o.Page != 3 || o.Pages != 3 {
		t.Errorf("total %d, matching %d, page %d of %d", o.Total, o.Matching, o.Page, o.Pages)
	}
	want := map[acmecore.State]int{acmecore.Valid: 2, acmecore.Due: 1, acmecore.Missing: 1, acmecore.Expired: 1}
	if fmt.Sprint(o.States) != fmt.Sprint(want) || o.Services[acmecore.ServiceInstalled] != 4 || len(o.Services) != 1 {
		t.Errorf("states %v, services %v", o.States, o.Services)
	}
	if got := letters(o.Attention); got != "d c b" || o.Attentive != 3 {
		t.Errorf("attention: got %q and %d, want d c b: expired, missing, late", got, o.Attentive)
	}
}

// TestOverviewHasRoomForSomeOfThoseThatNeedAttention, and counts all.
func TestOverviewHasRoomForSomeOfThoseThatNeedAttention(t *testing.T) {
	ages := make(map[string]int)
	for letter := 'a'; letter <= 'l'; letter++ {
		ages[string(letter)] = -1
	}
	ages["k"] = 95
	o := ask(t, acmecore.Query{}, several(ages)...)
	if got := letters(o.Attention); got != "k a b c d e f g" || o.Attentive != 12 {
		t.Errorf("got %q and %d", got, o.Attentive)
	}
}

func TestOverviewOfNothing(t *testing.T) {
	o := ask(t, acmecore.Query{Page: 7})
	if o.Total != 0 || o.Page != 1 || o.Pages != 1 || o.Certificates == nil || o.Attention == nil || len(o.Days) != acmecore.OverviewDays || !o.Later.IsZero() {
		t.Errorf("got %+v", o)
	}
}

func TestAQueryIsCompletedOrRefused(t *testing.T) {
	for _, query := range []acmecore.Query{{Sort: "key"}, {State: "happy"}, {State: "\x1b[2J"}} {
		if _, err := overview.Completed(query); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%+v: got %v", query, err)
		}
	}
	for _, row := range []struct{ query, want acmecore.Query }{
		{acmecore.Query{}, acmecore.Query{Sort: acmecore.ByName, Page: 1, Size: 50}},
		{acmecore.Query{Page: -3, Size: -1}, acmecore.Query{Sort: acmecore.ByName, Page: 1, Size: 50}},
		{acmecore.Query{Sort: acmecore.ByRun, State: acmecore.Attention, Size: 5000}, acmecore.Query{Sort: acmecore.ByRun, State: acmecore.Attention, Page: 1, Size: 200}},
	} {
		if got, err := overview.Completed(row.query); got != row.want || err != nil {
			t.Errorf("%+v: got %+v, %v; want %+v", row.query, got, err, row.want)
		}
	}
}

func TestOverviewSaysWhatIsPlanned(t *testing.T) {
	reads := several(map[string]int{"a": 40, "b": 70, "c": -1, "d": 95, "e": 62})
	today := now.Truncate(day)
	reads[0].WindowStart, reads[0].WindowEnd = today.Add(36*time.Hour), today.Add(84*time.Hour)
	reads[1].WindowStart, reads[1].WindowEnd = today.Add(-48*time.Hour), today.Add(-24*time.Hour)
	reads[4].Certificate.Next = today.Add(5*day + time.Hour) // it has failed
	unknown := overview.Reading{Certificate: acmecore.Certificate{ID: "x_example_test", Problem: "its record is damaged"}}
	days := ask(t, acmecore.Query{}, append(reads, unknown)...).Days
	for i, d := range days {
		if want := today.AddDate(0, 0, i); !d.Date.Equal(want) {
			t.Fatalf("day %d: %v, want %v", i, d.Date, want)
		}
		if windows := i >= 1 && i <= 3; (d.Windows == 1) != windows || d.Windows > 1 {
			t.Errorf("day %d has %d windows", i, d.Windows)
		}
	}
	if d := days[0]; d.Renewals != 3 || d.Expiries != 0 || !slices.Equal(d.Names, []acmecore.Name{"b.example.test", "c.example.test", "d.example.test"}) {
		t.Errorf("today: %+v; want what is late, missing and expired", d)
	}
	for number, want := range map[int]acmecore.Day{
		5:  {Renewals: 1, Names: []acmecore.Name{"e.example.test"}}, // at its next try
		20: {Renewals: 1, Expiries: 1, Names: []acmecore.Name{"a.example.test", "b.example.test"}},
		28: {Expiries: 1, Names: []acmecore.Name{"e.example.test"}},
		50: {Expiries: 1, Names: []acmecore.Name{"a.example.test"}},
		51: {},
	} {
		if got := days[number]; got.Renewals != want.Renewals || got.Expiries != want.Expiries || !slices.Equal(got.Names, want.Names) {
			t.Errorf("day %d: got %+v, want %+v", number, got, want)
		}
	}
}

// TestOverviewSaysWhatComesLater than on the days that it shows.
func TestOverviewSaysWhatComesLater(t *testing.T) {
	reads := several(map[string]int{"a": 0, "b": 0, "c": 1})
	reads[0].Certificate.Renewal.At = now.Add(67 * day)
	reads[1].Certificate.Renewal.At = now.Add(66 * day)
	if o := ask(t, acmecore.Query{}, reads...); !o.Later.Equal(now.Add(66 * day)) {
		t.Errorf("got %v, want the first of two", o.Later)
	}
	last := reads[2:]
	last[0].Certificate.Renewal.At = now.Truncate(day).Add(acmecore.OverviewDays*day - time.Second)
	if o := ask(t, acmecore.Query{}, last...); !o.Later.IsZero() || o.Days[acmecore.OverviewDays-1].Renewals != 1 {
		t.Errorf("on the last of those days: got %v", o.Later)
	}
	last[0].Certificate.Renewal.At = now.Truncate(day).Add(acmecore.OverviewDays * day)
	if o := ask(t, acmecore.Query{}, last...); !o.Later.Equal(last[0].Certificate.Renewal.At) {
		t.Errorf("at the end of those days: got %v", o.Later)
	}
}
