package faults_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// reportApart is a shell's text that runs a program on a host where /dev/log is the
// socket of the directory that is given first, and where there is no journal.
const reportApart = `set -e
mkdir "$1/dev"
mount -t tmpfs none "$1/dev"
for device in null zero random urandom; do : >"$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
ln -s "$1/log" "$1/dev/log"
mount --rbind "$1/dev" /dev
test ! -d /run/systemd || mount -t tmpfs none /run/systemd
shift
exec "$@"`

// reportConsole is a system log that keeps what it is told.
func reportConsole(t *testing.T, path string) (*net.UnixConn, <-chan string) {
	t.Helper()
	console, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for buffer := make([]byte, 4096); ; {
			n, err := console.Read(buffer)
			if err != nil {
				return
			}
			lines <- string(buffer[:n])
		}
	}()
	return console, lines
}

// TestRightsReportToTheConsole is M09 for the system log: absent, there, full, and
// started again. Nobody waits for it, and that it takes nothing is said once.
func TestRightsReportToTheConsole(t *testing.T) {
	t.Parallel()
	o := newOffice(t, officeOptions{env: []string{"WCME_OPCOM=daemon"}})
	dir := lab.TempDir(t)
	o.through = []string{"unshare", "--mount", "/bin/sh", "-c", reportApart, "sh", dir}
	o.start()
	renew := func() {
		t.Helper()
		o.run("certify", "www.example.test", "--force")
	}
	const silent, again = "the operator console takes no lines", "the operator console takes lines again"
	said := func(what, text string, times int) {
		t.Helper()
		if got := strings.Count(o.log(), text); got != times {
			t.Errorf("M09 %s: it was said %d times, want %d: %s", what, got, times, text)
		}
	}
	heard := func(what string, lines <-chan string) {
		t.Helper()
		select {
		case line := <-lines:
			if !strings.HasPrefix(line, "<30>") || !strings.Contains(line, " wcme[") || !strings.Contains(line, ": "+string(reportID)+" renewed") {
				t.Errorf("M09 %s: got %q", what, line)
			}
		case <-time.After(officePatience):
			t.Errorf("M09 %s: no line came", what)
		}
	}
	renew()
	renew()
	said("absent", silent, 1)

	path := filepath.Join(dir, "log")
	console, lines := reportConsole(t, path)
	renew()
	heard("there", lines)
	said("there", again, 1)

	if err := errors.Join(console.Close(), os.Remove(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	full := reportFull(t, path)
	renew()
	renew()
	said("full", silent, 2)

	if err := errors.Join(full.Close(), os.Remove(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	console, lines = reportConsole(t, path)
	defer console.Close()
	renew()
	heard("restarted", lines)
	said("restarted", again, 2)
	o.awaitTold(reportID, acmecore.EventRenewed, 6)
}

// reportFull is a system log that reads nothing, and has as much as it can hold.
func reportFull(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	address := &net.UnixAddr{Name: path, Net: "unixgram"}
	full, err := net.ListenUnixgram("unixgram", address)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := net.DialUnix("unixgram", nil, address)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	raw, err := writer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var said error // by a system that is not to wait
	err = raw.Write(func(fd uintptr) bool {
		for said == nil {
			_, said = syscall.Write(int(fd), []byte("full"))
		}
		return true
	})
	if err != nil || !errors.Is(said, syscall.EAGAIN) {
		t.Fatal(err, said)
	}
	return full
}
