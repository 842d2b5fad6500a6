package main

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore/control"
	"wcme/acmecore/store"
	"wcme/deploy/lab"
)

// notified is systemd's end of NOTIFY_SOCKET.
type notified struct {
	testing.TB
	conn *net.UnixConn
}

func newNotified(t *testing.T, path string) *notified {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &notified{TB: t, conn: conn}
}

// next returns the next message.
func (n *notified) next() string {
	n.Helper()
	buffer := make([]byte, 4096)
	if err := n.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		n.Fatal(err)
	}
	size, err := n.conn.Read(buffer)
	if err != nil {
		n.Fatal(err)
	}
	return string(buffer[:size])
}

// await reads on to the first message that begins so, past those of the watchdog.
func (n *notified) await(beginning string) string {
	n.Helper()
	for {
		message := n.next()
		if strings.HasPrefix(message, beginning) {
			return message
		}
		if message != "WATCHDOG=1" {
			n.Fatalf("got %q, want %q", message, beginning)
		}
	}
}

// supervised starts an overseer under the eyes of a systemd.
func supervised(t *testing.T, variables ...string) (*notified, *lab.Process, string) {
	t.Helper()
	dir := lab.TempDir(t)
	systemd := newNotified(t, filepath.Join(dir, "notify"))
	root := filepath.Join(dir, "state")
	if _, err := store.Setup(root, nil); err != nil {
		t.Fatal(err)
	}
	cmd := lab.MustBuild(t).Command(context.Background(), root, "overseer")
	cmd.Env = append(cmd.Env, append(variables, "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))...)
	overseer, err := lab.Start(filepath.Join(dir, "log"), cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := overseer.Stop(); err != nil {
			t.Error(err)
		}
	})
	return systemd, overseer, root
}

func TestSystemdHearsOfEverything(t *testing.T) {
	t.Parallel()
	systemd, overseer, root := supervised(t, "WATCHDOG_USEC=400000")
	if got := systemd.next(); !strings.HasPrefix(got, "READY=1\n") {
		t.Errorf("first word: got %q, want READY=1", got)
	}
	if _, err := control.NewClient(lab.Socket(root)).List(t.Context()); err != nil {
		t.Errorf("it said to be ready, and answers %v", err)
	}
	for range 4 {
		if got := systemd.next(); got != "WATCHDOG=1" {
			t.Errorf("while it lives: got %q, want WATCHDOG=1", got)
		}
	}
	if err := syscall.Kill(overseer.PID(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	systemd.await("RELOADING=1\nMONOTONIC_USEC=")
	systemd.await("READY=1")
	systemd.await("WATCHDOG=1")
	if err := syscall.Kill(overseer.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	systemd.await("STOPPING=1")
	<-overseer.Done()
}

// TestSystemdHearsWithoutAWatchdog: then there is nothing between the first word
// and the last.
func TestSystemdHearsWithoutAWatchdog(t *testing.T) {
	t.Parallel()
	systemd, overseer, _ := supervised(t)
	systemd.await("READY=1")
	if err := syscall.Kill(overseer.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := systemd.next(); got != "STOPPING=1" {
		t.Errorf("got %q, want STOPPING=1", got)
	}
}

// TestAnOverseerThatNobodyCanReachIsNotReportedAlive: here its socket is gone.
func TestAnOverseerThatNobodyCanReachIsNotReportedAlive(t *testing.T) {
	t.Parallel()
	systemd, overseer, root := supervised(t, "WATCHDOG_USEC=400000")
	systemd.await("READY=1")
	aside := lab.Socket(root) + ".aside"
	if err := os.Rename(lab.Socket(root), aside); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := overseer.Await(ctx, logged(overseer, `msg="the overseer does not answer itself"`)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, lab.Socket(root)); err != nil {
		t.Fatal(err)
	}
	systemd.await("WATCHDOG=1")
}

// logged is a condition to await: the process has said so.
func logged(process *lab.Process, text string) func(context.Context) error {
	return func(context.Context) error {
		if strings.Contains(process.Log(), text) {
			return nil
		}
		return errors.New("it did not say " + text)
	}
}

// TestWatch has a clock of its own, and a liveness that comes and goes.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // of these two
		var said []string
		alive := errors.New("starting")
		s := &supervisor{watchdog: time.Minute, log: slog.New(slog.DiscardHandler), send: func(state string) error {
			mu.Lock()
			defer mu.Unlock()
			said = append(said, strings.Split(state, "\n")[0])
			return nil
		}}
		live := func(problem error) {
			mu.Lock()
			defer mu.Unlock()
			alive = problem
		}
		taken := func() (text string) {
			mu.Lock()
			defer mu.Unlock()
			text, said = strings.Join(said, " "), nil
			return text
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			s.watch(ctx, func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				return alive
			})
			close(ended)
		}()
		for _, row := range []struct {
			what    string
			problem error
			after   time.Duration
			want    string
		}{
			{"not up yet", errors.New("starting"), time.Hour, ""},
			{"up", nil, time.Second, "READY=1"},
			{"alive for two minutes", nil, 2 * time.Minute, "WATCHDOG=1 WATCHDOG=1 WATCHDOG=1 WATCHDOG=1"},
			{"stuck for an hour", errors.New("stuck"), time.Hour, ""},
			{"alive again", nil, 30 * time.Second, "WATCHDOG=1"},
		} {
			live(row.problem)
			time.Sleep(row.after)
			synctest.Wait()
			if got := taken(); got != row.want {
				t.Errorf("%s: got %q, want %q", row.what, got, row.want)
			}
		}
		cancel()
		<-ended
		if got := taken(); got != "STOPPING=1" {
			t.Errorf("in the end: got %q, want STOPPING=1", got)
		}
	})
}

// TestAnOverseerThatHangsIsNotAlive: the one here accepts, and says nothing.
func TestAnOverseerThatHangsIsNotAlive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(lab.TempDir(t), "hangs.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := answers(path)(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that its time is over", err)
	}
}

// TestALineForS6 gives the overseer the pipe that s6-supervise would.
func TestALineForS6(t *testing.T) {
	t.Parallel()
	root := filepath.Join(lab.TempDir(t), "state")
	if _, err := store.Setup(root, nil); err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cmd := lab.MustBuild(t).Command(context.Background(), root, "overseer", "--notify-fd", "3")
	cmd.ExtraFiles = []*os.File{writer}
	overseer, err := lab.Start(root+".log", cmd)
	if err = errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := overseer.Stop(); err != nil {
			t.Error(err)
		}
	}()
	lines := bufio.NewReader(reader)
	if line, err := lines.ReadString('\n'); err != nil || line != "\n" {
		t.Fatalf("got %q, %v; want an empty line\n%s", line, err, overseer.Log())
	}
	if _, err := control.NewClient(lab.Socket(root)).List(t.Context()); err != nil {
		t.Errorf("it said to be ready, and answers %v", err)
	}
	if line, err := lines.ReadString('\n'); err == nil || line != "" {
		t.Errorf("after the line: got %q, %v; want that it is closed", line, err)
	}
}
