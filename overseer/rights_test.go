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

func (c *counted) CheckDNS(context.Context, control.DNSRequest, acmecore.Progress) ([]acmecore.Trace, error) {
	return nil, c.called("write a record")
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

func (c *counted) Revoke(context.Context, control.RevokeRequest, acmecore.Progress) (acmecore.Certificate, error) {
	return acmecore.Certificate{}, c.called("revoke")
}

func (c *counted) AccountAtCA(context.Context, control.AccountAtCARequest, acmecore.Progress) (acmecore.Account, error) {
	return acmecore.Account{}, c.called("account")
}

func (c *counted) Remove(context.Context, control.RemoveRequest, acmecore.Progress) error {
	return c.called("remove")
}

func (c *counted) Rehearse(context.Context, control.CertifyRequest, acmecore.Progress) (acmecore.Rehearsal, error) {
	return acmecore.Rehearsal{Key: acmecore.EC256}, c.called("rehearse")
}

func (c *counted) Alive(context.Context) error { return c.called("alive") }

func (c *counted) Overview(context.Context, acmecore.Query) (acmecore.Overview, error) {
	return acmecore.Overview{}, c.called("overview")
}

func (c *counted) Details(context.Context, acmecore.ID) (acmecore.Details, error) {
	return acmecore.Details{}, c.called("details")
}

func (c *counted) Choices(context.Context) (acmecore.Choices, error) {
	return acmecore.Choices{}, c.called("choices")
}

func (c *counted) Begin(_ context.Context, task control.Task, key string) (acmecore.Job, error) {
	return acmecore.Job{ID: key}, c.called("begin " + string(task.Deed))
}

func (c *counted) Job(context.Context, string, int) (acmecore.Job, error) {
	return acmecore.Job{}, c.called("job")
}

func (c *counted) Runs(context.Context, acmecore.RunQuery) (acmecore.RunList, error) {
	return acmecore.RunList{}, c.called("runs")
}

func (c *counted) Run(context.Context, string) (acmecore.Run, error) {
	return acmecore.Run{}, c.called("run")
}

func (c *counted) Log(context.Context, acmecore.LogQuery) (acmecore.LogPage, error) {
	return acmecore.LogPage{}, c.called("log")
}

func (c *counted) Audit(context.Context, acmecore.AuditQuery) (acmecore.AuditPage, error) {
	return acmecore.AuditPage{}, c.called("audit")
}

// Status shows the configuration to those alone who may see it.
func (c *counted) Status(_ context.Context, configuration bool) (acmecore.Status, error) {
	if configuration {
		return acmecore.Status{}, c.called("status with the configuration")
	}
	return acmecore.Status{}, c.called("status")
}

func (c *counted) Metrics(context.Context) (string, error) { return "", c.called("metrics") }

// door admits a user for each role, who is called like it.
type door struct{}

func (door) Admit(_ context.Context, claim acmecore.Claim) (acmecore.Admission, error) {
	switch role := acmecore.Role(claim.User); {
	case role.May(acmecore.RoleView):
		return acmecore.Admission{User: claim.User, Role: role}, nil
	case claim.User == "":
		return acmecore.Admission{Refusal: acmecore.RefusedNobody}, nil
	}
	return acmecore.Admission{User: claim.User, Refusal: acmecore.RefusedRole}, nil
}

func (door) Spend(_ context.Context, claim acmecore.Claim, _ acmecore.Admission) (string, error) {
	if claim.Form != "token" {
		return "", &acmecore.Error{Kind: acmecore.Stale, Op: "take the form"}
	}
	return "number", nil
}

func (door) Account(context.Context, acmecore.Claim, acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	return acmecore.AccountAnswer{}, nil
}

// serveControl serves a socket for the group of the script until the test ends.
func serveControl(t *testing.T, path string, script, gid int) *counted {
	t.Helper()
	listener, err := control.Listen(path, gid)
	if err != nil {
		t.Fatal(err)
	}
	operations := new(counted)
	server := &control.Server{Operations: operations, Administration: operations, Access: door{}, Script: script, Log: slog.New(slog.DiscardHandler)}
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

// The operations that pages may ask for, by the role that they take; of all others none
// may be asked for by a page, and each one by root and the overseer's own user.
const (
	view    = "overview details job runs run log status metrics"
	operate = view + " choices begin to renew begin to check the load"
	admin   = operate + " begin to certify begin to revoke audit"
	nothing = ""
)

// everything is what the command line may ask for.
func everything() string {
	names := make([]string, 0, len(operations()))
	for _, request := range operations() {
		names = append(names, request.name)
	}
	return strings.Join(names, " ")
}

// rights is who may do what (DESIGN §5).
var rights = []struct {
	who      string
	uid      int
	onBehalf string
	want     string
}{
	{"root", 0, "", everything()},
	{"a page, as root, for an admin", 0, "admin", admin},
	{"a page, as root, for a stranger", 0, "mallory", nothing},
	{"a page for an admin", scriptUID, "admin", admin},
	{"a page for an operator", scriptUID, "operate", operate},
	{"a page for a viewer", scriptUID, "view", view},
	{"a page for a stranger", scriptUID, "mallory", nothing},
	{"the script, for nobody", scriptUID, "", nothing},
	{"a stranger", strangerUID, "", nothing},
	{"a stranger, for an admin", strangerUID, "admin", nothing},
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
		if got := c.rights(uid, socket, "admin", operation); got != nothing {
			t.Errorf("user %d: got %q, want nothing", uid, got)
		}
	}
	if got := c.rights(0, socket, "", operation); got != everything() {
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
	if got := c.rights(strangerUID, socket, "admin", operation); got != nothing {
		t.Errorf("a stranger: got %q, want nothing", got)
	}
	if got := c.rights(scriptUID, socket, "admin", operation); got != admin {
		t.Errorf("the script: got %q, want what an admin may", got)
	}
	output, err := c.command(strangerUID, "wcme", "list", "--root", c.dir).CombinedOutput()
	if exitStatus(err) == 0 {
		t.Errorf("a stranger's wcme list: got %s", output)
	}
}

// rights asks for each operation, and says which were done.
func (c *crowd) rights(uid int, socket, onBehalf string, operation *counted) string {
	c.Helper()
	var words []string
	for _, request := range operations() {
		answer := c.ask(uid, socket, onBehalf, request.name)
		switch done := operation.taken(); {
		case answer == "ok" && done == 1:
			words = append(words, request.name)
		case answer == string(acmecore.Denied) && done == 0:
		default:
			words = append(words, fmt.Sprintf("%s(%q,%d)", request.name, answer, done))
		}
	}
	return strings.Join(words, " ")
}

// TestRightsNeedAForm: nothing is begun by a page that has not shown its form.
func TestRightsNeedAForm(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	socket := filepath.Join(c.dir, "open.sock")
	operation := serveControl(t, socket, scriptUID, scriptUID)
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, request := range operations() {
		if !strings.HasPrefix(request.name, "begin ") {
			continue
		}
		if got := c.ask(scriptUID, socket, "admin", request.name+"-formless"); got != string(acmecore.Stale) || operation.taken() != 0 {
			t.Errorf("%s: got %q, want that the form is refused", request.name, got)
		}
	}
}

// TestConfigurationIsForAdmins, and for the command line.
func TestConfigurationIsForAdmins(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(lab.TempDir(t), "own.sock")
	operation := serveControl(t, socket, -1, -1)
	client := control.NewClient(socket)
	for _, row := range []struct{ role, want string }{
		{"view", "status"}, {"operate", "status"}, {"admin", "status with the configuration"}, {"", "status with the configuration"},
	} {
		ctx := t.Context()
		if row.role != "" {
			ctx = control.WithClaim(ctx, acmecore.Claim{User: row.role})
		}
		if _, err := client.Status(ctx, true); err != nil {
			t.Errorf("%s: %v", row.role, err)
		}
		if got := operation.takenNames(); !slices.Equal(got, []string{row.want}) {
			t.Errorf("%s: got %q, want %q", row.role, got, row.want)
		}
	}
}

// TestRightsOfOneself needs no other user: whoever runs the overseer may do
// everything.
func TestRightsOfOneself(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(lab.TempDir(t), "own.sock")
	operation := serveControl(t, socket, -1, -1)
	client := control.NewClient(socket)
	for _, request := range operations() {
		if err := request.ask(t.Context(), client); err != nil || operation.taken() != 1 {
			t.Errorf("%s: got %v, want that it is done", request.name, err)
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
		if got := c.ask(row.uid, socket, "", "list"); got != row.want {
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
