package webroot_test

import (
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"wcme/deploy/lab"
)

// TestRightsWebrootOfAnotherUser: what wCME may not write is said before anything
// is ordered.
func TestRightsWebrootOfAnotherUser(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.startBusybox()
	h.configure()
	h.wcme("register")
	h.chown("-R", h.root)
	output, status := h.certifyAs(lab.WebUser)
	if want := "error: use webroot " + h.served + ": permission denied\nhint: let the user"; !strings.Contains(output, want) || status != 1 {
		t.Errorf("got %d\n%s\nwant 1, %q", status, output, want)
	}
	if strings.Contains(output, "placed") {
		t.Errorf("something was ordered:\n%s", output)
	}
	h.chown(h.served)
	if output, status := h.certifyAs(lab.WebUser); status != 0 {
		t.Errorf("got %d\n%s", status, output)
	}
	h.checkNothingLeft()
}

// chown gives something to the server's user.
func (h *host) chown(args ...string) {
	h.Helper()
	if output, err := exec.Command("chown", append([]string{lab.WebUser}, args...)...).CombinedOutput(); err != nil {
		h.Fatalf("chown: %v: %s", err, output)
	}
}

func (h *host) certifyAs(name string) (output string, status int) {
	h.Helper()
	cmd := h.programs.Command(h.Context(), h.root, "certify", "www.example.test")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(h, name)}
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		h.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

func credential(t testing.TB, name string) *syscall.Credential {
	t.Helper()
	found, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		t.Fatal(errUID, errGID)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
