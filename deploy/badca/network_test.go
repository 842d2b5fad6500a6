package badca_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// moment is when a connection goes bad: after the answer to a request of a class, which
// is the last one before what the case is about.
type moment struct {
	class  badca.Class
	status string // of that answer; "" for any
}

// before are the moments just before a request of each class; a directory is asked for
// first.
var before = map[badca.Class]moment{
	lab.ClassNewNonce:    {lab.ClassDirectory, ""},
	lab.ClassNewAccount:  {lab.ClassNewNonce, ""},
	lab.ClassNewOrder:    {lab.ClassNewNonce, ""},
	lab.ClassAuthz:       {lab.ClassNewOrder, ""},
	lab.ClassChallenge:   {lab.ClassAuthz, "pending"},
	lab.ClassOrder:       {lab.ClassAuthz, "valid"},
	lab.ClassFinalize:    {lab.ClassOrder, "ready"},
	lab.ClassCertificate: {lab.ClassOrder, "valid"},
	badca.ClassRevoke:    {lab.ClassNewNonce, ""},
	lab.ClassRenewalInfo: {lab.ClassDirectory, ""},
}

// late is what comes of a CA that does not answer.
var late = unreachable(fmt.Sprintf("no answer within %g s", shortPatience.Seconds()))

// TestConnections is N01, N02 and N05: no connection comes to the request.
func TestConnections(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		id   string
		mode badca.Mode
		want want
	}{
		{"N01 it is reset", badca.Closed, unreachable("the connection was cut")},
		{"N02 it is not taken", badca.Unheard, late},
		{"N05 signed by itself", badca.Imposture, unreachable("not trusted")},
		{"N05 expired", badca.Expired, unreachable("not trusted")},
		{"N05 for another host", badca.WrongHost, unreachable("not trusted")},
		{"N05 TLS 1.1", badca.OldTLS, unreachable("protocol version")},
		{"N05 cut handshake", badca.CutHandshake, unreachable("the connection was cut")},
	} {
		t.Run(f.id, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, lab.PebbleOptions{})
			if f.want == late {
				r.patience = shortPatience
			}
			for _, class := range classes {
				cases.n.Add(1)
				t.Run(string(class), func(t *testing.T) {
					if class == lab.ClassDirectory {
						r.attemptsAfter(t, class, f.want, func() { r.ca.Turn(f.mode) })
						return
					}
					at := before[class]
					r.attempts(t, class, f.want, badca.Rule{Class: at.class, Action: badca.Then(f.mode, at.status)})
				})
			}
		})
	}
}

// TestInterruptions is N02, N03 and N12: a request is heard, and its answer does not
// come, or not whole.
func TestInterruptions(t *testing.T) {
	t.Parallel()
	cut := unreachable("the connection was cut")
	for _, f := range []fault{
		{id: "N02 nobody answers", action: badca.Silent, want: late},
		{id: "N03 reset", action: badca.Cut, want: cut},
		{id: "N03 reset in the body", action: badca.CutBody, want: cut, at: map[badca.Class]want{
			lab.ClassChallenge: issued, lab.ClassFinalize: issued, // the CA has heard, as the next look shows
		}},
		{id: "N03 reset once", action: badca.Cut, count: 1, want: issued, at: map[badca.Class]want{
			lab.ClassDirectory: cut, lab.ClassNewAccount: cut, lab.ClassNewOrder: cut, badca.ClassRevoke: cut,
		}},
		{id: "N12 slow head", action: badca.SlowHead, want: late},
		{id: "N12 slow body", action: badca.SlowBody, want: late, at: map[badca.Class]want{
			lab.ClassNewNonce: unreachable("it has no usable nonce"), // which is asked for with HEAD: there is no body
		}},
	} {
		t.Run(f.id, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, lab.PebbleOptions{})
			if f.want == late {
				r.patience = shortPatience
			}
			f.run(t, r, &cases.n)
		})
	}
}

// cases are counted while they run.
var cases tally

// atOnce is how many tests run at a time, whatever the machine: they wait most of the time.
const atOnce = "8"

// TestMain tells how many there were. State is in memory where the system has such a
// place: each case makes some, and each write of it waits for the disk.
func TestMain(m *testing.M) {
	flag.Parse()
	err := flag.Set("test.parallel", atOnce)
	dir, none := os.MkdirTemp("/dev/shm", "badca-")
	if none == nil {
		err = errors.Join(err, os.Setenv("TMPDIR", dir))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	status := m.Run()
	if none == nil {
		_ = os.RemoveAll(dir) // which is empty but for what a test that has failed may have left
	}
	fmt.Printf("N: %d cases, P: %d cases\n", cases.n.Load(), cases.p.Load())
	os.Exit(status)
}
