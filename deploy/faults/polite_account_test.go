package faults_test

import (
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// politeSwitch is an address that leads to one CA and then to another: one that has
// lost all that it knew.
type politeSwitch struct {
	mu sync.Mutex
	to string
}

func (s *politeSwitch) lead(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
}

// carry passes connections on until the test ends.
func (s *politeSwitch) carry(t *testing.T) (address string) {
	t.Helper()
	return s.carryAt(t, lab.Loopback(0))
}

// carryAt does so at an address of this host.
func (s *politeSwitch) carryAt(t *testing.T, at string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			carrying.Go(func() { s.pass(conn) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		carrying.Wait()
	})
	return listener.Addr().String()
}

func (s *politeSwitch) pass(from net.Conn) {
	defer from.Close()
	s.mu.Lock()
	address := s.to
	s.mu.Unlock()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(from, to)
		_ = from.Close()
	})
	_, _ = io.Copy(to, from)
	_ = to.Close()
	answers.Wait()
}

// TestPoliteToAForgetfulCA is N20: the CA does not know the account any more. The key
// that there is is registered again, once, and all goes on.
func TestPoliteToAForgetfulCA(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, lab.PebbleOptions{AlwaysValid: true})
	other := lab.MustPebble(t, a.programs, lab.PebbleOptions{Dir: lab.TempDir(t), AlwaysValid: true, Profiles: map[string]time.Duration{"ninety": 90 * day}})
	forgetful := lab.MustBetween(t, other)
	address := func(directory string) string {
		return strings.TrimSuffix(strings.TrimPrefix(directory, "https://"), "/dir")
	}
	var way politeSwitch
	way.lead(address(a.between.Directory))
	a.directory = "https://" + way.carry(t) + "/dir"
	a.roots = filepath.Join(lab.TempDir(t), "roots.pem")
	o := &office{T: t}
	o.write(a.roots, o.read(a.between.Roots)+o.read(forgetful.Roots))
	o = newOffice(t, officeOptions{authority: a})
	o.manage("www0.example.test", "www1.example.test", "www2.example.test")
	o.start()
	o.awaitTold("", acmecore.EventRenewed, 3)
	o.awaitSaid("run ended", 1)
	o.awaitDelivered() // a kill before would repeat the message
	keys := politeKeys(o)
	before := o.listed()

	o.kill() // with its connections
	way.lead(address(forgetful.Directory))
	o.start()
	o.clock.Set(before[0].Renewal.At.Add(time.Hour))
	o.nudge()
	o.tried()
	for i, c := range o.listed() {
		if c.Trouble != "" || c.Serial == before[i].Serial {
			t.Errorf("got %+v, want it renewed", c)
		}
	}
	if got := forgetful.Count(lab.ClassNewAccount); got != 1 {
		t.Errorf("registrations: got %d, want 1", got)
	}
	if got := forgetful.Count(lab.ClassNewOrder); got > 2*len(before) {
		t.Errorf("orders: got %d, want two for each certificate at most", got)
	}
	if got := politeKeys(o); !slices.Equal(got, keys) {
		t.Errorf("the account's key is another one: got %q, want %q", got, keys)
	}
	o.awaitTold("", acmecore.EventRenewed, 2*len(before))
	if got := o.told("", acmecore.EventFailed); got != 0 {
		t.Errorf("mails that say failed: got %d, want none", got)
	}
	orders := forgetful.Count(lab.ClassNewOrder)
	o.run("certify", "www0.example.test", "--force")
	if got, again := forgetful.Count(lab.ClassNewAccount), forgetful.Count(lab.ClassNewOrder); got != 1 || again != orders+1 {
		t.Errorf("the next order: got %d registrations and %d orders more, want 1 and 1", got, again-orders)
	}
	if audit := o.read(filepath.Join(o.root, "log", "audit.log")); strings.Count(audit, "register") != 2 {
		t.Errorf("the audit does not have both registrations:\n%s", audit)
	}
}

// politeKeys are the different account keys that are kept.
func politeKeys(o *office) (keys []string) {
	o.Helper()
	paths, err := filepath.Glob(filepath.Join(o.root, "priv", "accounts", "*", "*", "key.pem"))
	if err != nil || len(paths) == 0 {
		o.Fatalf("there is no account key: %v", err)
	}
	for _, path := range paths {
		keys = append(keys, o.read(path))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
