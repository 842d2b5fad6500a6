package faults_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// injected is a system call that fails whenever a verb makes it for a path.
type injected struct {
	what string
	call string // as strace calls it
	err  string
	path string // in the state directory, or TARGET; "" for all
	well bool   // nothing of what was asked for depends on it: exit status 0
}

// TestDiskRefusesAFile has one file, or one directory, after the other fail in the
// middle of a renewal. The verb after that, which meets no fault, has to come to the
// end with the same order.
func TestDiskRefusesAFile(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	target := r.mkdir("target")
	r.setup(rigTarget("target", target))
	r.run("certify", "www.example.test")
	r.watch(target)
	for _, row := range []injected{
		{what: "D03 the journal of the order", call: "renameat", err: "ENOSPC", path: "priv/orders/" + id + "/order.json"},
		{what: "D03 the key of the order", call: "renameat", err: "ENOSPC", path: "priv/orders/" + id + "/key.pem"},
		{what: "D03 the directory of the order", call: "mkdirat", err: "ENOSPC", path: "priv/orders/" + id},
		{what: "D03 the version", call: "renameat", err: "ENOSPC", path: "priv/certificates/" + id + "/current"},
		{what: "D03 the product", call: "renameat", err: "ENOSPC", path: "ssl/" + chain},
		{what: "D03 the target", call: "renameat", err: "ENOSPC", path: "TARGET"},
		{what: "D03 the standing", call: "renameat", err: "ENOSPC", path: "priv/standing/" + id + ".json", well: true},
		{what: "D03 what was told", call: "renameat", err: "ENOSPC", path: "priv/spool/told.json", well: true},
		{what: "D03 the audit log", call: "write", err: "ENOSPC", path: "log/audit.log", well: true},
		{what: "D04 every fsync", call: "fsync", err: "EIO"},
		{what: "D05 the directory of the order", call: "fsync", err: "EIO", path: "priv/orders/" + id},
		{what: "D05 the directory of versions", call: "fsync", err: "EIO", path: "priv/certificates/" + id},
		{what: "D05 the directory of products", call: "fsync", err: "EIO", path: "ssl"},
		{what: "D05 the target", call: "fsync", err: "EIO", path: "TARGET"},
		{what: "D09 a quota", call: "renameat", err: "EDQUOT", path: "priv/orders/" + id + "/key.pem"},
		{what: "D15 a file server that has forgotten", call: "renameat", err: "ESTALE", path: "ssl/" + chain},
	} {
		t.Run(row.what, func(t *testing.T) {
			r := *r
			r.T = t
			r.refuses(row, target)
		})
	}
}

// refuses renews with the fault, and then without.
func (r *rig) refuses(fault injected, target string) {
	before, orders := rigSerial(r.product()), r.orders()
	r.clock.Advance(75 * day)
	output, status := r.outcome(r.traced(fault, target, r.command("manage", "--now")))
	if (status == 0) != fault.well {
		r.Errorf("with the fault: exit status %d, well: %v\n%s", status, fault.well, output)
	}
	if !fault.well && !strings.Contains(output, rigWords()[fault.err]) {
		r.Errorf("nothing is said of %s:\n%s", fault.err, output)
	}
	r.check()
	r.clock.Advance(time.Minute)
	if output, status := r.try("manage", "--now"); status != 0 && status != nothingDue {
		r.Errorf("without the fault: exit status %d\n%s", status, output)
	}
	r.wantOrders(orders, 1)
	after := rigSerial(r.product())
	if after == before || after != rigSerial(filepath.Join(target, chain)) {
		r.Errorf("I5: got %q, after %q, and %q in the target", after, before, rigSerial(filepath.Join(target, chain)))
	}
	r.rest()
	if standing := r.read("priv/standing/" + id + ".json"); strings.Contains(standing, `"unserved"`) || strings.Contains(standing, `"failures"`) {
		r.Errorf("it is well, and what is remembered says no: %s", standing)
	}
	r.check()
	r.checkTidy()
}

// rigWords are what the errors are called.
func rigWords() map[string]string {
	return map[string]string{"ENOSPC": "no space left on device", "EIO": "input/output error", "EDQUOT": "disk quota exceeded", "ESTALE": "stale"}
}

// traced returns the command, run by strace, which makes the calls fail.
func (r *rig) traced(fault injected, target string, cmd *exec.Cmd) *exec.Cmd {
	r.Helper()
	args := []string{"strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace=" + fault.call, "-e", "inject=" + fault.call + ":error=" + fault.err}
	switch fault.path {
	case "":
	case "TARGET":
		args = append(args, "-P", target)
	default:
		args = append(args, "-P", r.path(fault.path))
	}
	path, err := exec.LookPath("strace")
	if err != nil {
		r.Fatal(err)
	}
	cmd.Path, cmd.Args = path, append(append(args, "--"), append([]string{r.programs.Wcme}, cmd.Args[1:]...)...)
	return cmd
}
