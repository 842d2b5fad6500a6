package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// TestOneOverseer is X01 and X03: a second overseer is refused, and told by whom; after a
// kill the next one has the lock.
func TestOneOverseer(t *testing.T) {
	t.Parallel()
	r := newRig(t).setup()
	r.start()
	r.refused(r.command("overseer"), "held by wcme overseer", fmt.Sprintf("process %d", r.overseer.PID()))
	r.run("certify", "www.example.test") // the first one answers

	r.signal(syscall.SIGKILL)
	<-r.overseer.Done()
	r.start() // which would be refused, too
	r.rest()
	r.wantOrders(0, 1)
	r.check()
}

// TestManyOverseersAtOnce is X02.
func TestManyOverseersAtOnce(t *testing.T) {
	t.Parallel()
	const many = 30
	r := newRig(t).setup()
	var overseers []*lab.Process
	ended := make(chan *lab.Process, many)
	for number := range many {
		overseer, err := lab.Start(filepath.Join(r.dir, fmt.Sprint("overseer", number)), r.command("overseer"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := overseer.Stop(); err != nil {
				t.Error(err)
			}
		})
		overseers = append(overseers, overseer)
		go func() {
			<-overseer.Done()
			ended <- overseer
		}()
	}
	late := time.After(rigPatience)
	for range many - 1 {
		select {
		case refused := <-ended:
			if !strings.Contains(refused.Log(), "is held by") {
				t.Errorf("one ended with: %s", refused.Log())
			}
		case <-late:
			t.Fatal("more than one of them live")
		}
	}
	for _, overseer := range overseers {
		select {
		case <-overseer.Done():
		default:
			r.overseer = overseer
		}
	}
	r.await("an answer", func() error {
		if _, status := r.try("list"); status != 0 {
			return errors.New("there is none")
		}
		return nil
	})
	r.run("certify", "www.example.test")
	r.wantOrders(0, 1)
	r.check()
}

// held lets an order wait before its first challenge until release is called.
func (r *rig) held() (reached <-chan struct{}, release func()) {
	arrived, free := make(chan struct{}), make(chan struct{})
	r.between.Before(lab.ClassChallenge, 1, func() bool {
		close(arrived)
		<-free
		return true
	})
	release = sync.OnceFunc(func() { close(free) })
	r.Cleanup(release)
	return arrived, release
}

func (r *rig) reach(reached <-chan struct{}) {
	r.Helper()
	select {
	case <-reached:
	case <-time.After(rigPatience):
		r.Fatal("nothing was ordered")
	}
}

// TestVerbsBesideTheOverseer is X05 and X06: whatever asks for a certificate that is
// being obtained waits for that, and orders none.
func TestVerbsBesideTheOverseer(t *testing.T) {
	t.Parallel()
	r := newRig(t).setup()
	r.manages("www.example.test")
	reached, release := r.held()
	r.start()
	r.reach(reached)
	type ended struct {
		output string
		status int
	}
	const many = 20
	answers := make(chan ended, many)
	for range many {
		go func() {
			output, status := r.try("certify", "www.example.test")
			answers <- ended{output, status}
		}()
	}
	if output, status := r.try("manage"); status != 1 || !strings.Contains(output, beside) { // does not wait for a certificate that another run has
		t.Errorf("manage: exit status %d\n%s", status, output)
	}
	release()
	for range many {
		if got := <-answers; got.status != 0 || !strings.Contains(got.output, "certificate: "+id) {
			t.Errorf("X06: exit status %d\n%s", got.status, got.output)
		}
	}
	r.wantOrders(0, 1)
	r.rest()
	r.check()
	r.checkTidy()
}

// TestReloadWhileAnOrderIsInTheWorks is X07: a name is added, removed and moved
// meanwhile.
func TestReloadWhileAnOrderIsInTheWorks(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what  string
		first []string
		then  []string
	}{
		{"X07 a name is added", []string{"www.example.test"}, []string{"www.example.test", "b.example.test"}},
		{"X07 a name is removed", []string{"www.example.test", "b.example.test"}, []string{"www.example.test"}},
		{"X07 a name is moved", []string{"www.example.test", "b.example.test"}, []string{"www.example.test", "c.example.test"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t).setup()
			r.manages(row.first...)
			reached, release := r.held()
			r.start()
			r.reach(reached)
			r.manages(row.then...)
			r.nudge()
			release()
			pass := r.slowly(31 * time.Second)
			r.await("a certificate for all the names", func() error {
				certificate := leaf(r.product())
				if certificate == nil {
					pass()
					return errors.New("there is none")
				}
				for _, name := range row.then {
					if certificate.VerifyHostname(name) != nil {
						pass()
						return fmt.Errorf("it has %q", certificate.DNSNames)
					}
				}
				return nil
			})
			if got := r.orders(); got > 2 {
				t.Errorf("got %d orders, want 2 at most", got)
			}
			r.rest()
			r.check()
			r.checkTidy()
		})
	}
}

// TestRecordIsDeletedWhileAnOrderIsInTheWorks is X08.
func TestRecordIsDeletedWhileAnOrderIsInTheWorks(t *testing.T) {
	t.Parallel()
	r := newRig(t).setup()
	r.manages("www.example.test")
	reached, release := r.held()
	r.start()
	r.reach(reached)
	if err := os.Remove(r.path("etc/certificates/" + id + ".toml")); err != nil {
		t.Fatal(err)
	}
	r.nudge()
	release()
	r.awaitLog(1, "run ended")
	r.nudge()
	r.rest()
	r.wantOrders(0, 1)
	r.check()
	r.stop()
	r.start()
	r.rest()
	r.wantOrders(0, 1)
	r.checkTidy()
}

// TestSignals is X09: a storm of SIGHUP does no harm, and SIGTERM at each moment of a
// run is the end, whatever the CA does, after which the same order goes on.
func TestSignals(t *testing.T) {
	t.Parallel()
	t.Run("X09 a storm of SIGHUP", func(t *testing.T) {
		t.Parallel()
		r := newRig(t).setup()
		r.manages("www.example.test")
		reached, release := r.held()
		r.start()
		r.reach(reached)
		for range 500 {
			r.signal(syscall.SIGHUP)
		}
		release()
		r.awaitNew("")
		r.nudge()
		r.rest()
		r.wantOrders(0, 1)
		r.check()
		r.checkTidy()
	})
	for _, class := range []lab.Class{lab.ClassDirectory, lab.ClassNewOrder, lab.ClassAuthz, lab.ClassChallenge, lab.ClassFinalize, lab.ClassCertificate, lab.ClassRenewalInfo} {
		t.Run("X09 SIGTERM at "+string(class), func(t *testing.T) {
			t.Parallel()
			r := newRig(t).setup()
			if class == lab.ClassRenewalInfo {
				r.run("certify", "www.example.test")
			}
			r.manages("www.example.test")
			ended := make(chan struct{})
			terminate := func() bool {
				<-ended // it does not wait for the CA
				return false
			}
			reached := make(chan struct{})
			r.between.Before(class, 1, func() bool { close(reached); return terminate() })
			r.start()
			r.await("the moment", func() error {
				select {
				case <-reached:
					return nil
				default:
				}
				if class == lab.ClassRenewalInfo { // is asked by a pass that comes when nothing else is done
					r.later(31 * time.Second)
				}
				return errors.New("it has not come")
			})
			r.stop()
			close(ended)
			r.start()
			r.awaitNew("")
			r.rest()
			most := 1
			if class == lab.ClassNewOrder { // nobody knows of the first
				most = 2
			}
			if got := r.orders(); got > most {
				t.Errorf("I3: got %d orders, want %d at most", got, most)
			}
			r.check()
			r.checkTidy()
		})
	}
}

// TestCopyOfWhatIsWritten is X11: copies that are made while renewals go on, file by
// file, are state directories that work.
func TestCopyOfWhatIsWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t).setup()
	r.run("certify", "www.example.test")
	r.start()
	var copies []string
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for number := 0; ; number++ {
			select {
			case <-stop:
				return
			default:
			}
			to := filepath.Join(r.dir, fmt.Sprint("copy", number%3))
			_ = os.RemoveAll(to)
			_ = exec.Command("cp", "-a", r.root, to).Run() // of files that vanish it complains
			if number < 3 {
				copies = append(copies, to)
			}
		}
	}()
	for range 4 {
		r.run("certify", "--force", "www.example.test")
	}
	close(stop)
	<-stopped
	r.check()
	r.stop()
	orders := r.orders()
	for _, restored := range copies {
		again := *r
		again.root = restored
		again.start()
		again.await("a certificate", func() error {
			if state := again.listed().State(again.clock.Now()); state != "valid" {
				return fmt.Errorf("it is %s", state)
			}
			return nil
		})
		again.nudge()
		again.rest()
		again.checkTidy()
		again.stop()
	}
	if got := r.orders() - orders; got > len(copies) {
		t.Errorf("got %d orders of %d copies", got, len(copies))
	}
	if got := strings.Count(r.pebble.Log(), " accounts in memory"); got != 1 {
		t.Errorf("I2: the CA has %d accounts", got)
	}
}

// TestNoLocks is X04: a file system that has no locks, as some file servers, is refused
// before anything is done there.
func TestNoLocks(t *testing.T) {
	t.Parallel()
	r := newRig(t).setup()
	for _, args := range [][]string{{"overseer"}, {"certify", "www.example.test"}} {
		r.refused(r.traced(injected{call: "flock", err: "ENOLCK"}, "", r.command(args[0], args[1:]...)), "lock state directory", "no locks available")
	}
	r.wantOrders(0, 0)
	r.run("certify", "www.example.test")
	r.check()
}
