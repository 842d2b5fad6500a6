package main_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"wcme/deploy/fcgitest"
)

// maxMemory is what a FastCGI process may take at most, in KiB, whatever is sent
// to it (faults F05, F06, F10, F14).
const maxMemory = 64 << 10

// As much as can be open at once, each as large as it may be, and then some.
func TestFastCGIStaysSmall(t *testing.T) {
	d := startDaemon(t, "unix", 0, "WCME_ROOT="+pending(t))
	half := strings.Repeat("\x01\x01ab", 15000) // of the parameters that a request may have
	var conns []net.Conn
	for range 200 {
		conn, err := net.Dial("unix", d.path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	for id := 1; id <= 70; id++ {
		for _, conn := range conns[:8] {
			send(t, conn, fcgitest.Begin(id, 1, true), fcgitest.Record(4, id, half))
		}
	}
	for _, conn := range conns[100:] { // and some that are refused, and go on
		send(t, conn, fcgitest.Begin(1, 1, true), fcgitest.Record(4, 1, half), fcgitest.Record(4, 1, half), fcgitest.Record(4, 1, half))
	}
	if got := d.ask("/.well-known/acme-challenge/" + token); got != answered {
		t.Errorf("got %q", got)
	}
	got := d.memory()
	t.Logf("memory at its highest: %d KiB", got)
	if got > maxMemory {
		t.Errorf("memory at its highest: %d KiB, want at most %d", got, maxMemory)
	}
	for _, conn := range conns {
		conn.Close() // an end by SIGTERM waits for what is half sent
	}
	if status, _ := d.end(syscall.SIGTERM); status != 0 {
		t.Errorf("exit %d", status)
	}
}

func send(t *testing.T, conn net.Conn, records ...[]byte) {
	t.Helper()
	for _, record := range records {
		if _, err := conn.Write(record); err != nil {
			t.Fatal(err)
		}
	}
}

// memory is the most that was resident, in KiB.
func (d *daemon) memory() int {
	d.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.command.Process.Pid))
	if err != nil {
		d.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		d.Fatalf("no VmHWM in %s", text)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		d.Fatal(err)
	}
	return kib
}
