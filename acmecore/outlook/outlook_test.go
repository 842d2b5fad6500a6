package outlook_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/outlook"
)

// now is when the first look ends in each test.
var now = time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC)

// memory is what an outlook was kept as.
type memory struct {
	text []byte
	err  error
}

func (m *memory) Reach() ([]byte, error) { return m.text, m.err }

func (m *memory) PutReach(text []byte) error {
	m.text = text
	return m.err
}

func read(t *testing.T, m *memory) *outlook.Outlook {
	t.Helper()
	o, err := outlook.Read(m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// reach is what comes of asking for a name: the verdict "" is the right answer.
func reach(name acmecore.Name, verdict acmecore.Verdict) acmecore.Reach {
	if verdict == "" {
		return acmecore.Reach{Name: name, Answered: true}
	}
	finding := acmecore.Finding{Verdict: verdict, Wrong: true, Text: "seen: " + string(verdict), Try: "try this"}
	note := acmecore.Finding{Verdict: acmecore.Private, Text: "an address of a private network"}
	return acmecore.Reach{Name: name, Findings: []acmecore.Finding{note}, Visits: []acmecore.Visit{{Findings: []acmecore.Finding{note, finding}}}}
}

// note notes what is certain, so many hours after the first look.
func note(t *testing.T, o *outlook.Outlook, hours int, reaches ...acmecore.Reach) {
	t.Helper()
	for _, reach := range reaches {
		if !o.NoteName(reach, true, now.Add(time.Duration(hours)*time.Hour)) {
			t.Errorf("%s: not noted at hour %d", reach.Name, hours)
		}
	}
}

// TestOutlookKnowsWhatSaysNothing has what came of asking a name once before, unless
// nothing did, and what comes of asking now.
func TestOutlookKnowsWhatSaysNothing(t *testing.T) {
	const never = "never"
	for _, row := range []struct {
		what          string
		before, after acmecore.Verdict
		broken        bool
	}{
		{"it answers as before", "", "", false},
		{"another site", "", acmecore.OtherAnswer, true},
		{"an error of the server", "", acmecore.OtherStatus, true},
		{"a host that finds no way to itself", "", acmecore.NoRoute, false},
		{"nobody accepts connections", "", acmecore.NoConnection, false},
		{"no answer in time", "", acmecore.NoAnswer, false},
		{"a DNS that says something else inside", "", acmecore.Unresolved, false},
		{"one address of two", "", acmecore.Partly, false},
		{"a name that never got here", acmecore.OtherAnswer, acmecore.OtherAnswer, false},
		{"the first look", never, acmecore.OtherAnswer, false},
		{"the first right answer", never, "", false},
	} {
		o := read(t, new(memory))
		if row.before != never {
			note(t, o, 0, reach("www.example.test", row.before))
		}
		asked := reach("www.example.test", row.after)
		if noted := o.NoteName(asked, false, now.Add(time.Hour)); noted == row.broken {
			t.Errorf("%s: noted at once: %t", row.what, noted)
		}
		note(t, o, 2, asked)
		got := o.Sum(true, nil).Challenges
		if (got.Broken == 1) != row.broken || (got.Answered == 1) != (row.after == "") || got.Names != 1 || len(o.Broken()) != got.Broken {
			t.Errorf("%s: got %+v", row.what, got)
		}
		if row.after != "" && (len(got.Worst) != 1 || got.Worst[0].Verdict != row.after || got.Worst[0].Text != "seen: "+string(row.after) || got.Worst[0].Try != "try this") {
			t.Errorf("%s: got %+v", row.what, got.Worst)
		}
	}
}

// TestWhatIsBrokenIsSoUntilTheRightAnswerComes: a look that says nothing says nothing of
// the end of it either, and the time of the beginning is kept.
func TestWhatIsBrokenIsSoUntilTheRightAnswerComes(t *testing.T) {
	o := read(t, new(memory))
	for hour, verdict := range []acmecore.Verdict{"", acmecore.OtherAnswer, acmecore.NoRoute, acmecore.OtherStatus} {
		note(t, o, hour, reach("www.example.test", verdict))
	}
	if got := o.Sum(true, nil).Challenges.Worst[0]; !got.Answered.Equal(now) || !got.Broken.Equal(now.Add(time.Hour)) || !got.At.Equal(now.Add(3*time.Hour)) {
		t.Errorf("got %+v", got)
	}
	note(t, o, 4, reach("www.example.test", ""))
	if got := o.Sum(true, nil).Challenges; got.Broken != 0 || got.Answered != 1 || len(got.Worst) != 0 {
		t.Errorf("at the end: %+v", got)
	}
}

func TestSumHasTheBrokenNamesFirst(t *testing.T) {
	o := read(t, new(memory))
	for i := range 30 {
		name := acmecore.Name(fmt.Sprintf("h%02d.example.test", i))
		if i%10 == 7 {
			note(t, o, 0, reach(name, ""))
		}
		note(t, o, 1, reach(name, acmecore.OtherAnswer))
	}
	got := o.Sum(true, nil).Challenges
	if got.Names != 30 || got.Broken != 3 || got.Answered != 0 || len(got.Worst) != 20 || !got.Looked.IsZero() || got.Off {
		t.Fatalf("got %+v", got)
	}
	for place, want := range map[int]acmecore.Name{0: "h07.example.test", 2: "h27.example.test", 3: "h00.example.test", 19: "h18.example.test"} {
		if got.Worst[place].Name != want {
			t.Errorf("%d: got %s, want %s", place, got.Worst[place].Name, want)
		}
	}
	if off := o.Sum(false, nil).Challenges; !off.Off || off.Names != 0 || off.Worst == nil {
		t.Errorf("nobody asks: %+v", off)
	}
}

func TestRoundEndsWithTheNamesThatAreManaged(t *testing.T) {
	o := read(t, new(memory))
	if !o.IsRoundDue(now) {
		t.Error("at first: no round is due")
	}
	note(t, o, 0, reach("a.example.test", ""), reach("b.example.test", ""), reach("c.example.test", ""))
	o.EndRound([]acmecore.Name{"a.example.test", "c.example.test", "d.example.test"}, now)
	if got := o.Sum(true, nil).Challenges; got.Names != 2 || !got.Looked.Equal(now) {
		t.Errorf("got %+v", got)
	}
	for after, want := range map[time.Duration]bool{-time.Minute: true, 0: false, 24*time.Hour - 1: false, 24 * time.Hour: true} {
		if got := o.IsRoundDue(now.Add(after)); got != want {
			t.Errorf("after %v: due %t, want %t", after, got, want)
		}
	}
}

func TestNewsAreOfNamesThatBrokeSince(t *testing.T) {
	o := read(t, new(memory))
	var names []acmecore.Name
	for i := range 23 {
		name := acmecore.Name(fmt.Sprintf("h%02d.example.test", i))
		names = append(names, name)
		note(t, o, 0, reach(name, ""))
	}
	if broke, events := o.News(nil, now); broke != nil || events != nil {
		t.Errorf("at first: %v, %v", broke, events)
	}
	note(t, o, 1, reach(names[22], acmecore.OtherAnswer))
	broke, events := o.News(nil, now.Add(time.Hour))
	want := "challenges of h22.example.test no longer get here: seen: other answer"
	if len(broke) != 1 || len(events) != 1 || events[0].Text != want || events[0].Kind != acmecore.EventFailed || events[0].Hint != "try this" ||
		!events[0].At.Equal(now.Add(time.Hour)) || events[0].Subject != "challenges" || events[0].Cause != "challenges of h22.example.test" {
		t.Errorf("one: got %v, %+v", broke, events)
	}
	before := o.Broken()
	if broke, events := o.News(before, now); broke != nil || events != nil {
		t.Errorf("nothing new: %v, %v", broke, events)
	}
	for _, name := range names {
		note(t, o, 2, reach(name, acmecore.OtherAnswer))
	}
	broke, events = o.News(before, now)
	want = "challenges of h00.example.test and 21 more names no longer get here: seen: other answer"
	if len(broke) != 22 || len(events) != 1 || events[0].Text != want || len(events[0].Lines) != 21 || events[0].Lines[19] != "h19.example.test: seen: other answer" || events[0].Lines[20] != "and 2 more" {
		t.Errorf("many: got %d, %+v", len(broke), events)
	}
	before = o.Broken()
	o.EndRound(names[:1], now)
	if _, events := o.News(before, now); events != nil {
		t.Errorf("one is left: %+v", events)
	}
	note(t, o, 3, reach(names[0], ""))
	if broke, events := o.News(before, now); broke != nil || len(events) != 1 || events[0].Kind != acmecore.EventRecovered || events[0].Text != "challenges get here again, through every name" {
		t.Errorf("at the end: %v, %+v", broke, events)
	}
}

func TestOutlookNotesHowCAsAreReached(t *testing.T) {
	o := read(t, new(memory))
	o.NoteCA("lab", 12, nil, now)
	o.NoteCA("internal", 0, &acmecore.Error{Kind: acmecore.Unreachable, Op: "read", Subject: "its \x1b directory", Cause: errors.New("no route"), Hint: "is it up?"}, now)
	o.NoteCA("lab", 0, errors.New("no answer"), now.Add(time.Hour))
	if got := o.Failing(); !slices.Equal(got, []string{"internal", "lab"}) {
		t.Errorf("failing: %q", got)
	}
	got := o.Sum(true, nil).Authorities
	if len(got) != 2 || got[0].CA != "internal" || strings.Contains(got[0].Problem, "\x1b") || got[0].Hint != "is it up?" || !got[0].Reached.IsZero() || !got[0].Fails() {
		t.Errorf("one that was never reached: %+v", got)
	}
	if lab := got[1]; lab.CA != "lab" || !lab.Reached.Equal(now) || !lab.Failed.Equal(now.Add(time.Hour)) || lab.Problem != "no answer" || lab.Milliseconds != 12 {
		t.Errorf("one that is gone: %+v", lab)
	}
	o.NoteCA("lab", 7, nil, now.Add(2*time.Hour))
	o.KeepCAs([]string{"lab", "other"})
	if got := o.Sum(true, nil).Authorities; len(got) != 1 || got[0] != (acmecore.AuthorityStatus{CA: "lab", Reached: now.Add(2 * time.Hour), Milliseconds: 7}) || len(o.Failing()) != 0 {
		t.Errorf("back, and alone: %+v", got)
	}
}

func TestOutlookIsKept(t *testing.T) {
	m := new(memory)
	o := read(t, m)
	note(t, o, 0, reach("a.example.test", ""), reach("b.example.test", ""))
	o.NoteCA("lab", 12, nil, now)
	o.EndRound([]acmecore.Name{"a.example.test", "b.example.test"}, now)
	note(t, o, 1, reach("b.example.test", acmecore.OtherAnswer))
	if err := o.Keep(m); err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"looked":"2026-11-21T05:46:00Z","names":{` +
		`"a.example.test":{"name":"a.example.test","at":"2026-11-21T05:46:00Z","answered":"2026-11-21T05:46:00Z"},` +
		`"b.example.test":{"name":"b.example.test","at":"2026-11-21T06:46:00Z","answered":"2026-11-21T05:46:00Z","broken":"2026-11-21T06:46:00Z",` +
		`"verdict":"other answer","text":"seen: other answer","try":"try this"}},` +
		`"cas":{"lab":{"ca":"lab","reached":"2026-11-21T05:46:00Z","milliseconds":12}}}`
	if string(m.text) != want {
		t.Errorf("kept: %s", m.text)
	}
	if got, want := fmt.Sprint(read(t, m).Sum(true, nil)), fmt.Sprint(o.Sum(true, nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := o.Keep(&memory{err: errors.New("disk full")}); err == nil {
		t.Error("it was not kept, and no error")
	}
}

// TestDamagedMemoryIsNone, and an outlook that was read from it is of use.
func TestDamagedMemoryIsNone(t *testing.T) {
	for _, row := range []struct {
		memory memory
		fails  bool
	}{
		{memory{}, false},
		{memory{text: []byte("no JSON")}, true},
		{memory{text: []byte("[]")}, true},
		{memory{text: []byte(`{"version":7,"names":{"a.example.test":{}},"cas":{}}`)}, false},
		{memory{text: []byte(`{"version":1,"names":null}`)}, false},
		{memory{text: []byte(`{"version":1,"names":{"a.example.test":7}}`)}, true},
		{memory{err: errors.New("damaged")}, true},
	} {
		o, err := outlook.Read(&row.memory)
		if (err != nil) != row.fails {
			t.Errorf("%s: got %v", row.memory.text, err)
		}
		if got := o.Sum(true, nil); got.Challenges.Names != 0 || len(got.Authorities) != 0 {
			t.Errorf("%s: got %+v", row.memory.text, got)
		}
		note(t, o, 0, reach("www.example.test", ""))
		if o.NoteCA("lab", 1, nil, now); o.Sum(true, nil).Challenges.Answered != 1 {
			t.Errorf("%s: nothing is noted", row.memory.text)
		}
	}
}
