package main

import (
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
