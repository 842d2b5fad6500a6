package faults_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// actor is who is killed.
type actor string

// The actors.
const (
	daily actor = "overseer"       // at its own work
	asked actor = "overseer asked" // by a verb
	alone actor = "verb"           // in process
)

// patience is how long wCME may take to come to an end by itself, and to be killed. It is
// less than the minute after which what has failed is tried again.
const patience = 50 * time.Second

func TestKilledAtEachPoint(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		round   round
		points  []point
		actors  []actor
		prepare func(*testing.T) *site
	}{
		{account, whileRegistering(), []actor{alone, asked}, func(t *testing.T) *site { return newSite(t, false) }},
		{first, points(), []actor{daily, alone, asked}, func(t *testing.T) *site { return newSite(t, false).registered(t) }},
		{forced, whileObtaining(), []actor{asked, alone}, func(t *testing.T) *site { return newSite(t, false).registered(t).obtained(t) }},
		{renewal, points(), []actor{daily, alone}, func(t *testing.T) *site { return newSite(t, false).registered(t).aged(t) }},
		{delivery, points(), []actor{alone, daily}, func(t *testing.T) *site { return newSite(t, true).registered(t).aged(t) }},
	} {
		t.Run(string(row.round), func(t *testing.T) {
			t.Parallel()
			s := row.prepare(t)
			for i, p := range row.points {
				if p.not[row.round] != "" {
					continue
				}
				who := row.actors[i%len(row.actors)]
				t.Run(fmt.Sprintf("%s %s, %s", p.id, p.what, who), func(t *testing.T) {
					h := s.newHost(t, row.round == delivery)
					h.killedAt(p, row.round, who)
					h.checkKilled()
					h.comeToAnEnd(row.round)
					h.checkEnd(p)
				})
			}
		})
	}
}

// verb is what obtains the certificate in a round.
func (r round) verb() []string {
	switch r {
	case account:
		return []string{"register"}
	case first:
		return []string{"certify", strings.Join(names(), ",")}
	case forced:
		return []string{"manage", "--force", id}
	}
	return []string{"manage"}
}

// killedAt begins what the round is about, and returns when it was killed at the
// point.
func (h *host) killedAt(p point, r round, who actor) {
	h.Helper()
	if p.prepare != nil {
		p.prepare(h)
	}
	h.watch()
	v := &victim{started: make(chan struct{})}
	if p.arm != nil {
		p.arm(h, v.kill)
	}
	args := r.verb()
	if who != alone {
		args = []string{"overseer"}
	}
	if who == daily && r == first {
		h.addRecord()
	}
	cmd := h.command(args...)
	if p.at != "" {
		cmd.Env = append(cmd.Env, "WCME_CRASH_AT="+p.at)
	}
	h.start(v, cmd)
	var asking sync.WaitGroup
	if who == asked {
		asking.Go(func() { h.ask(v, r.verb()) })
	}
	h.awaitKill(v)
	asking.Wait()
	if p.after != nil {
		p.after(h)
	}
	if who != alone {
		h.overseerKilled()
	}
}

// overseerKilled counts that one was.
func (h *host) overseerKilled() {
	h.Helper()
	h.crashes++
	_, err := os.Stat(h.path("state", "priv", "running"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.Fatal(err)
	}
	h.marked = h.marked || err == nil
}

// victim is a process that is to be killed.
type victim struct {
	process *lab.Process
	started chan struct{} // closed when there is one
}

// kill kills the process once it is there, and returns false when it has ended.
func (v *victim) kill() bool {
	<-v.started
	_ = syscall.Kill(v.process.PID(), syscall.SIGKILL) // it may have ended
	<-v.process.Done()
	return false
}

func (h *host) start(v *victim, cmd *exec.Cmd) {
	h.Helper()
	var err error
	if v.process, err = lab.Start(h.root()+".log", cmd); err != nil {
		h.Fatal(err)
	}
	close(v.started)
	h.Cleanup(func() {
		if err := v.process.Stop(); err != nil {
			h.Error(err)
		}
		if h.Failed() {
			h.Logf("what wCME said:\n%s", v.process.Log())
		}
	})
}

// ask has a verb ask the overseer, which is killed meanwhile.
func (h *host) ask(v *victim, verb []string) {
	for {
		if conn, err := net.Dial("unix", lab.Socket(h.root())); err == nil {
			_ = conn.Close()
			break
		}
		select {
		case <-v.process.Done():
			return
		case <-time.After(pause):
		}
	}
	for { // again where the overseer has the certificate in its hands, at its own work
		output, err := h.command(verb...).CombinedOutput()
		if err == nil || !strings.Contains(string(output), "another run works on it") {
			return
		}
		time.Sleep(pause)
	}
}

// awaitKill returns when the process was killed.
func (h *host) awaitKill(v *victim) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	err := v.process.Await(ctx, func(context.Context) error { return errors.New("it was not killed") })
	if !strings.Contains(strings.SplitN(err.Error(), "\n", 2)[0], "it ended: signal: killed") {
		h.Fatal(err)
	}
}

// addRecord has the certificate managed, as an administrator who writes its record.
func (h *host) addRecord() {
	h.Helper()
	text := fmt.Sprintf("names = [%q, %q]\n", names()[0], names()[1])
	if err := os.WriteFile(h.path("state", "etc", "certificates", id+".toml"), []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
}

// comeToAnEnd starts an overseer, and returns when all is done and it has ended.
func (h *host) comeToAnEnd(r round) {
	h.Helper()
	overseer, err := lab.StartOverseer(h.Context(), h.programs, h.root())
	if err != nil {
		h.Fatal(err)
	}
	defer func() {
		if err := overseer.Stop(); err != nil {
			h.Error(err)
		}
	}()
	if r == account { // which nobody makes without being asked
		h.run("register")
		h.key = h.accountKey()
		h.addRecord()
		_ = syscall.Kill(overseer.PID(), syscall.SIGHUP)
	}
	for over := time.Now().Add(patience); ; time.Sleep(pause) {
		lack := h.lacks()
		if lack == nil {
			break
		}
		if time.Now().After(over) {
			h.Fatalf("I5: %v after the overseer was started again: %v", patience, lack)
		}
	}
	h.checkProcesses(overseer.PID())
}
