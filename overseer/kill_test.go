package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// The tests in this file kill wcme with SIGKILL (faults C01 to C25). Whatever
// the moment, what was there is there, and the next run ends what was begun.

// round is one run that is killed, and the one after it.
type round struct {
	what string
	args []string // of wcme
	id   acmecore.ID
}

// rounds returns a first certificate, and two renewals of it.
func rounds() []round {
	const id = "www_example_test"
	return []round{
		{"a first certificate", []string{"certify", "www.example.test"}, id},
		{"a renewal", []string{"certify", "www.example.test", "--force"}, id},
		{"a renewal with other names", []string{"certify", "www.example.test,b.example.test,c.example.test", "--force"}, id},
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const workers, kills = 3, 24
	for worker := range workers {
		t.Run(fmt.Sprint(worker+1), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.run("register")
			s.sample()
			length := s.measure()
			for killed := 0; killed < kills; s.forget("www_example_test") {
				for _, round := range rounds() {
					before, after := s.orders(), rand.N(length)
					if s.killed(round, after) {
						killed++
					}
					s.checkRound(round, before+1, after.String())
				}
			}
			s.checkEnd()
		})
	}
}

func TestKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, round := range rounds() {
		t.Run(round.what, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.run("register")
			if round.what != "a first certificate" {
				s.run("certify", "www.example.test")
			}
			s.sample()
			for step := 1; ; step++ {
				before := s.orders()
				line := s.killedAtStep(round, step)
				if line == "" {
					break
				}
				s.checkRound(round, before+1, line)
				if round.what == "a first certificate" {
					s.forget(round.id)
				}
			}
			s.checkEnd()
		})
	}
}

func TestKilledWhileRegistering(t *testing.T) {
	t.Parallel()
	for range 12 {
		s := newSite(t)
		register := round{what: "register", args: []string{"register"}}
		s.killed(register, rand.N(30*time.Millisecond))
		s.checkWhole()
		s.run("register")
		s.checkClean()
		if got := s.accounts(); got != 1 {
			t.Errorf("accounts at the CA: got %d, want 1", got)
		}
	}
}

// TestOverseerKilledAtAnyMoment kills the daemon; the one after it must have put
// everything right before it answers.
func TestOverseerKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("register")
	s.sample()
	length := s.measure()
	for range 6 {
		for _, round := range rounds() {
			after := rand.N(length)
			s.killOverseer(round, after)
			s.checkWhole()
			overseer, err := lab.StartOverseer(t.Context(), s.programs, s.root)
			if err != nil {
				t.Fatal(err)
			}
			s.idle()
			s.checkRecovered()
			s.checkRound(round, s.orders(), after.String())
			if err := overseer.Stop(); err != nil {
				t.Error(err)
			}
		}
		s.forget("www_example_test")
	}
	s.checkEnd()
}

// idle returns when the overseer has gone on with what was begun, and has nothing to
// do any more.
func (s *site) idle() {
	s.Helper()
	for over := time.Now().Add(time.Minute); ; {
		output, err := s.command("manage").CombinedOutput()
		if exitStatus(err) == exitNothing {
			return
		}
		if time.Now().After(over) {
			s.Fatalf("the overseer is not done after a minute: %v\n%s", err, output)
		}
	}
}

// measure returns how long a run takes here and now, and a bit more.
func (s *site) measure() time.Duration {
	began := time.Now()
	s.run("certify", "measure.example.test")
	return time.Since(began) * 11 / 10
}

// killed starts the run and kills it after a while. It returns false for one
// that had ended before.
func (s *site) killed(r round, after time.Duration) bool {
	s.Helper()
	cmd := s.command(r.args...)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill() // it may have ended
	err := cmd.Wait()
	if err != nil && exitStatus(err) != -1 {
		s.Fatalf("wcme %q: %v", r.args, err)
	}
	return err != nil
}

// killedAtStep kills the run as soon as it has told its n-th step, and returns
// that step; "" for a run that has fewer.
func (s *site) killedAtStep(r round, n int) string {
	s.Helper()
	cmd := s.command(r.args...)
	output, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	step := ""
	for lines := bufio.NewScanner(output); lines.Scan(); n-- {
		if n == 1 {
			step = lines.Text()
			_ = cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err != nil && exitStatus(err) != -1 {
		s.Fatalf("wcme %q: %v", r.args, err)
	}
	return step
}

// killOverseer starts an overseer, asks it for the round, and kills it.
func (s *site) killOverseer(r round, after time.Duration) {
	s.Helper()
	overseer := s.command("overseer")
	if err := overseer.Start(); err != nil {
		s.Fatal(err)
	}
	for {
		if _, err := os.Stat(lab.Socket(s.root)); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	asking := s.command(r.args...)
	if err := asking.Start(); err != nil {
		s.Fatal(err)
	}
	time.Sleep(after)
	if err := overseer.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_ = overseer.Wait()
	if err := asking.Wait(); err != nil && exitStatus(err) != exitFailed {
		s.Fatalf("wcme %q: %v", r.args, err)
	}
}

// checkRound looks at what a kill has left, and at the run after it. Up to the kill the CA
// was asked for that many orders at most: it may come to the last one, of which nobody
// heard, during the run after.
func (s *site) checkRound(r round, most int, moment string) {
	s.Helper()
	s.checkWhole()
	order, unfinished := s.kept(r.id)
	output := s.run(r.args...)
	anew := placed(output)
	resumed := strings.Contains(output, order.URL+"  going on where it was left")
	if unfinished && (!resumed || anew > 0) {
		s.Errorf("%s, killed at %s: the order %s was not gone on with:\n%s", r.what, moment, order.URL, output)
	}
	if got := s.orders(); anew > 1 || got > most+anew {
		s.Errorf("%s, killed at %s: got %d orders, %d of them in the run after; want %d, and at most 1 of that run", r.what, moment, got, anew, most+anew)
	}
	s.checkWhole()
	s.checkClean()
	s.checkRecovered()
	if s.Failed() {
		s.Fatalf("%s was killed at %s; the run after it said:\n%s", r.what, moment, output)
	}
}

// checkRecovered compares the products with the current versions.
func (s *site) checkRecovered() {
	s.Helper()
	dirs, err := filepath.Glob(filepath.Join(s.root, "priv", "certificates", "*", "current"))
	if err != nil {
		s.Fatal(err)
	}
	for _, dir := range dirs {
		chain, errChain := os.ReadFile(filepath.Join(dir, "fullchain.pem"))
		key, errKey := os.ReadFile(filepath.Join(dir, "key.pem"))
		product, err := os.ReadFile(filepath.Join(s.root, "ssl", "fullchain_"+filepath.Base(filepath.Dir(dir))+".pem"))
		if err := errors.Join(errChain, errKey, err); err != nil {
			s.Error(err)
		} else if !bytes.Equal(product, append(chain, key...)) {
			s.Errorf("the product of %s is not its current version", dir)
		}
	}
}

// checkEnd looks at the site after all rounds.
func (s *site) checkEnd() {
	s.Helper()
	if got := s.accounts(); got != 1 {
		s.Errorf("accounts at the CA: got %d, want 1", got)
	}
	s.checkClean()
}

// forget removes a certificate, so that it can be obtained for the first time again.
func (s *site) forget(id acmecore.ID) {
	s.Helper()
	s.sampling.Lock()
	defer s.sampling.Unlock()
	err := errors.Join(
		os.Remove(filepath.Join(s.root, "etc", "certificates", string(id)+".toml")),
		os.RemoveAll(filepath.Join(s.root, "priv", "certificates", string(id))))
	for _, product := range []string{"cert_", "chain_", "fullchain_"} {
		err = errors.Join(err, os.Remove(filepath.Join(s.root, "ssl", product+string(id)+".pem")))
	}
	if err != nil {
		s.Fatal(err)
	}
}
