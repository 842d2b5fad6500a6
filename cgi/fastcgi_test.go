package main_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore/challenge"
	"wcme/deploy/fcgitest"
)

// daemon is the script, started as a FastCGI process on a socket.
type daemon struct {
	testing.TB
	path    string
	command *exec.Cmd
	stderr  *bytes.Buffer // read it after the end
}

// startDaemon hands the socket over as that descriptor: 0 as spawn-fcgi and
// mod_fcgid do, or 3 as systemd does.
func startDaemon(t testing.TB, network string, descriptor int, environ ...string) *daemon {
	t.Helper()
	d := &daemon{TB: t, path: filepath.Join(t.TempDir(), "s"), stderr: new(bytes.Buffer)}
	address := d.path
	if network == "tcp" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if unix, ok := listener.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false)
	}
	file, err := listener.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d.command = exec.Command(os.Getenv("WCME_TEST_SCRIPT"))
	d.command.Env, d.command.Stderr = environ, d.stderr
	if descriptor == 0 {
		d.command.Stdin = file
	} else {
		// LISTEN_PID is the number of a process that has to exist before it is known.
		d.command = exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Getenv("WCME_TEST_SCRIPT"))
		d.command.Env, d.command.Stderr = append(environ, "LISTEN_FDS=1"), d.stderr
		d.command.ExtraFiles = []*os.File{file}
	}
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.command.Process.Kill()
		d.command.Wait()
	})
	return d
}

// ask sends one request and reads its answer.
func (d *daemon) ask(path string) (stdout string) {
	d.Helper()
	conn, err := net.Dial("unix", d.path)
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	pairs := append(fcgitest.Usual(), [2]string{"SCRIPT_NAME", path})
	if _, err := conn.Write(fcgitest.Whole(1, false, pairs, "")); err != nil {
		d.Fatal(err)
	}
	stdout, _, err = fcgitest.Answer(conn, 1)
	if err != nil {
		d.Fatal(err)
	}
	return stdout
}

// end sends the signal and returns the exit status and what was said.
func (d *daemon) end(signal os.Signal) (status int, stderr string) {
	d.Helper()
	if err := d.command.Process.Signal(signal); err != nil {
		d.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { d.command.Process.Kill() })
	defer late.Stop()
	d.command.Wait()
	return d.command.ProcessState.ExitCode(), d.stderr.String()
}

// This is F20: each way to be started, and each signal to be ended by.
func TestFastCGIStartsAndEnds(t *testing.T) {
	root := "WCME_ROOT=" + pending(t)
	for _, row := range []struct {
		name       string
		descriptor int
		signal     os.Signal
	}{
		{"descriptor 0, SIGTERM", 0, syscall.SIGTERM},
		{"descriptor 0, SIGUSR1", 0, syscall.SIGUSR1},
		{"systemd, SIGTERM", 3, syscall.SIGTERM},
		{"systemd, SIGINT", 3, syscall.SIGINT},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := startDaemon(t, "unix", row.descriptor, root)
			for range 3 {
				if got := d.ask("/.well-known/acme-challenge/" + token); got != answered {
					t.Errorf("got %q", got)
				}
			}
			if got := d.ask("/cgi-bin/wcme/admin/list"); !strings.HasPrefix(got, "Status: 503 ") {
				t.Errorf("the list: got %q", got)
			}
			if status, stderr := d.end(row.signal); status != 0 || stderr != "" {
				t.Errorf("exit %d, stderr %q", status, stderr)
			}
		})
	}
}

// A request cannot say where the state directory is: that is the process's.
func TestFastCGIRequestSetsNoDirectory(t *testing.T) {
	d := startDaemon(t, "unix", 0, "WCME_ROOT="+pending(t))
	conn, err := net.Dial("unix", d.path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	pairs := append(fcgitest.Usual(), [2]string{"SCRIPT_NAME", "/.well-known/acme-challenge/" + token},
		[2]string{"WCME_ROOT", "/etc"}, [2]string{"WCME_SOCKET", "/etc/passwd"})
	if _, err := conn.Write(fcgitest.Whole(1, false, pairs, "")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := fcgitest.Answer(conn, 1); err != nil || got != answered {
		t.Errorf("got %q and %v", got, err)
	}
}

// What is not pending here may be pending elsewhere: the settings are read anew
// for each question, also by a process that answers many.
func TestFastCGILooksElsewhere(t *testing.T) {
	root := pending(t)
	d := startDaemon(t, "unix", 0, "WCME_ROOT="+root)
	const other = "dGhlIHRva2VuIG9mIGFub3RoZXIgY2xpZW50ICEhISE"
	if got := d.ask("/.well-known/acme-challenge/" + other); !strings.HasPrefix(got, "Status: 404 ") {
		t.Errorf("before: got %q", got)
	}
	fallback := t.TempDir()
	want := other + authorization[strings.Index(authorization, "."):]
	if err := os.WriteFile(filepath.Join(fallback, other), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := challenge.Directory(filepath.Join(root, "www")).PublishSettings(challenge.Settings{Fallback: []string{fallback}}); err != nil {
		t.Fatal(err)
	}
	if got := d.ask("/.well-known/acme-challenge/" + other); !strings.HasSuffix(got, "\r\n\r\n"+want) {
		t.Errorf("after: got %q", got)
	}
}

func TestFastCGIRefusesTCP(t *testing.T) {
	d := startDaemon(t, "tcp", 0)
	d.command.Wait()
	if got := d.stderr.String(); d.command.ProcessState.ExitCode() != 2 || !strings.Contains(got, "error: descriptor 0 listens on tcp 127.0.0.1") ||
		!strings.Contains(got, "hint: ") {
		t.Errorf("exit %d, %q", d.command.ProcessState.ExitCode(), got)
	}
}

func TestFastCGIWarnsOfAnOpenSocket(t *testing.T) {
	for mask, warned := range map[int]bool{0: true, 0o007: false} {
		before := syscall.Umask(mask)
		d := startDaemon(t, "unix", 0, "WCME_ROOT="+pending(t))
		syscall.Umask(before)
		d.ask("/")
		if _, stderr := d.end(syscall.SIGTERM); strings.Contains(stderr, "every user of this host") != warned {
			t.Errorf("umask %03o: stderr %q", mask, stderr)
		}
	}
}

// What systemd announced to another process is not ours.
func TestFastCGIIgnoresSocketsOfOthers(t *testing.T) {
	got := start(t, []string{"LISTEN_FDS=1", fmt.Sprintf("LISTEN_PID=%d", os.Getpid())}, nil)
	if got.status != 2 || !strings.Contains(got.stderr, "This is wCME's script") {
		t.Errorf("%+v", got)
	}
}
