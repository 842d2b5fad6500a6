package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// setUp returns the programs, and a directory.
func setUp(t *testing.T) (programs, string) {
	t.Helper()
	t.Parallel()
	dir := lab.TempDir(t)
	p := programs{Programs: lab.MustBuild(t), stderr: t.Output(),
		state: filepath.Join(dir, "state"), due: filepath.Join(dir, "due"), order: filepath.Join(dir, "order")}
	if err := p.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, dir
}

// TestNothingIsDueInWhatIsMade: the state directory is not made by wCME, and yet it
// finds nothing in it to do, and changes nothing.
func TestNothingIsDueInWhatIsMade(t *testing.T) {
	p, dir := setUp(t)
	few := filepath.Join(dir, "few")
	if err := os.Mkdir(few, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := p.generate(t.Context(), few, 3, 10)
	if err != nil {
		t.Fatal(err)
	}
	before := modified(t, s)
	for _, target := range []bool{false, true} {
		if _, err := p.manage(s, target)(t.Context()); err != nil {
			t.Errorf("target %v: %v", target, err)
		}
	}
	if after := modified(t, s); after != before {
		t.Errorf("a pass wrote:\n%s\nit was:\n%s", after, before)
	}
	if err := os.Remove(filepath.Join(s.target, "fullchain_host1_bench_test.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.manage(s, true)(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 0, want 3") {
		t.Errorf("a file was missing in the target, and the pass counted as one with nothing to do: %v", err)
	}
}

// modified lists the files that a pass must leave alone, and when each was written.
func modified(t *testing.T, s *state) string {
	t.Helper()
	var lines []string
	for _, pattern := range []string{"state/etc/certificates/*", "state/priv/certificates/*/*", "state/priv/standing/*", "state/ssl/*", "target/*"} {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(s.root), pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			info, err := os.Lstat(file)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, file+" "+info.ModTime().Format(time.RFC3339Nano))
		}
	}
	return strings.Join(lines, "\n")
}

func TestPassesAreMeasuredAndPrinted(t *testing.T) {
	p, dir := setUp(t)
	rows, pages, err := p.passes(t.Context(), filepath.Join(dir, "passes"), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if len(r.costs) != 1 || r.costs[0].wall <= 0 || r.memory() < 1<<20 {
			t.Errorf("%s: got %+v", r.name, r.costs)
		}
	}
	for _, r := range pages {
		if len(r.costs) != 1 || r.costs[0].first <= 0 || r.costs[0].wall < r.costs[0].first || r.bytes() < 2000 {
			t.Errorf("%s: got %+v", r.name, r.costs)
		}
	}
	var table strings.Builder
	printPasses(&table, 2, rows)
	printPages(&table, 2, pages)
	if got := strings.Count(table.String(), "\n| "); got != len(rows)+len(pages)+2 {
		t.Errorf("got %d lines of the tables, want %d:\n%s", got, len(rows)+len(pages)+2, table.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "passes")); err == nil {
		t.Error("what was measured is still there")
	}
}

func TestOrdersAreMade(t *testing.T) {
	p, dir := setUp(t)
	rows, err := p.issues(t.Context(), dir, 1, 0)
	if err != nil || len(rows) != 3 {
		t.Errorf("got %d rows, %v", len(rows), err)
	}
}

func TestRatioIsTheMedianOfTheRounds(t *testing.T) {
	t.Parallel()
	slow := row{costs: []cost{{wall: 20}, {wall: 2000}, {wall: 40}}}
	loop := row{costs: []cost{{wall: 10}, {wall: 10}, {wall: 10}}}
	if got := slow.ratio(loop, wall); got != 4 {
		t.Errorf("ratio: got %v, want 4", got)
	}
	if got := slow.median(wall); got != 40 {
		t.Errorf("median: got %v, want 40", got)
	}
}
