package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// counted are operations that succeed, and remember their names.
type counted struct {
	mu    sync.Mutex
	calls []string
}

func (c *counted) called(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, name)
	return nil
}

// taken returns how many there were since the last time.
func (c *counted) taken() int { return len(c.takenNames()) }

func (c *counted) takenNames() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

// takenFor leaves out what the server has asked for itself: what is managed, where
// only that may be checked.
func (c *counted) takenFor(operation string) int {
	calls := c.takenNames()
	if operation != "list" {
		calls = slices.DeleteFunc(calls, func(name string) bool { return name == "list" })
	}
	return len(calls)
}

func (c *counted) List(context.Context) ([]acmecore.Certificate, error) {
	return []acmecore.Certificate{{ID: "managed", Names: []acmecore.Name{"managed.example.test"}}}, c.called("list")
}

func (c *counted) Certify(context.Context, control.CertifyRequest, acmecore.Progress) (acmecore.Certificate, error) {
	return acmecore.Certificate{}, c.called("certify")
}

func (c *counted) Register(context.Context, control.RegisterRequest, acmecore.Progress) (acmecore.Account, error) {
	return acmecore.Account{}, c.called("register")
}

func (c *counted) CheckCA(context.Context, string) (acmecore.Authority, error) {
	return acmecore.Authority{}, c.called("check")
}

func (c *counted) CheckChallenge(context.Context, control.ChallengeRequest, acmecore.Progress) ([]acmecore.Reach, error) {
	return nil, c.called("probe")
}

func (c *counted) Manage(context.Context, control.ManageRequest, acmecore.Progress) (acmecore.Run, error) {
	return acmecore.Run{}, c.called("manage")
}

func (c *counted) Restore(context.Context, control.RestoreRequest, acmecore.Progress) (acmecore.Certificate, error) {
	return acmecore.Certificate{}, c.called("restore")
}

func (c *counted) CheckServed(context.Context, []acmecore.ID, acmecore.Progress) ([]acmecore.Presence, error) {
	return nil, c.called("check served")
}

func (c *counted) CheckLoad(context.Context, string, acmecore.Progress) ([]acmecore.LoadResult, error) {
	return nil, c.called("check load")
}

func (c *counted) CheckReport(context.Context, control.ReportWay, acmecore.Progress) error {
	return c.called("check report")
}

func (c *counted) Alive(context.Context) error { return c.called("alive") }

// serveControl serves a socket for the group of the script until the test ends.
func serveControl(t *testing.T, path string, script, gid int) *counted {
	t.Helper()
	listener, err := control.Listen(path, gid)
	if err != nil {
		t.Fatal(err)
	}
	operations := new(counted)
	server := &control.Server{Operations: operations, Script: script, Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return operations
}

// The rights, a word for each of operations(), in their order: of whoever may do
// everything, of the script for a user who has signed in, and of all others.
const (
	allRights  = "yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes"
	readRights = "yes no no no no no no no no no no yes yes no no no"
	noRights   = "no no no no no no no no no no no no no no no no"
)

// rights is who may do what (DESIGN §5).
var rights = []struct {
	who      string
	uid      int
	onBehalf string
	want     string
}{
	{"root", 0, "", allRights},
	{"root, on behalf of somebody", 0, "admin", allRights},
	{"the script, on behalf of a user", scriptUID, "admin", readRights},
	{"the script, on behalf of nobody", scriptUID, "", noRights},
	{"a stranger", strangerUID, "", noRights},
	{"a stranger, on behalf of a user", strangerUID, "admin", noRights},
}

// TestRights asks as each user. The socket is open to everybody here, so that it
// is the kernel's word on who asks that decides.
func TestRights(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	socket := filepath.Join(c.dir, "open.sock")
	operation := serveControl(t, socket, scriptUID, scriptUID)
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, row := range rights {
		if got := c.rights(row.uid, socket, row.onBehalf, operation); got != row.want {
			t.Errorf("%s: got %q, want %q", row.who, got, row.want)
		}
	}
}

// TestRightsWithoutScript: no user but root has any.
func TestRightsWithoutScript(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	socket := filepath.Join(c.dir, "open.sock")
	operation := serveControl(t, socket, -1, -1)
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []int{scriptUID, strangerUID, 65534} {
		if got := c.rights(uid, socket, "admin", operation); got != noRights {
			t.Errorf("user %d: got %q, want nothing", uid, got)
		}
	}
	if got := c.rights(0, socket, "", operation); got != allRights {
		t.Errorf("root: got %q, want everything", got)
	}
}

// TestRightsOfStrangersEndAtTheSocket: its mode already keeps them out.
func TestRightsOfStrangersEndAtTheSocket(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	socket := filepath.Join(c.dir, "closed.sock")
	operation := serveControl(t, socket, scriptUID, scriptUID)
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o660 || info.Sys().(*syscall.Stat_t).Gid != scriptUID {
		t.Errorf("socket: got %v of group %d, %v", info.Mode(), info.Sys().(*syscall.Stat_t).Gid, err)
	}
	if got := c.rights(strangerUID, socket, "admin", operation); got != noRights {
		t.Errorf("a stranger: got %q, want nothing", got)
	}
	if got := c.rights(scriptUID, socket, "admin", operation); got != readRights {
		t.Errorf("the script: got %q, want to list", got)
	}
	output, err := c.command(strangerUID, "wcme", "list", "--root", c.dir).CombinedOutput()
	if exitStatus(err) == 0 {
		t.Errorf("a stranger's wcme list: got %s", output)
	}
}

// rights asks for each operation, and says whether it was done.
func (c *crowd) rights(uid int, socket, onBehalf string, operation *counted) string {
	c.Helper()
	words := make([]string, 0, len(operations()))
	for _, name := range operations() {
		answer := c.ask(uid, socket, onBehalf, name)
		switch done := operation.takenFor(name); {
		case answer == "ok" && done == 1:
			words = append(words, "yes")
		case answer == string(acmecore.Denied) && done == 0:
			words = append(words, "no")
		default:
			words = append(words, fmt.Sprintf("%s(%q,%d)", name, answer, done))
		}
	}
	return strings.Join(words, " ")
}

// TestRightsOfOneself needs no other user: whoever runs the overseer may do
// everything.
func TestRightsOfOneself(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(lab.TempDir(t), "own.sock")
	operation := serveControl(t, socket, -1, -1)
	client := control.NewClient(socket)
	for _, name := range operations() {
		if err := askFor(t.Context(), client, name); err != nil || operation.taken() != 1 {
			t.Errorf("%s: got %v, want that it is done", name, err)
		}
	}
}

// TestRightsOfAnOverseerWithAUserOfItsOwn runs everything as a user other than root, who may
// not give the socket to the script's group.
func TestRightsOfAnOverseerWithAUserOfItsOwn(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	home := filepath.Join(c.dir, "home")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, overseerUID, overseerUID); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(home, "state")
	if output, err := c.command(overseerUID, "wcme", "setup", "--root", root, "--web-user", "nobody").CombinedOutput(); err != nil {
		t.Fatalf("setup: %v\n%s", err, output)
	}
	var said strings.Builder
	overseer := c.command(overseerUID, "wcme", "overseer", "--root", root)
	overseer.Stderr = &said
	if err := overseer.Start(); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(root, "overseer.sock")
	awaitSocket(t, socket)
	for _, row := range []struct {
		who  string
		uid  int
		want string
	}{
		{"root", 0, "ok"},
		{"its own user", overseerUID, "ok"},
		{"the script's user", 65534, "denied"},
		{"a stranger", strangerUID, "denied"},
	} {
		if got := c.ask(row.uid, socket, "admin", "list"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.who, got, row.want)
		}
	}
	// Another user's command line says why it cannot.
	output, err := c.command(strangerUID, "wcme", "list", "--root", root).CombinedOutput()
	for _, want := range []string{"error: ask the overseer at " + socket, "permission denied", "hint: "} {
		if exitStatus(err) != exitFailed || !strings.Contains(string(output), want) {
			t.Errorf("a stranger's wcme list: got status %d and %q, want %q", exitStatus(err), output, want)
		}
	}
	if err := overseer.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := overseer.Wait(); err != nil {
		t.Errorf("overseer: %v", err)
	}
	if want := `level=WARN msg="the web server's user cannot reach the socket`; !strings.Contains(said.String(), want) {
		t.Errorf("log: got %s, want %s", said.String(), want)
	}
	// Nor may another user read the state directory without it.
	if output, err := c.command(strangerUID, "wcme", "list", "--root", root).CombinedOutput(); exitStatus(err) != exitFailed ||
		!strings.Contains(string(output), "run wcme as root, or as the user that owns the directory") {
		t.Errorf("a stranger's wcme list without an overseer: got %v, %s", err, output)
	}
}
