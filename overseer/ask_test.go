package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// ask is a program: ask SOCKET USER OPERATION asks the overseer on behalf of the
// user, where there is one, and prints the kind of the error, or "ok". It says
// what the web server's script, or any program of another user, would hear.
func ask() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if user := os.Args[2]; user != "" {
		ctx = control.WithClaim(ctx, acmecore.Claim{User: user, Form: formOf(os.Args[3])})
	}
	if err := askFor(ctx, control.NewClient(os.Args[1]), os.Args[3]); err != nil {
		fmt.Println(acmecore.KindOf(err))
		return
	}
	fmt.Println("ok")
}

// formOf is the token of the form with which an operation is asked for: not the one
// that was shown, where its name ends in "-formless".
func formOf(operation string) string {
	if strings.HasSuffix(operation, "-formless") {
		return "made up"
	}
	return "token"
}

// request is one that can be made.
type request struct {
	name string
	ask  func(context.Context, *control.Client) error
}

// operations are asked for in this order: first those that the pages have nothing to do
// with.
func operations() []request {
	const id acmecore.ID = "managed"
	begin := func(task control.Task) func(context.Context, *control.Client) error {
		return func(ctx context.Context, c *control.Client) error { _, err := c.Begin(ctx, task, ""); return err }
	}
	return []request{
		{"certify", func(ctx context.Context, c *control.Client) error {
			_, err := c.Certify(ctx, control.CertifyRequest{}, nil)
			return err
		}},
		{"register", func(ctx context.Context, c *control.Client) error {
			_, err := c.Register(ctx, control.RegisterRequest{}, nil)
			return err
		}},
		{"check ca", func(ctx context.Context, c *control.Client) error { _, err := c.CheckCA(ctx, ""); return err }},
		{"check challenge", func(ctx context.Context, c *control.Client) error {
			_, err := c.CheckChallenge(ctx, control.ChallengeRequest{}, nil)
			return err
		}},
		{"check dns", func(ctx context.Context, c *control.Client) error {
			_, err := c.CheckDNS(ctx, control.DNSRequest{}, nil)
			return err
		}},
		{"check served", func(ctx context.Context, c *control.Client) error { _, err := c.CheckServed(ctx, nil, nil); return err }},
		{"check load", func(ctx context.Context, c *control.Client) error { _, err := c.CheckLoad(ctx, "", nil); return err }},
		{"check report", func(ctx context.Context, c *control.Client) error { return c.CheckReport(ctx, control.ByMail, nil) }},
		{"manage", func(ctx context.Context, c *control.Client) error {
			_, err := c.Manage(ctx, control.ManageRequest{}, nil)
			return err
		}},
		{"restore", func(ctx context.Context, c *control.Client) error {
			_, err := c.Restore(ctx, control.RestoreRequest{ID: id}, nil)
			return err
		}},
		{"revoke", func(ctx context.Context, c *control.Client) error {
			_, err := c.Revoke(ctx, control.RevokeRequest{ID: id}, nil)
			return err
		}},
		{"remove", func(ctx context.Context, c *control.Client) error {
			return c.Remove(ctx, control.RemoveRequest{ID: id}, nil)
		}},
		{"rehearse", func(ctx context.Context, c *control.Client) error {
			_, err := c.Rehearse(ctx, control.CertifyRequest{}, nil)
			return err
		}},
		{"list", func(ctx context.Context, c *control.Client) error { _, err := c.List(ctx); return err }},
		{"alive", func(ctx context.Context, c *control.Client) error { return c.Alive(ctx) }},

		{"overview", func(ctx context.Context, c *control.Client) error {
			_, err := c.Overview(ctx, acmecore.Query{})
			return err
		}},
		{"details", func(ctx context.Context, c *control.Client) error { _, err := c.Details(ctx, id); return err }},
		{"job", func(ctx context.Context, c *control.Client) error { _, err := c.Job(ctx, "x", 0); return err }},
		{"runs", func(ctx context.Context, c *control.Client) error {
			_, err := c.Runs(ctx, acmecore.RunQuery{})
			return err
		}},
		{"run", func(ctx context.Context, c *control.Client) error { _, err := c.Run(ctx, "x"); return err }},
		{"log", func(ctx context.Context, c *control.Client) error {
			_, err := c.Log(ctx, acmecore.LogQuery{})
			return err
		}},
		{"status", func(ctx context.Context, c *control.Client) error { _, err := c.Status(ctx, true); return err }},
		{"metrics", func(ctx context.Context, c *control.Client) error { _, err := c.Metrics(ctx); return err }},
		{"choices", func(ctx context.Context, c *control.Client) error { _, err := c.Choices(ctx); return err }},
		{"begin to renew", begin(control.Task{Deed: control.DeedRenew, ID: id})},
		{"begin to check the load", begin(control.Task{Deed: control.DeedCheckLoad})},
		{"begin to certify", begin(control.Task{Deed: control.DeedCertify})},
		{"begin to revoke", begin(control.Task{Deed: control.DeedRevoke, ID: id})},
		{"audit", func(ctx context.Context, c *control.Client) error {
			_, err := c.Audit(ctx, acmecore.AuditQuery{})
			return err
		}},
	}
}

// askFor asks for one of operations().
func askFor(ctx context.Context, client *control.Client, operation string) error {
	name := strings.TrimSuffix(operation, "-formless")
	for _, request := range operations() {
		if request.name == name {
			return request.ask(ctx, client)
		}
	}
	return errors.New("there is no such operation")
}

// Users that no host has: the kernel asks for numbers only.
const (
	scriptUID   = 4801
	strangerUID = 4802
	overseerUID = 4803
)

// crowd runs programs as other users.
type crowd struct {
	testing.TB
	dir string // every user can enter it
}

// newCrowd is for the tests whose names begin with TestRights: only root can be
// other users. `make test` leaves them out, and says so, where it is not root's.
func newCrowd(t *testing.T) *crowd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root can be other users: run this as root, or leave it out by -skip '^TestRights'")
	}
	c := &crowd{TB: t, dir: lab.TempDir(t)}
	itself, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ask", "opensocket", "wcme"} { // see TestMain
		if err := lab.Install(itself, filepath.Join(c.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// command is a program of the crowd, run by the user.
func (c *crowd) command(uid int, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.dir, program), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd
}

// ask returns what the overseer answers the user, who says to ask on behalf of
// another one.
func (c *crowd) ask(uid int, socket, onBehalf, operation string) string {
	c.Helper()
	output, err := c.command(uid, "ask", socket, onBehalf, operation).CombinedOutput()
	if err != nil {
		c.Errorf("ask as %d: %v\n%s", uid, err, output)
	}
	return strings.TrimSpace(string(output))
}

// awaitSocket waits until the socket is there.
func awaitSocket(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no socket %s", path)
		}
	}
}
