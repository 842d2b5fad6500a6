package nginx_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/deploy/front"
	"wcme/deploy/lab"
)

const challengePath = "/.well-known/acme-challenge/"

// kept is the mode that the README recommends.
func kept() mode { return modes()[0] }

// publish puts a challenge where the overseer does.
func publish(t *testing.T, h *front.Host) (token, authorization string) {
	t.Helper()
	token = "nginx" + strings.Repeat("N", 38)
	authorization = token + "." + strings.Repeat("T", 43)
	if err := os.WriteFile(filepath.Join(h.Root, "www", token), []byte(authorization), 0o644); err != nil {
		t.Fatal(err)
	}
	return token, authorization
}

// get asks the first port for a path of the host, as a user who has proved nothing.
func get(t *testing.T, server *lab.Server, host, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+lab.Loopback(server.Ports[0])+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.SetBasicAuth("somebody", "or other")
	return lab.MustFetch(t, request)
}

// Whatever else a server block does to its visitors, the authority gets its answer.
func TestChallengeIsOpenInEveryServer(t *testing.T) {
	t.Parallel()
	h := front.NewHost(t)
	server := start(t, h, kept(), h.SpawnFCGI())
	token, authorization := publish(t, h)
	for host, first := range map[string]int{
		"www.example.test":        http.StatusNotFound,
		"closed.example.test":     http.StatusForbidden,
		"redirected.example.test": http.StatusMovedPermanently,
	} {
		if got, _ := get(t, server, host, "/"); got != first {
			t.Errorf("%s/: got %d, want %d: is this the server block that was meant?", host, got, first)
		}
		if status, body := get(t, server, host, challengePath+token); status != http.StatusOK || body != authorization {
			t.Errorf("%s, pending: got %d and %q, want 200 and %q", host, status, body, authorization)
		}
		status, body := get(t, server, host, challengePath+"unknown.php")
		if want := "Challenge received but no such file or directory.\n"; status != http.StatusNotFound || body != want {
			t.Errorf("%s, unknown: got %d and %q, want 404 and %q", host, status, body, want)
		}
	}
}

// Requests that follow one another take connections that are open already.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	h := front.NewHost(t)
	socket, accepted := relay(t, h, h.SpawnFCGI())
	server := start(t, h, kept(), socket)
	token, authorization := publish(t, h)
	const requests = 20
	for range requests {
		if status, body := get(t, server, front.Name, challengePath+token); status != http.StatusOK || body != authorization {
			t.Fatalf("got %d and %q, want 200 and %q", status, body, authorization)
		}
	}
	if got, most := accepted.Load(), int64(4); got == 0 || got > most {
		t.Errorf("%d requests took %d connections, want at most the %d of `keepalive`", requests, got, most)
	}
}

// relay listens on a socket of its own, counts the connections and passes what
// they say on to another one.
func relay(t *testing.T, h *front.Host, to string) (socket string, accepted *atomic.Int64) {
	t.Helper()
	socket, accepted = filepath.Join(h.Dir, "relay"), new(atomic.Int64)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			peer, err := listener.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			go pass(peer, to)
		}
	}()
	return socket, accepted
}

// pass ends both connections when one of them ends.
func pass(peer net.Conn, to string) {
	defer peer.Close()
	other, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer other.Close()
	go func() {
		defer other.Close()
		_, _ = io.Copy(other, peer)
	}()
	_, _ = io.Copy(peer, other)
}

// A connection that was kept does no harm when the other end is started anew.
func TestScriptMayRestart(t *testing.T) {
	t.Parallel()
	h := front.NewHost(t)
	script := spawn(t, h, filepath.Join(h.Bin, "wcme"))
	server := start(t, h, kept(), script.socket)
	token, authorization := publish(t, h)
	for range 3 {
		if status, body := get(t, server, front.Name, challengePath+token); status != http.StatusOK || body != authorization {
			t.Errorf("while it runs: got %d and %q, want 200 and %q", status, body, authorization)
		}
		script.stop(t)
		if got, _ := get(t, server, front.Name, challengePath+token); got != http.StatusBadGateway {
			t.Errorf("while it does not run: got %d, want 502", got)
		}
		script.start(t)
	}
}
