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
		ctx = control.WithUser(ctx, user)
	}
	if err := askFor(ctx, control.NewClient(os.Args[1]), os.Args[3]); err != nil {
		fmt.Println(acmecore.KindOf(err))
		return
	}
	fmt.Println("ok")
}

// askFor asks for one of operations().
func askFor(ctx context.Context, client *control.Client, operation string) error {
	err := errors.New("there is no such operation")
	switch operation {
	case "list":
		_, err = client.List(ctx)
	case "certify":
		_, err = client.Certify(ctx, control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}}, nil)
	case "register":
		_, err = client.Register(ctx, control.RegisterRequest{}, nil)
	case "check":
		_, err = client.CheckCA(ctx, "")
	case "manage":
		_, err = client.Manage(ctx, control.ManageRequest{}, nil)
	case "dry-run":
		_, err = client.Manage(ctx, control.ManageRequest{DryRun: true}, nil)
	case "restore":
		_, err = client.Restore(ctx, control.RestoreRequest{ID: "managed"}, nil)
	case "served":
		_, err = client.CheckServed(ctx, nil, nil)
	case "load":
		_, err = client.CheckLoad(ctx, "", nil)
	case "report":
		err = client.CheckReport(ctx, control.ByMail, nil)
	case "alive":
		err = client.Alive(ctx)
	case "probe":
		_, err = client.CheckChallenge(ctx, control.ChallengeRequest{}, nil)
	case "probe-by":
		_, err = client.CheckChallenge(ctx, control.ChallengeRequest{DNS: "192.0.2.1:53"}, nil)
	case "probe-at":
		_, err = client.CheckChallenge(ctx, control.ChallengeRequest{Port: 8080}, nil)
	case "probe-managed":
		_, err = client.CheckChallenge(ctx, control.ChallengeRequest{Names: []acmecore.Name{"managed.example.test"}}, nil)
	case "probe-other":
		_, err = client.CheckChallenge(ctx, control.ChallengeRequest{Names: []acmecore.Name{"managed.example.test", "other.example.test"}}, nil)
	}
	return err
}

// operations are asked for in this order; those from "probe" on are one operation,
// with different requests.
func operations() []string {
	return []string{"list", "certify", "register", "check", "manage", "dry-run", "restore", "served", "load", "report", "alive", "probe", "probe-managed", "probe-other", "probe-by", "probe-at"}
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
