package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

const day = 24 * time.Hour

// hands is the program of testdata/hands, on a clock.
type hands struct {
	t     *testing.T
	in    io.Writer
	out   *bufio.Scanner
	clock *lab.Clock
}

// buildHands compiles it as main does the programs.
func buildHands(t *testing.T) string {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay, err := writeOverlay(strings.TrimSpace(string(goroot)), filepath.Join(dir, "_overlay"))
	if err == nil {
		err = goBuild(t.Context(), ".", []string{"-overlay", overlay, "-o", filepath.Join(dir, "hands"), "./testdata/hands"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "hands")
}

func startHands(t *testing.T, program string, env ...string) *hands {
	t.Helper()
	h := &hands{t: t, clock: lab.NewClock(t)}
	cmd := exec.Command(program)
	cmd.Env = append(env, h.clock.Env())
	cmd.Stderr = t.Output()
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if errIn != nil || errOut != nil {
		t.Fatal(errIn, errOut)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	h.in, h.out = in, bufio.NewScanner(out)
	h.ask("now") // it has begun, and before any jump
	return h
}

func (h *hands) ask(question string) string {
	h.t.Helper()
	fmt.Fprintln(h.in, question)
	if !h.out.Scan() {
		h.t.Fatalf("%s: no answer", question)
	}
	return h.out.Text()
}

func (h *hands) want(question, want string) {
	h.t.Helper()
	if got := h.ask(question); got != want {
		h.t.Errorf("%s: got %s, want %s", question, got, want)
	}
}

func TestProgramOnTheClock(t *testing.T) {
	t.Parallel()
	program := buildHands(t)
	t.Run("a jump moves the time and nothing that runs", func(t *testing.T) {
		t.Parallel()
		h := startHands(t, program)
		for _, jump := range []time.Duration{time.Hour, 400 * day, -40 * day, -361*day - time.Hour} { // K01, K02
			h.clock.Advance(jump)
			h.want("since the start", "0s")
			h.want("a deadline", "read |0: i/o timeout")
		}
		h.want("until what was an hour away", "25h0m0s")
	})
	t.Run("for some time passes in a jump", func(t *testing.T) {
		t.Parallel()
		h := startHands(t, program, "WCME_CLOCK_PASSES=1")
		h.clock.Advance(61 * day)
		h.want("since the start", "1464h0m0s")
		h.want("until what was an hour away", "-1463h0m0s")
		h.want("a deadline", "read |0: i/o timeout")
	})
	t.Run("any year", func(t *testing.T) { // K03
		t.Parallel()
		h := startHands(t, program)
		for _, year := range []int{1970, 1884, 2026, 2038, 2106, 2158} {
			h.clock.Set(time.Date(year, 7, 1, 12, 0, 0, 0, time.UTC))
			if got, want := h.ask("now"), fmt.Sprintf("%d-07-01T12:0", year); !strings.HasPrefix(got, want) {
				t.Errorf("year %d: got %s, want %s…", year, got, want)
			}
		}
	})
	t.Run("a part of a second", func(t *testing.T) {
		t.Parallel()
		h := startHands(t, program)
		for range 100 { // over the end of a second, back and forth
			h.clock.Advance(-day - 987654321)
			h.clock.Advance(day + 990000000)
			before := h.clock.Now()
			got, err := time.Parse(time.RFC3339, h.ask("now"))
			if err != nil || got.Before(before.Truncate(time.Second)) || got.After(h.clock.Now()) {
				t.Errorf("got %v, %v; want between %v and %v", got, err, before, h.clock.Now())
			}
		}
	})
	t.Run("long waits are short and time limits are not", func(t *testing.T) {
		t.Parallel()
		h := startHands(t, program)
		h.clock.ShortenWaits(time.Millisecond)
		h.want("wait an hour", "waited")
		h.want("wait an hour anew", "waited")
		h.want("time limits of an hour", "not over")
	})
	t.Run("a clock that is not there ends it", func(t *testing.T) {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env = []string{"WCME_CLOCK=/nowhere/clock"}
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), "WCME_CLOCK=/nowhere/clock: no such file") {
			t.Errorf("got %v, %s; want that it ends and says why", err, output)
		}
	})
	t.Run("without a clock it is the machine's", func(t *testing.T) {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Env, cmd.Stdin = []string{}, strings.NewReader("now\n")
		before := time.Now().Truncate(time.Second)
		output, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := time.Parse(time.RFC3339, strings.TrimSpace(string(output)))
		if err != nil || got.Before(before) || got.After(time.Now()) {
			t.Errorf("got %v, %v; want between %v and now", got, err, before)
		}
	})
}

// TestAnotherGoIsNotEditedByGuess: a library whose text is another is an error.
func TestAnotherGoIsNotEditedByGuess(t *testing.T) {
	for _, row := range []struct{ what, text, want string }{
		{"the text is not there", "package time\n", "has 0 times, not once, the text"},
		{"it is there twice", "package time\n" + strings.Repeat(edits[0].from, 2), "has 2 times, not once, the text"},
	} {
		goroot, dir := t.TempDir(), t.TempDir()
		source := filepath.Join(goroot, "src", "time")
		if err := os.MkdirAll(source, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(source, "time.go"), []byte(row.text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := writeOverlay(goroot, dir)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.what, err, row.want)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("%s: it wrote %v", row.what, left)
		}
	}
}

func TestRunWantsADirectory(t *testing.T) {
	if got := run(t.Context(), nil, io.Discard); got != 2 {
		t.Errorf("status: got %d, want 2", got)
	}
}
