package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one run of a program took.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // the most that was resident, in bytes
	// first is when the first byte of a page came, and bytes is how long it was; zero of
	// what is no page.
	first time.Duration
	bytes int
}

// row is a line of a table: a program, and what its runs took, one a round.
type row struct {
	name  string
	costs []cost
	// run does what is measured, once; of the overseer it says itself what it took.
	run func(ctx context.Context) (cost, error)
}

// measure runs the rows in turn, round after round. The first round is for warming up,
// and is forgotten.
func (p programs) measure(ctx context.Context, what string, rounds int, rows []row) error {
	for round := range rounds + 1 {
		fmt.Fprintf(p.stderr, "%s: round %d of %d\n", what, round, rounds)
		for i := range rows {
			cost, err := rows[i].run(ctx)
			if err = errors.Join(err, ctx.Err()); err != nil {
				return fmt.Errorf("%s: %s: %w", what, rows[i].name, err)
			}
			if round > 0 {
				rows[i].costs = append(rows[i].costs, cost)
			}
		}
	}
	return nil
}

// timed runs a program to its end. It must end with that status, and say what is
// wanted on its output so often.
func timed(cmd *exec.Cmd, status int, want string, times int) (cost, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err := cmd.Run()
	took := cost{wall: time.Since(began)}
	if cmd.ProcessState == nil {
		return took, err
	}
	took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, found := cmd.ProcessState.SysUsage().(*syscall.Rusage); found {
		took.memory = usage.Maxrss << 10
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		return took, fmt.Errorf("exit status %d, want %d: %s", got, status, stderr.String())
	}
	if got := strings.Count(stdout.String(), want); got != times {
		return took, fmt.Errorf("it said %q %d times, want %d: %.300q", want, got, times, stdout.String())
	}
	return took, nil
}

// used is what a process that runs has taken so far.
func used(pid int) (cost, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return cost{}, err
	}
	var took cost
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	if _, err := fmt.Sscanf(rest, "%d kB", &took.memory); err != nil {
		return cost{}, fmt.Errorf("read memory of process %d: %w", pid, err)
	}
	took.memory <<= 10
	text, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return cost{}, err
	}
	var user, system int64
	after := text[bytes.LastIndexByte(text, ')')+1:] // the name before may be any (proc_pid_stat(5))
	if _, err := fmt.Sscanf(string(after), " %s %d %d %d %d %d %d %d %d %d %d %d %d", new(string), new(int), new(int), new(int), new(int), new(int),
		new(int), new(int), new(int), new(int), new(int), &user, &system); err != nil {
		return cost{}, fmt.Errorf("read time of process %d: %w", pid, err)
	}
	took.cpu = time.Duration(user+system) * time.Second / ticks
	return took, nil
}

// ticks is how many of them a second has in /proc, on all that Go runs on.
const ticks = 100

// median is that of the runs.
func (r row) median(of func(cost) time.Duration) time.Duration {
	values := make([]time.Duration, len(r.costs))
	for i, cost := range r.costs {
		values[i] = of(cost)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// ratio is the median of the rounds' own ratios to another row.
func (r row) ratio(to row, of func(cost) time.Duration) float64 {
	values := make([]float64, len(r.costs))
	for i := range r.costs {
		values[i] = float64(of(r.costs[i])) / float64(max(of(to.costs[i]), 1))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// memory is the most of all runs.
func (r row) memory() (most int64) {
	for _, cost := range r.costs {
		most = max(most, cost.memory)
	}
	return most
}

func wall(c cost) time.Duration { return c.wall }
func cpu(c cost) time.Duration  { return c.cpu }
