package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/deploy/lab"
)

// TestRightsOfRootInTheDirectoryOfAnother: root does there what that user may do,
// and no more. The programs are those that are installed, because a test's own may
// lie where nobody else can enter.
func TestRightsOfRootInTheDirectoryOfAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.programs.Wcme = lab.MustInstall(t).Wcme
	s.run("register")
	if output, err := exec.Command("chown", "-R", own+":", s.root, s.webroot).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, output)
	}
	s.run("certify", "www.example.test")
	owner := mustAccount(t, own).uid
	path := filepath.Join(s.root, "ssl", "fullchain_www_example_test.pem")
	if info, err := os.Stat(path); err != nil || int(info.Sys().(*syscall.Stat_t).Uid) != owner {
		t.Errorf("%s: got %v, want that it is user %d's", path, err, owner)
	}
	if output, err := s.command("manage").CombinedOutput(); err == nil || s.status(err) != exitNothing {
		t.Errorf("manage: got %v, want exit status %d; %s", err, exitNothing, output)
	}

	// A link that leads where only root may write.
	closed := filepath.Join(lab.TempDir(t), "closed")
	ssl := filepath.Join(s.root, "ssl")
	err := errors.Join(os.Mkdir(closed, 0o700), os.RemoveAll(ssl), os.Symlink(closed, ssl), os.Lchown(ssl, owner, -1))
	if err != nil {
		t.Fatal(err)
	}
	output, err := s.command("certify", "--force", "www.example.test").CombinedOutput()
	if err == nil || !strings.Contains(string(output), "permission denied") {
		t.Errorf("through a link: got %v, want that it is refused; %s", err, output)
	}
	if entries, err := os.ReadDir(closed); err != nil || len(entries) > 0 {
		t.Errorf("written through the link: %v, %v", entries, err)
	}
}

// TestRightsOfRootNeedAProgramForTheOwner: where the owner cannot run wcme, that is
// said, and root does not do it instead.
func TestRightsOfRootNeedAProgramForTheOwner(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	private := filepath.Join(lab.TempDir(t), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(private, "wcme")
	if err := lab.Install(s.programs.Wcme, installed); err != nil {
		t.Fatal(err)
	}
	s.programs.Wcme = installed
	if output, err := exec.Command("chown", "-R", own+":", s.root).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, output)
	}
	output, err := s.command("register").CombinedOutput()
	if s.status(err) != exitFailed || !strings.Contains(string(output), "error: run as the owner of the state directory") ||
		!strings.Contains(string(output), "hint: start the overseer") {
		t.Errorf("got %v, %s", err, output)
	}
	if _, err := os.Stat(filepath.Join(s.root, "priv", "accounts", "lab")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an account was made: %v", err)
	}
}

func (s *site) status(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		s.Fatal(err)
	}
	return exit.ExitCode()
}
