package outlook_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/outlook"
)

const lab = "https://lab.example/dir"

// TestReachedCountsEveryAnswer: whoever says no is there.
func TestReachedCountsEveryAnswer(t *testing.T) {
	for _, row := range []struct {
		err  error
		want bool
	}{
		{nil, true},
		{&acmecore.Error{Kind: acmecore.Refused, Op: "order"}, true},
		{fmt.Errorf("order: %w", &acmecore.Error{Kind: acmecore.Limited, Op: "order"}), true},
		{&acmecore.Error{Kind: acmecore.Unreachable, Op: "order"}, false},
		{errors.New("disk full"), false},
	} {
		var r outlook.Reached
		r.Note(lab, 0, row.err, now)
		if got := r.Since(nil, map[string]string{"lab": lab}); (len(got) == 1) != row.want {
			t.Errorf("%v: got %+v", row.err, got)
		}
	}
}

func TestReachedSinceTheLastLook(t *testing.T) {
	var r outlook.Reached
	directories := map[string]string{"lab": lab, "internal": "https://internal.example/dir", "other": "https://other.example/dir"}
	r.Note(lab, 12, nil, now)
	r.Note(lab, 0, nil, now.Add(2*time.Hour)) // its directory was not read again
	looked := []acmecore.AuthorityStatus{
		{CA: "old", Reached: now}, // the configuration does not know it any more
		{CA: "lab", Reached: now.Add(-time.Hour), Milliseconds: 99, Failed: now.Add(time.Hour), Problem: "no route", Hint: "is it up?"},
	}
	got := r.Since(looked, directories)
	if len(got) != 2 || got[0] != (acmecore.AuthorityStatus{CA: "lab", Reached: now.Add(2 * time.Hour), Milliseconds: 12, Failed: now.Add(time.Hour)}) || got[1] != looked[0] {
		t.Errorf("got %+v", got)
	}
	if r.Since(looked, map[string]string{"lab": lab}); looked[1].Problem == "" {
		t.Error("the list that was given has changed")
	}
	looked[1].Failed = now.Add(3 * time.Hour)
	if got := r.Since(looked, directories)[0]; !got.Fails() || got.Problem != "no route" || !got.Reached.Equal(now.Add(2*time.Hour)) {
		t.Errorf("it failed after that: %+v", got)
	}
	looked[1].Reached = now.Add(4 * time.Hour)
	if got := r.Since(looked, directories)[0]; got != looked[1] {
		t.Errorf("the last look is newer: %+v", got)
	}
	r.Note(directories["other"], 0, nil, now)
	other := []acmecore.AuthorityStatus{{CA: "other", Reached: now.Add(-time.Hour), Milliseconds: 5}}
	if got := r.Since(other, map[string]string{"other": directories["other"]}); len(got) != 1 || !got[0].Reached.Equal(now) || got[0].Milliseconds != 5 {
		t.Errorf("its directory was read at the last look alone: %+v", got)
	}
	r.Keep([]string{lab})
	r.Note(directories["internal"], 7, nil, now)
	if got := r.Since(nil, directories); len(got) != 2 || got[0] != (acmecore.AuthorityStatus{CA: "internal", Reached: now, Milliseconds: 7}) || got[1].CA != "lab" {
		t.Errorf("never looked at: %+v", got)
	}
	r.Keep([]string{lab})
	if got := r.Since(nil, directories); len(got) != 1 || got[0].CA != "lab" {
		t.Errorf("what is in use: %+v", got)
	}
}
