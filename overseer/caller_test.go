package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// TestTheWatchdogAsksForNothingThatTakesTime, however much is managed.
func TestTheWatchdogAsksForNothingThatTakesTime(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(lab.TempDir(t), "overseer.sock")
	operations := serveControl(t, socket, -1, -1)
	if err := answers(socket)(t.Context()); err != nil {
		t.Error(err)
	}
	if got := operations.takenNames(); !slices.Equal(got, []string{"alive"}) {
		t.Errorf("it asked for %q", got)
	}
}

// witness is counted, and remembers who asked, and who was refused.
type witness struct {
	counted
	mu      sync.Mutex
	callers []string
	refused []string
}

func (w *witness) Overview(ctx context.Context, _ acmecore.Query) (acmecore.Overview, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.callers = append(w.callers, control.CallerFrom(ctx))
	return acmecore.Overview{}, nil
}

func (w *witness) refuse(who, path, reason string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, who+"|"+path+"|"+reason)
	return true
}

// taken returns who was refused since the last time.
func (w *witness) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	refused := w.refused
	w.refused = nil
	return refused
}

// everybody is admitted, and may look.
type everybody struct{ door }

func (everybody) Admit(_ context.Context, claim acmecore.Claim) (acmecore.Admission, error) {
	return acmecore.Admission{User: claim.User, Role: acmecore.RoleView}, nil
}

func (w *witness) serve(t *testing.T, path string, script int) {
	t.Helper()
	listener, err := control.Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	server := &control.Server{Operations: w, Administration: w, Access: everybody{}, Script: script, Log: slog.New(slog.DiscardHandler), Refused: w.refuse}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestWhoAsksIsTheKernelsWordAndTheUserBesideIt, also where root asks for somebody.
func TestWhoAsksIsTheKernelsWordAndTheUserBesideIt(t *testing.T) {
	t.Parallel()
	socket, w := filepath.Join(lab.TempDir(t), "overseer.sock"), new(witness)
	w.serve(t, socket, -1)
	own := fmt.Sprintf("uid %d", os.Geteuid())
	for _, user := range []string{"", "alice", "a\tb"} {
		ctx := t.Context()
		if user != "" {
			ctx = control.WithClaim(ctx, acmecore.Claim{User: user})
		}
		if _, err := control.NewClient(socket).Overview(ctx, acmecore.Query{}); err != nil {
			t.Errorf("%q: %v", user, err)
		}
	}
	if want := []string{own, "user alice (" + own + ")", `user "a b" (` + own + ")"}; !slices.Equal(w.callers, want) {
		t.Errorf("got %q, want %q", w.callers, want)
	}
	if got := w.taken(); len(got) > 0 {
		t.Errorf("refused: got %q, want none", got)
	}
}

// TestRightsRefusedAreTold, with who asked and for what.
func TestRightsRefusedAreTold(t *testing.T) {
	t.Parallel()
	c, w := newCrowd(t), new(witness)
	socket := filepath.Join(c.dir, "open.sock")
	w.serve(t, socket, scriptUID)
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		uid                   int
		onBehalf, asks, wants string
	}{
		{strangerUID, "", "list", "uid 4802|/1/certificates|ask the overseer: this user is neither root nor the one of [script] user in wcme.toml"},
		{scriptUID, "", "overview", "uid 4801|/1/overview|ask the overseer: the script asks for nobody"},
		{scriptUID, "alice", "certify", "a visitor named alice (uid 4801)|/1/certify|ask the overseer: the pages may not do this"},
		{scriptUID, "alice", "audit", `user alice (uid 4801)|/1/audit|ask the overseer: alice has the role "view", and this needs "admin"`},
	} {
		if got := c.ask(row.uid, socket, row.onBehalf, row.asks); got != string(acmecore.Denied) {
			t.Errorf("%s: got %q, want that it is refused", row.wants, got)
		}
		if got := w.taken(); !slices.Equal(got, []string{row.wants}) {
			t.Errorf("got %q, want %q", got, row.wants)
		}
	}
	if got := c.ask(scriptUID, socket, "alice", "overview"); got != "ok" || len(w.taken()) > 0 {
		t.Errorf("what is not refused: got %q, or it is told", got)
	}
}
