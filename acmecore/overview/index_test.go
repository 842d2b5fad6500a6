package overview_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/overview"
	"wcme/acmecore/stamp"
)

// TestIndexWaitsForNoLookThatCanBeMadeBeside has an answer of a certain age, and a
// change by hand since then.
func TestIndexWaitsForNoLookThatCanBeMadeBeside(t *testing.T) {
	ended := func(_ *overview.Ground, m *overview.Moment) { m.Runs++ }
	come := func(_ *overview.Ground, m *overview.Moment) { m.Records.Changed++ }
	configured := func(g *overview.Ground, _ *overview.Moment) { g.Settings = "new" }
	moved := func(g *overview.Ground, _ *overview.Moment) { g.Places = []stamp.Stamp{{Inode: 1}} }
	nothing := func(*overview.Ground, *overview.Moment) {}
	for _, row := range []struct {
		what  string
		age   time.Duration
		since func(*overview.Ground, *overview.Moment)
		waits bool
	}{
		{"of a moment", 0, nothing, false},
		{"of a moment, and a run has ended", 0, ended, true},
		{"of a moment, and a record has come", 0, come, true},
		{"of a moment, and the configuration is another one", 0, configured, true},
		{"of a moment, and a target is another one", 0, moved, true},
		{"of two seconds", 2 * time.Second, nothing, false},
		{"of two seconds, and a run has ended", 2 * time.Second, ended, true},
		{"of two seconds, and a record has come", 2 * time.Second, come, true},
		{"of two seconds, and the configuration is another one", 2 * time.Second, configured, true},
		{"of four seconds", 4 * time.Second, nothing, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			source := new(memory)
			source.put(certificate("a", 10))
			index := overview.New(source, time.Now)
			version := func() string { return entries(t, index)[0].Version }
			version()
			source.put(certificate("a", -1))
			source.with(row.since)
			time.Sleep(row.age)
			want := "000001"
			if row.waits {
				want = ""
			}
			if got := version(); got != want {
				t.Errorf("%s: got version %q, want %q", row.what, got, want)
			}
			synctest.Wait()
			if got := version(); row.age > 0 && got != "" {
				t.Errorf("%s: after a look beside got version %q, want none", row.what, got)
			}
		})
	}
}

// TestIndexReadsOnlyWhatHasChanged, once it is known that what was read is not of the
// same moment as the last change.
func TestIndexReadsOnlyWhatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := new(memory)
		index := overview.New(source, time.Now)
		later := func() { time.Sleep(time.Hour) }
		before := make(map[acmecore.ID]*overview.Entry)
		for _, row := range []struct {
			what    string
			change  func()
			want    int
			letters string
		}{
			{"the first time", func() { source.put(several(map[string]int{"a": 10, "b": 10, "c": -1})...); later() }, 3, "a b c"},
			{"at once again", func() { source.put(certificate("c", 1)) }, 0, "a b c"},
			{"what was changed", later, 1, "a b c"},
			{"what was changed a moment before it was read", later, 1, "a b c"},
			{"nothing was changed", later, 0, "a b c"},
			{"one has come", func() { source.put(certificate("d", 1)); later() }, 1, "a b c d"},
			{"one has gone", func() { later(); delete(source.files, "b_example_test") }, 0, "a c d"},
			{"all depend on something else", func() { source.with(func(g *overview.Ground, _ *overview.Moment) { g.Settings = "new" }) }, 3, "a c d"},
			{"nothing is managed any more", func() { later(); clear(source.files) }, 0, ""},
		} {
			row.change()
			if row.what == "what was changed" {
				source.put(certificate("c", 2))
			}
			list := entries(t, index)
			if got := source.read(); got != row.want {
				t.Errorf("%s: read %d, want %d", row.what, got, row.want)
			}
			var certificates []acmecore.Certificate
			others := 0
			for _, e := range list {
				certificates = append(certificates, e.Certificate)
				if before[e.ID] != e {
					others++
				}
			}
			if got := letters(certificates); got != row.letters || others != row.want {
				t.Errorf("%s: got %q with %d other entries, want %q with %d", row.what, got, others, row.letters, row.want)
			}
			clear(before)
			for _, e := range list {
				before[e.ID] = e
			}
		}
	})
}

// TestIndexTrustsNoMoment: what was changed within the moment in which it was read is
// read again, as the file system's time of both may be the same.
func TestIndexTrustsNoMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := new(memory)
		source.put(certificate("a", 10))
		index := overview.New(source, time.Now)
		time.Sleep(1999 * time.Millisecond)
		entries(t, index)
		source.hide(certificate("a", -1))
		time.Sleep(4 * time.Second)
		if got := entries(t, index)[0].Version; got != "" {
			t.Errorf("got version %q, want none", got)
		}
	})
}

// TestIndexReadsAgainWhatWillPass at each look, until it has passed.
func TestIndexReadsAgainWhatWillPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := new(memory)
		passing := certificate("a", 10)
		passing.Passing, passing.Certificate.Problem = true, "too many open files"
		source.put(passing)
		index := overview.New(source, time.Now)
		for _, problem := range []string{"too many open files", "", ""} {
			time.Sleep(time.Hour)
			if problem == "" {
				source.hide(certificate("a", 10))
			}
			if got := entries(t, index)[0].Problem; got != problem {
				t.Errorf("got %q, want %q", got, problem)
			}
		}
		if got := source.read(); got != 2 {
			t.Errorf("read %d times, want twice", got)
		}
	})
}

// TestIndexLooksAtTheFilesOfAReading, which exist, and those that do not. They are real
// ones, and the clock is that of a later time than the machine's.
func TestIndexLooksAtTheFilesOfAReading(t *testing.T) {
	installed := filepath.Join(t.TempDir(), "fullchain.pem")
	clock := time.Now()
	source, read := new(memory), certificate("a", 10)
	source.put(read)
	index := overview.New(source, func() time.Time { return clock })
	for _, row := range []struct {
		what   string
		change func() error
		want   int
	}{
		{"the first time", func() error { return nil }, 1},
		{"not in a target", func() error { return nil }, 0},
		{"a target, with no file in it yet", func() error { read.Files = []string{installed}; source.put(read); return nil }, 1},
		{"it may have gone while the certificate was read", func() error { return nil }, 1},
		{"it is still not there", func() error { return nil }, 0},
		{"it comes", func() error { return os.WriteFile(installed, []byte("chain"), 0o600) }, 1},
		{"it is still there", func() error { return nil }, 0},
		{"it is another one", func() error { return os.WriteFile(installed, []byte("another chain"), 0o600) }, 1},
		{"it goes", func() error { return os.Remove(installed) }, 1},
	} {
		if err := row.change(); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(time.Hour)
		if entries(t, index); source.reads != row.want {
			t.Errorf("%s: read %d times, want %d", row.what, source.reads, row.want)
		}
		source.read()
	}
}

func TestIndexKeepsWhatWasReadUntilTheContextEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		source := &memory{look: cancel} // some are read at a time, and no further ones
		for letter := 'a'; letter <= 'z'; letter++ {
			source.put(certificate(string(letter), 10))
			source.put(certificate("x"+string(letter), 10))
		}
		time.Sleep(time.Hour)
		index := overview.New(source, time.Now)
		if list, err := index.Entries(ctx); !errors.Is(err, context.Canceled) || index.HasLooked() {
			t.Fatalf("got %v, %v", list, err)
		}
		first := source.read()
		if got := len(entries(t, index)); got != 52 || !index.HasLooked() {
			t.Errorf("the next one: got %d", got)
		}
		if then := source.read(); first < 1 || first+then != 52 {
			t.Errorf("read %d, and then %d", first, then)
		}
	})
}

// TestIndexHasNoAnswerAfterALookThatFailed, and has all that it knew when one succeeds.
func TestIndexHasNoAnswerAfterALookThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := new(memory)
		source.put(certificate("a", 10))
		time.Sleep(time.Hour)
		index := overview.New(source, time.Now)
		entries(t, index)
		time.Sleep(time.Hour)
		source.err = errors.New("no directory")
		if list, err := index.Entries(t.Context()); !errors.Is(err, source.err) || list != nil || index.HasLooked() {
			t.Errorf("got %v, %v", list, err)
		}
		source.err = nil
		if list := entries(t, index); len(list) != 1 || source.read() != 1 || !index.HasLooked() {
			t.Errorf("the next one: got %v", list)
		}
	})
}

// TestIndexHasOneLookAtATime: who comes meanwhile waits for it, and takes what it has
// found; and for no longer than it wants to.
func TestIndexHasOneLookAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		source := &memory{look: func() { <-goOn }}
		source.put(certificate("a", 10))
		index := overview.New(source, time.Now)
		for range 3 {
			go func() {
				if list, err := index.Entries(t.Context()); len(list) != 1 || err != nil {
					t.Errorf("got %v, %v", list, err)
				}
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := index.Entries(ctx)
		const want = "wait for another run of the list of certificates: it goes on: context deadline exceeded"
		if acmecore.KindOf(err) != acmecore.Busy || err.Error() != want || acmecore.HintOf(err) == "" {
			t.Errorf("got %v, want %s", err, want)
		}
		close(goOn)
		synctest.Wait()
		if got := source.read(); got != 1 {
			t.Errorf("read %d times", got)
		}
	})
}
