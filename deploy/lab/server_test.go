package lab_test

import (
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// busybox is a web server without a configuration.
func busybox(dir, address string) *exec.Cmd {
	return exec.Command("/bin/busybox", "httpd", "-f", "-p", address, "-h", dir)
}

func TestServerListensWhenItIsStarted(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	server := lab.MustServer(t, lab.ServerOptions{Name: "busybox", Dir: dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		return nil, busybox(dir, lab.Loopback(ports[0])), nil
	}})
	conn, err := net.DialTimeout("tcp", lab.Loopback(server.Ports[0]), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", lab.Loopback(server.Ports[0])); err == nil {
		conn.Close()
		t.Error("after Stop: it still listens")
	}
}

// TestServerTakesOtherPorts is for the case that somebody takes the port between
// the look and the use, whether the server itself sees it or its check.
func TestServerTakesOtherPorts(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, row := range []struct {
		name  string
		check *exec.Cmd // of the first try
		first string    // address of the first try
	}{
		{"seen by the server", nil, taken.Addr().String()},
		{"seen by the check", exec.Command("/bin/sh", "-c", "echo bind: Address already in use >&2; exit 1"), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir, tries := lab.TempDir(t), 0
			lab.MustServer(t, lab.ServerOptions{Name: "busybox", Dir: dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
				if tries++; tries == 1 {
					return row.check, busybox(dir, row.first), nil
				}
				return nil, busybox(dir, lab.Loopback(ports[0])), nil
			}})
			if tries != 2 {
				t.Errorf("tries: got %d, want 2", tries)
			}
		})
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, want string
		prepare    func(ports []int) (check, run *exec.Cmd, err error)
	}{
		{"its configuration cannot be written", "configure broken: no room", func([]int) (check, run *exec.Cmd, err error) {
			return nil, nil, errors.New("no room")
		}},
		{"its check fails", "nonsense in line 3", func([]int) (check, run *exec.Cmd, err error) {
			return exec.Command("/bin/sh", "-c", "echo nonsense in line 3; exit 1"), exec.Command("/bin/true"), nil
		}},
		{"it ends", "no such thing", func([]int) (check, run *exec.Cmd, err error) {
			return nil, exec.Command("/bin/sh", "-c", "echo no such thing >&2; exit 1"), nil
		}},
		{"it is not there", "no such file", func([]int) (check, run *exec.Cmd, err error) {
			return nil, exec.Command("/nowhere/httpd"), nil
		}},
	} {
		_, err := lab.StartServer(t.Context(), lab.ServerOptions{Name: "broken", Dir: lab.TempDir(t), Ports: 1, Prepare: row.prepare})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

// TestServerIsAwaitedWhereItListens has one that never listens on 127.0.0.1.
func TestServerIsAwaitedWhereItListens(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	at := func(ports []int) []string { return []string{net.JoinHostPort("::1", strconv.Itoa(ports[0]))} }
	server := lab.MustServer(t, lab.ServerOptions{
		Name: "busybox", Dir: dir, Ports: 1, Listens: at,
		Prepare: func(ports []int) (check, run *exec.Cmd, err error) { return nil, busybox(dir, at(ports)[0]), nil },
	})
	conn, err := net.DialTimeout("tcp", at(server.Ports)[0], 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
