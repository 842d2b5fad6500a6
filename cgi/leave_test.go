//go:build linux && !s390x

package main_test

import (
	"io"
	"strings"
	"syscall"
	"testing"
)

// TestGoneWhenTheOutputEnds is what mod_cgid looks for: at the end of its output
// the script is no running process any more, and nothing of its answer is lost.
func TestGoneWhenTheOutputEnds(t *testing.T) {
	environ := request("/.well-known/acme-challenge/"+token, "WCME_ROOT="+pending(t), "SERVER_SOFTWARE=Apache/2.4.71 (Debian)")
	for range 100 {
		command, server := startOnSocket(t, environ)
		answer, err := io.ReadAll(server)
		if err != nil || string(answer) != answered {
			t.Fatalf("got %q and %v", answer, err)
		}
		// Its end cannot be overtaken, so this waits for nothing.
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(command.Process.Pid, &status, syscall.WNOHANG, nil)
		if err != nil || pid != command.Process.Pid {
			t.Fatalf("after the end of the output the script is still there: %v", err)
		}
		reapHeir(t)
		server.Close()
	}
}

// TestOthersSeeAnOrdinaryEnd: only mod_cgid does not mind how the script ends.
func TestOthersSeeAnOrdinaryEnd(t *testing.T) {
	for _, software := range []string{"SERVER_SOFTWARE=lighttpd/1.4.69", "HTTP_SERVER_SOFTWARE=Apache"} {
		command, server := startOnSocket(t, request("/.well-known/acme-challenge/", "WCME_ROOT="+pending(t), software))
		if answer, err := io.ReadAll(server); err != nil || !strings.HasSuffix(string(answer), unknown) {
			t.Errorf("got %q and %v", answer, err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v", software, err)
		}
	}
	got := start(t, request("/.well-known/acme-challenge/", "WCME_ROOT="+pending(t), "SERVER_SOFTWARE=Apache"), nil)
	got.want(t, "404 Not Found", unknown) // on pipes, as mod_cgi has them
}

// reapHeir waits for the child that the script left to us; mod_cgid's daemon need
// not, because it ignores SIGCHLD.
func reapHeir(t *testing.T) {
	t.Helper()
	if _, err := syscall.Wait4(-1, nil, 0, nil); err != nil && err != syscall.ECHILD {
		t.Errorf("wait for the heir: %v", err)
	}
}
