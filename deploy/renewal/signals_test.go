package renewal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// endTime is how long the overseer may take to end: what it works on here takes a minute
// and more.
const endTime = 40 * time.Second

// signal sends a signal to the overseer.
func (s *site) signal(signal syscall.Signal) {
	s.Helper()
	if err := syscall.Kill(s.overseer.PID(), signal); err != nil {
		s.Fatal(err)
	}
}

// terminate ends the overseer in the middle of its work, whose end it does not wait for,
// and after a storm of SIGHUP.
func (s *site) terminate() {
	s.Helper()
	for range 50 {
		s.signal(syscall.SIGHUP)
	}
	s.nudge() // it is still there, and answers
	s.signal(syscall.SIGTERM)
	select {
	case <-s.overseer.Done():
	case <-time.After(endTime):
		s.Fatalf("the overseer has not ended %v after SIGTERM", endTime)
	}
}

// TestEndInTheMiddleOfAnOrder is X09: the next overseer goes on with the same order.
func TestEndInTheMiddleOfAnOrder(t *testing.T) {
	t.Parallel()
	s := bare(t)
	s.rest()
	before, orders := s.listed(www.ID()), s.orders()
	held, release := make(chan struct{}), make(chan struct{})
	s.between.Before(lab.ClassFinalize, 1, func() bool {
		close(held)
		<-release
		return true
	})
	s.clock.Set(before.Renewal.At.Add(time.Second))
	<-held
	s.terminate()
	close(release)
	s.overseer = lab.MustOverseer(s, s.programs, s.root)
	s.awaitRun("the renewal", became(www.ID(), acmecore.Renewed))
	s.noTrouble(orders + 1)
}

// noTrouble wants so many orders, one renewal after the first one, and no word of a
// trouble.
func (s *site) noTrouble(orders int) {
	s.Helper()
	s.awaitTold(www.ID(), acmecore.EventRenewed, 2)
	for _, kind := range []acmecore.EventKind{acmecore.EventFailed, acmecore.EventNotServed, acmecore.EventRecovered, acmecore.EventCrashed} {
		if got := s.told("", kind); got != 0 {
			s.Errorf("mails that say %s: got %d, want none", kind, got)
		}
	}
	if got := s.orders(); got != orders {
		s.Errorf("orders: got %d, want %d", got, orders)
	}
}

// TestEndInTheMiddleOfVerifying is X09: who has not waited to the end has not seen that
// something is not served.
func TestEndInTheMiddleOfVerifying(t *testing.T) {
	t.Parallel()
	s, nginx := office(t, func(nginx *webServer) []string { return []string{nginx.lazy().tables(), verified("1m", nginx)} })
	s.rest()
	before, orders := s.listed(www.ID()), s.orders()
	s.write(nginx.idle(), "", 0o644)
	const waits = "it will be asked again" // which certify may have said, too
	said := strings.Count(s.overseer.Log(), waits)
	s.clock.Set(before.Renewal.At.Add(time.Second))
	s.await("a look at nginx", func() error {
		if strings.Count(s.overseer.Log(), waits) == said {
			return errors.New("there was none")
		}
		return nil
	})
	s.terminate()
	s.loadByHand(nginx)
	s.overseer = lab.MustOverseer(s, s.programs, s.root)
	s.awaitRun("that it is served", became(www.ID(), acmecore.Repaired))
	s.noTrouble(orders + 1)
}

// TestEndInTheMiddleOfALoad is X09 and L13: a load that was ended with the overseer is
// no load that failed, and runs once more.
func TestEndInTheMiddleOfALoad(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	hang, began := filepath.Join(dir, "hang"), filepath.Join(dir, "began")
	s := bare(t, fmt.Sprintf("[[load]]\nname = \"servers\"\nrun = %q\n[verify]\nports = []\n",
		fmt.Sprintf("echo $$ >>%s; test ! -e %s || exec sleep 60", began, hang)))
	s.expected = []string{"load action ended"}
	s.rest()
	before, orders, loads := s.listed(www.ID()), s.orders(), len(s.read(began))
	s.write(hang, "", 0o644)
	s.clock.Set(before.Renewal.At.Add(time.Second))
	s.await("the load", func() error {
		if len(s.read(began)) == loads {
			return errors.New("it has not begun")
		}
		return nil
	})
	s.terminate()
	if err := os.Remove(hang); err != nil {
		t.Fatal(err)
	}
	s.overseer = lab.MustOverseer(s, s.programs, s.root)
	s.awaitRun("the load", became(www.ID(), acmecore.Repaired))
	s.noTrouble(orders + 1)
}
