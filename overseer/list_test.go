package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

// TestListTellsWhatIsPlanned looks at RENEWAL and SERVICE, and at what stands below
// the table.
func TestListTellsWhatIsPlanned(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ahead := now.Add(30 * 24 * time.Hour)
	for _, test := range []struct {
		what string
		c    acmecore.Certificate
		want string // RENEWAL and SERVICE, with single blanks
		told string // below the table
	}{
		{"one that is in service", acmecore.Certificate{Version: "000001", Service: acmecore.ServiceServed,
			Renewal: acmecore.Renewal{At: ahead, Reason: acmecore.BecauseThird}}, date(ahead) + " third served", ""},
		{"one whose CA gives a reason", acmecore.Certificate{Version: "000001", Service: acmecore.ServiceLoaded,
			Renewal: acmecore.Renewal{At: ahead, Reason: acmecore.BecauseWindow, Explanation: "https://ca.example/why"}},
			date(ahead) + " window loaded", "www: its CA says why it is to be renewed then: https://ca.example/why"},
		{"one that was never obtained", acmecore.Certificate{Renewal: acmecore.Renewal{Reason: acmecore.BecauseMissing}}, "now missing -", ""},
		{"one that is overdue", acmecore.Certificate{Version: "000001", Service: acmecore.ServiceServed,
			Renewal: acmecore.Renewal{At: now.Add(-time.Hour), Reason: acmecore.BecauseThird}}, "now third served", ""},
		{"one that is overdue and waits for its next try", acmecore.Certificate{Version: "000001", Service: acmecore.ServiceServed,
			Trouble: "the CA does not answer", Hint: "wait", Next: ahead, Renewal: acmecore.Renewal{At: now.Add(-time.Hour), Reason: acmecore.BecauseThird}},
			date(ahead) + " third served", "www: the CA does not answer (hint: wait); next try " + ahead.UTC().Format(time.RFC3339)},
		{"one that is not served, and not due", acmecore.Certificate{Version: "000001", Service: acmecore.ServiceUnseen,
			Trouble: "serves another one", Next: now.Add(time.Hour), Renewal: acmecore.Renewal{At: ahead, Reason: acmecore.BecauseHalf}},
			date(ahead) + " half not served", "www: serves another one; next try " + now.Add(time.Hour).UTC().Format(time.RFC3339)},
		{"one whose next try is due", acmecore.Certificate{Trouble: "refused", Hint: "ask", Next: now.Add(-time.Second),
			Renewal: acmecore.Renewal{Reason: acmecore.BecauseMissing}}, "now missing -", "www: refused (hint: ask)"},
		{"one that cannot be used", acmecore.Certificate{Version: "000001", Problem: "no key", Hint: "restore it",
			Renewal: acmecore.Renewal{Reason: acmecore.BecauseUnusable}}, "now unusable -", "www: no key (hint: restore it)"},
		{"one that cannot be used or obtained", acmecore.Certificate{Version: "000001", Problem: "no key", Trouble: "refused", Hint: "ask", Next: ahead,
			Renewal: acmecore.Renewal{Reason: acmecore.BecauseUnusable}}, date(ahead) + " unusable -",
			"www: no key\nwww: refused (hint: ask); next try " + ahead.UTC().Format(time.RFC3339)},
	} {
		test.c.ID, test.c.Names = "www", []acmecore.Name{"www.example.test"}
		var text strings.Builder
		if err := writeList(&text, []row{{Certificate: test.c}}); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitN(text.String(), "\n", 3)
		if got := strings.Join(strings.Fields(lines[1]), " "); !strings.HasSuffix(got, test.want+" www.example.test") {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
		if got := strings.TrimSuffix(lines[2], "\n"); got != test.told {
			t.Errorf("%s: below the table got %q, want %q", test.what, got, test.told)
		}
	}
}

// TestListOfARecordThatNobodyCanRead: nobody knows what is to be ordered.
func TestListOfARecordThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	unreadable := acmecore.Certificate{ID: "www", Problem: "no TOML", Renewal: acmecore.Renewal{Reason: acmecore.BecauseUnusable}}
	if err := writeList(&text, []row{{Certificate: unreadable, State: acmecore.Unusable}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if got := strings.Join(strings.Fields(lines[1]), " "); got != "www - - - - unusable - -" {
		t.Errorf("got %q", got)
	}
}

// TestListTellsOfLimitsAndOtherCAs: each thing once.
func TestListTellsOfLimitsAndOtherCAs(t *testing.T) {
	t.Parallel()
	now := time.Now()
	until := now.Add(time.Hour).UTC().Truncate(time.Second)
	at := until.Format(time.RFC3339)
	paused := acmecore.Limit{Kind: acmecore.LimitOfIdentifier, Said: "it is paused", Until: until, Page: "https://ca.example.test/unpause"}
	counted := acmecore.Limit{Kind: acmecore.LimitDomain, Subject: "example.test", Count: 50, Of: 50, Until: until}
	one, two := acmecore.Alternative{CA: "one"}, acmecore.Alternative{CA: "two"}
	with := func(other acmecore.Alternative, inTurn bool, why string) acmecore.Alternative {
		other.InTurn, other.Why = inTurn, why
		return other
	}
	for _, test := range []struct {
		what string
		c    acmecore.Certificate
		want []string
	}{
		{"room", acmecore.Certificate{Limits: []acmecore.Limit{{Kind: acmecore.LimitDomain, Count: 3, Of: 50}}}, nil},
		{"a limit that is over", acmecore.Certificate{Limits: []acmecore.Limit{{Kind: acmecore.LimitDomain, Until: now.Add(-time.Second)}}}, nil},
		{"our own count", acmecore.Certificate{Limits: []acmecore.Limit{counted}},
			[]string{"nothing can be ordered before " + at + ": limit \"registered domain\" of example.test: 50 of 50 are used"}},
		{"our own count, which is the trouble", acmecore.Certificate{Limits: []acmecore.Limit{counted}, Trouble: "not ordered: there is room again at " + at}, []string{"not ordered: there is room again at " + at}},
		{"a pause", acmecore.Certificate{Limits: []acmecore.Limit{paused}},
			[]string{"nothing can be ordered before " + at + ": it is paused; lift it at https://ca.example.test/unpause"}},
		{"a pause, which is the trouble", acmecore.Certificate{Limits: []acmecore.Limit{paused}, Trouble: "it is paused", Hint: "lift it at https://ca.example.test/unpause"},
			[]string{"it is paused (hint: lift it at https://ca.example.test/unpause)"}},
		{"a pause, of which the trouble has no page", acmecore.Certificate{Limits: []acmecore.Limit{paused}, Trouble: "it is paused"},
			[]string{"it is paused", "nothing can be ordered before " + at + ": it is paused; lift it at https://ca.example.test/unpause"}},
		{"the first CA in turn", acmecore.Certificate{Alternatives: []acmecore.Alternative{with(one, true, ""), with(two, false, "there is no account at it")}}, nil},
		{"another one in turn", acmecore.Certificate{Alternatives: []acmecore.Alternative{one, with(two, true, "")}}, []string{"two is asked next, in the place of one"}},
		{"another one that may not be asked", acmecore.Certificate{Trouble: "refused", Alternatives: []acmecore.Alternative{with(one, true, ""), with(two, false, "there is no account at it")}},
			[]string{"refused", "two is not asked in the place of one: there is no account at it"}},
		{"issued by another one", acmecore.Certificate{CA: "one", IssuedBy: "two"}, []string{"it was issued by two, in the place of one"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			if got := (row{Certificate: test.c}).remarks(now); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
