package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/jobs"
)

func newBoard() *jobs.Board { return jobs.New(slog.New(slog.DiscardHandler)) }

// held is work that goes on until it is released, or its context ends.
func held(release <-chan struct{}) jobs.Work {
	return func(ctx context.Context, _ acmecore.Progress) (acmecore.JobResult, error) {
		select {
		case <-release:
			return acmecore.JobResult{More: 7}, nil
		case <-ctx.Done():
			return acmecore.JobResult{}, ctx.Err()
		}
	}
}

func task(kind, subject, key string, work jobs.Work) jobs.Task {
	return jobs.Task{Key: key, Kind: kind, Subject: subject, By: "user admin", Wanted: kind + " " + subject, Work: work}
}

func mustBegin(t *testing.T, b *jobs.Board, task jobs.Task) acmecore.Job {
	t.Helper()
	job, err := b.Begin(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func mustGet(t *testing.T, b *jobs.Board, id string, after int) acmecore.Job {
	t.Helper()
	job, err := b.Get(id, after)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func TestJobGoesOnWithoutWhoeverBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		defer b.Close()
		type key struct{}
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "admin"))
		release := make(chan struct{})
		heard := ""
		job, err := b.Begin(ctx, task("certify", "www", "1", func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
			heard, _ = ctx.Value(key{}).(string)
			progress(acmecore.Step{Stage: "order", Text: "placed\n"})
			return held(release)(ctx, progress)
		}))
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		synctest.Wait()
		if now := mustGet(t, b, job.ID, 0); !now.Ended.IsZero() || len(now.Steps) != 1 || now.Steps[0].Text != "placed" || heard != "admin" {
			t.Errorf("while it runs: got %+v, and the value %q", now, heard)
		}
		if list := b.Running(); len(list) != 1 || list[0].ID != job.ID || len(list[0].Steps) != 0 {
			t.Errorf("running: got %+v", list)
		}
		time.Sleep(3 * time.Second)
		close(release)
		synctest.Wait()
		now := mustGet(t, b, job.ID, 0)
		if now.Ended.Sub(now.Began) != 3*time.Second || now.Problem != "" || now.Result.More != 7 || now.By != "user admin" || now.Kind != "certify" {
			t.Errorf("at its end: got %+v", now)
		}
		if list := b.Running(); len(list) != 0 {
			t.Errorf("running: got %+v", list)
		}
	})
}

func TestSameKeyBeginsNothingASecondTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		defer b.Close()
		done := 0
		work := func(context.Context, acmecore.Progress) (acmecore.JobResult, error) {
			done++
			return acmecore.JobResult{}, nil
		}
		first := mustBegin(t, b, task("certify", "www", "key", work))
		synctest.Wait()
		if again := mustBegin(t, b, task("certify", "www", "key", work)); again.ID != first.ID {
			t.Errorf("the same key: got another job")
		}
		if begun, found := b.Begun("key"); !found || begun.ID != first.ID {
			t.Errorf("begun: got %v, %v", begun, found)
		}
		if _, found := b.Begun(""); found {
			t.Error("no key was found")
		}
		if other := mustBegin(t, b, task("certify", "www", "", work)); other.ID == first.ID {
			t.Errorf("no key: got the same job")
		}
		if other := mustBegin(t, b, task("certify", "www", "", work)); other.ID == first.ID {
			t.Errorf("no key: got the same job")
		}
		synctest.Wait()
		if done < 2 {
			t.Errorf("done %d times, want the work of each job", done)
		}
	})
}

func TestOneJobAtATimeForASubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		release := make(chan struct{})
		defer b.Close()
		first := mustBegin(t, b, task("renew", "www", "1", held(release)))
		if same := mustBegin(t, b, task("renew", "www", "2", held(release))); same.ID != first.ID {
			t.Error("the same wish: got another job than the one that runs")
		}
		other := task("renew", "www", "3", held(release))
		other.Wanted = "something else"
		if _, err := b.Begin(t.Context(), other); acmecore.KindOf(err) != acmecore.Busy || acmecore.HintOf(err) == "" {
			t.Errorf("another wish: got %v, want busy with a hint", err)
		}
		if second := mustBegin(t, b, task("verify", "www", "4", held(release))); second.ID == first.ID {
			t.Error("another kind: got the same job")
		}
		close(release)
		synctest.Wait()
		if next := mustBegin(t, b, other); next.ID == first.ID {
			t.Error("after its end: got the job that has ended")
		}
	})
}

func TestBoardIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		release := make(chan struct{})
		for i := range 8 {
			mustBegin(t, b, task("renew", fmt.Sprint(i), "", held(release)))
		}
		if _, err := b.Begin(t.Context(), task("renew", "9", "", held(release))); acmecore.KindOf(err) != acmecore.Busy {
			t.Errorf("a ninth at once: got %v, want busy", err)
		}
		close(release)
		synctest.Wait()
		var ids []string
		for i := range 300 {
			ids = append(ids, mustBegin(t, b, task("renew", fmt.Sprint(i), "", held(release))).ID)
			synctest.Wait()
		}
		known := 0
		for _, id := range ids {
			if _, err := b.Get(id, 0); err == nil {
				known++
			}
		}
		if known != 200 {
			t.Errorf("known of 300 that have ended: got %d, want 200", known)
		}
		mustGet(t, b, ids[299], 0)
		time.Sleep(12*time.Hour - time.Second)
		mustGet(t, b, ids[299], 0)
		time.Sleep(time.Second)
		if _, err := b.Get(ids[299], 0); acmecore.KindOf(err) != acmecore.NotFound || acmecore.HintOf(err) == "" {
			t.Errorf("after twelve hours: got %v, want not found", err)
		}
		b.Close()
	})
}

func TestJobThatRunsLongIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		release := make(chan struct{})
		job := mustBegin(t, b, task("manage", "", "", held(release)))
		time.Sleep(48 * time.Hour)
		mustGet(t, b, job.ID, 0)
		close(release)
		b.Close()
	})
}

func TestStepsInTheMiddleAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		defer b.Close()
		const all = 1000
		job := mustBegin(t, b, task("manage", "", "", func(_ context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
			for i := range all {
				progress(acmecore.Step{Text: fmt.Sprint(i)})
			}
			progress(acmecore.Step{Text: strings.Repeat("ä", 5000)})
			return acmecore.JobResult{}, nil
		}))
		synctest.Wait()
		whole := mustGet(t, b, job.ID, 0)
		if whole.Count != all+1 || whole.Left != all+1-300 || len(whole.Steps) != 300 {
			t.Fatalf("got %d steps of %d, %d left out", len(whole.Steps), whole.Count, whole.Left)
		}
		if whole.Steps[59].Text != "59" || whole.Steps[60].Text != "761" || len(whole.Steps[299].Text) > 520 {
			t.Errorf("got %q, %q and %d bytes", whole.Steps[59].Text, whole.Steps[60].Text, len(whole.Steps[299].Text))
		}
		for _, row := range []struct {
			after, steps, left int
			first              string
		}{
			{-5, 300, 701, "0"}, {50, 250, 701, "50"}, {60, 240, 701, "761"}, {500, 240, 261, "761"}, {761, 240, 0, "761"}, {999, 2, 0, "999"},
		} {
			part := mustGet(t, b, job.ID, row.after)
			if len(part.Steps) != row.steps || part.Left != row.left || part.Steps[0].Text != row.first {
				t.Errorf("after %d: got %d steps from %s on, %d left out; want %+v", row.after, len(part.Steps), part.Steps[0].Text, part.Left, row)
			}
		}
		for _, after := range []int{1001, 5000} {
			if part := mustGet(t, b, job.ID, after); part.Steps == nil || len(part.Steps) != 0 || part.Left != 0 {
				t.Errorf("after %d: got %+v", after, part)
			}
		}
	})
}

func TestFailureIsToldWithItsHintAndResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		defer b.Close()
		job := mustBegin(t, b, task("certify", "www", "", func(context.Context, acmecore.Progress) (acmecore.JobResult, error) {
			return acmecore.JobResult{Run: &acmecore.Run{ID: "r"}}, &acmecore.Error{Kind: acmecore.Refused, Op: "order", Cause: errors.New("no\x1b[2J"), Hint: "try"}
		}))
		synctest.Wait()
		got := mustGet(t, b, job.ID, 0)
		if got.Problem != "order: no?[2J" || got.Hint != "try" || got.Error != acmecore.Refused || got.Result.Run == nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPanicEndsTheJobAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		b := jobs.New(slog.New(slog.NewTextHandler(&log, nil)))
		defer b.Close()
		job := mustBegin(t, b, task("verify", "www", "", func(context.Context, acmecore.Progress) (acmecore.JobResult, error) {
			var board *acmecore.Job
			return acmecore.JobResult{More: board.Count}, nil
		}))
		synctest.Wait()
		got := mustGet(t, b, job.ID, 0)
		if got.Error != acmecore.Internal || got.Problem == "" || strings.Contains(got.Problem, "pointer") || !strings.Contains(got.Hint, job.ID) {
			t.Errorf("got %+v", got)
		}
		if !strings.Contains(log.String(), "nil pointer") || !strings.Contains(log.String(), job.ID) {
			t.Errorf("log: got %s", log.String())
		}
	})
}

func TestCloseEndsJobsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		ended := false
		job := mustBegin(t, b, task("certify", "www", "", func(ctx context.Context, _ acmecore.Progress) (acmecore.JobResult, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // what it takes back takes a while
			ended = true
			return acmecore.JobResult{}, ctx.Err()
		}))
		b.Close()
		if !ended {
			t.Error("the board was closed before the job had ended")
		}
		if got := mustGet(t, b, job.ID, 0); got.Ended.IsZero() || got.Problem == "" {
			t.Errorf("got %+v, want that it has ended", got)
		}
		if _, err := b.Begin(t.Context(), task("certify", "www", "", held(nil))); acmecore.KindOf(err) != acmecore.Busy {
			t.Errorf("afterwards: got %v, want busy", err)
		}
		b.Close()
	})
}
