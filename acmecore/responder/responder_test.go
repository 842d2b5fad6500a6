package responder_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/responder"
	"wcme/deploy/lab"
)

const (
	token         = acmecore.Token("yIIZJXXiCJ0aynim9rn7HGRE_uBY-CgE")
	authorization = string(token) + ".QH3pRwq2ZSCeEYlrN-0MNKHxB8zeq-uB-mb5nTt7SLl"
	challengePath = "/.well-known/acme-challenge/"
)

// pending is a directory with one pending challenge.
func pending(tb testing.TB) challenge.Directory {
	tb.Helper()
	d := challenge.Directory(tb.TempDir())
	if err := d.Publish(token, authorization); err != nil {
		tb.Fatal(err)
	}
	return d
}

// newResponder returns one that is closed after the test, and that has time for whoever
// asks on a busy machine.
func newResponder(tb testing.TB, given ...net.Listener) *responder.Responder {
	tb.Helper()
	r := responder.New(responder.Options{Challenges: pending(tb), Log: quiet(), Sockets: given})
	r.Slacken(time.Minute)
	tb.Cleanup(r.Close)
	return r
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// freeAddress returns an address on which nobody listens, and whose port no other test
// gets, of this process or of another.
func freeAddress(tb testing.TB, host string) string {
	tb.Helper()
	port, err := lab.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

func open(tb testing.TB, r *responder.Responder) (release func()) {
	tb.Helper()
	release, err := r.Open()
	if err != nil {
		tb.Fatal(err)
	}
	return release
}

func configure(tb testing.TB, r *responder.Responder, settings responder.Settings) {
	tb.Helper()
	if err := r.Configure(settings); err != nil {
		tb.Fatal(err)
	}
}

// checkAnswers asks for the pending challenge, on a connection of its own.
func checkAnswers(tb testing.TB, address string) {
	tb.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	response, err := client.Get("http://" + address + challengePath + string(token))
	if err != nil {
		tb.Error(err)
		return
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil || string(got) != authorization {
		tb.Errorf("%s: got %s, %q, %v", address, response.Status, got, err)
	}
}

// checkFree wants the connection refused: nobody has the port.
func checkFree(tb testing.TB, address string) {
	tb.Helper()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		tb.Errorf("%s: got %v, want the connection refused", address, err)
	}
}

func TestPendingBindsOnlyWhileHeldOpen(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	address := freeAddress(t, "127.0.0.1")
	configure(t, r, responder.Settings{Addresses: []string{address}})
	for range 2 {
		checkFree(t, address)
		release := open(t, r)
		checkAnswers(t, address)
		release()
		release() // a second time is no other order's
		checkFree(t, address)
	}
}

func TestOrdersShareThePort(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	address := freeAddress(t, "127.0.0.1")
	configure(t, r, responder.Settings{Addresses: []string{address}})
	first, second := open(t, r), open(t, r)
	first()
	checkAnswers(t, address)
	third := open(t, r)
	second()
	checkAnswers(t, address)
	third()
	checkFree(t, address)
}

func TestManyOrdersAtOnce(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	address := freeAddress(t, "127.0.0.1")
	configure(t, r, responder.Settings{Addresses: []string{address}})
	var orders sync.WaitGroup
	for range 20 {
		orders.Go(func() {
			for range 10 {
				release, err := r.Open()
				if err != nil {
					t.Error(err)
					return
				}
				checkAnswers(t, address)
				release()
			}
		})
	}
	orders.Wait()
	checkFree(t, address)
}

func TestAlwaysBindsUntilClose(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	address := freeAddress(t, "127.0.0.1")
	configure(t, r, responder.Settings{Addresses: []string{address}, Always: true})
	checkAnswers(t, address)
	open(t, r)()
	checkAnswers(t, address)
	r.Close()
	checkFree(t, address)
}

func TestConfigureFollowsTheSettings(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	one, two := freeAddress(t, "127.0.0.1"), freeAddress(t, "127.0.0.2")
	configure(t, r, responder.Settings{Addresses: []string{one}, Always: true})
	configure(t, r, responder.Settings{Addresses: []string{one, two}, Always: true})
	checkAnswers(t, one)
	checkAnswers(t, two)
	configure(t, r, responder.Settings{Addresses: []string{two}, Always: true})
	checkFree(t, one)
	checkAnswers(t, two)
	configure(t, r, responder.Settings{Addresses: []string{two}})
	checkFree(t, two)
	release := open(t, r)
	configure(t, r, responder.Settings{Addresses: []string{one}})
	checkFree(t, two)
	checkAnswers(t, one)
	release()
	checkFree(t, one)
	configure(t, r, responder.Settings{})
	open(t, r)()
}

// TestAddressesOfEachFamily: every address, or only those of the family that was named.
func TestAddressesOfEachFamily(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what, host string
		v4, v6     bool
	}{
		{"every address", "", true, true},
		{"every IPv4 address", "0.0.0.0", true, false},
		{"every IPv6 address", "::", false, true},
		{"one IPv4 address", "127.0.0.1", true, false},
		{"one IPv6 address", "::1", false, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			_, port, err := net.SplitHostPort(freeAddress(t, ""))
			if err != nil {
				t.Fatal(err)
			}
			r := newResponder(t)
			configure(t, r, responder.Settings{Addresses: []string{net.JoinHostPort(row.host, port)}, Always: true})
			for host, answered := range map[string]bool{"127.0.0.1": row.v4, "::1": row.v6} {
				if answered {
					checkAnswers(t, net.JoinHostPort(host, port))
				} else {
					checkFree(t, net.JoinHostPort(host, port))
				}
			}
		})
	}
}

func TestBothFamiliesSideBySide(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddress(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	r := newResponder(t)
	configure(t, r, responder.Settings{Addresses: []string{"0.0.0.0:" + port, "[::]:" + port}, Always: true})
	checkAnswers(t, "127.0.0.1:"+port)
	checkAnswers(t, "[::1]:"+port)
}

func TestOpenSaysWhichPortIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", freeAddress(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	address, other := taken.Addr().String(), freeAddress(t, "127.0.0.2")
	r := newResponder(t)
	configure(t, r, responder.Settings{Addresses: []string{other, address}})
	_, err = r.Open()
	if want := "answer challenges on " + address + ": "; acmecore.KindOf(err) != acmecore.Busy || !strings.Contains(err.Error(), want) {
		t.Errorf("got %s, %v; want busy, %q", acmecore.KindOf(err), err, want)
	}
	if hint := acmecore.HintOf(err); !strings.Contains(hint, "map cgi-bin/wcme") {
		t.Errorf("hint: got %q", hint)
	}
	checkFree(t, other)
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	release := open(t, r)
	checkAnswers(t, address)
	checkAnswers(t, other)
	release()
}

func TestAnAddressOfAnotherHost(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	err := r.Configure(responder.Settings{Addresses: []string{"192.0.2.1:8080"}, Always: true})
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.HasPrefix(err.Error(), "answer challenges on 192.0.2.1:8080: ") {
		t.Errorf("got %s, %v; want invalid", acmecore.KindOf(err), err)
	}
}

// TestAlwaysTriesAgain: a port that was taken when the overseer started is bound by
// the next order, and kept.
func TestAlwaysTriesAgain(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", freeAddress(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	r := newResponder(t)
	if err := r.Configure(responder.Settings{Addresses: []string{address}, Always: true}); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("got %v, want an error of kind busy", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, r)()
	checkAnswers(t, address)
}

func TestGivenSocketsTakeThePlaceOfAddresses(t *testing.T) {
	t.Parallel()
	given, err := net.Listen("tcp", freeAddress(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t, "127.0.0.2")
	r := newResponder(t, given)
	configure(t, r, responder.Settings{Addresses: []string{address}})
	checkAnswers(t, given.Addr().String())
	release := open(t, r)
	checkFree(t, address)
	release()
	checkAnswers(t, given.Addr().String())
	configure(t, r, responder.Settings{Addresses: []string{address}, Always: true})
	checkFree(t, address)
	checkAnswers(t, given.Addr().String())
	r.Close()
	checkFree(t, given.Addr().String())
}

// TestReleaseFinishesWhatWasBegun: the port is free at once, and the answer that is
// on its way arrives.
func TestReleaseFinishesWhatWasBegun(t *testing.T) {
	t.Parallel()
	slow := &slowLookup{asked: make(chan struct{}), answer: make(chan struct{})}
	r := responder.New(responder.Options{Challenges: slow, Log: slog.New(slog.DiscardHandler)})
	r.Slacken(time.Minute)
	address := freeAddress(t, "127.0.0.1")
	configure(t, r, responder.Settings{Addresses: []string{address}})
	release := open(t, r)
	got := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + address + challengePath + string(token))
		if err != nil {
			got <- err.Error()
			return
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		got <- fmt.Sprint(string(text), err)
	}()
	<-slow.asked
	release()
	checkFree(t, address)
	close(slow.answer)
	r.Close()
	if got, want := <-got, authorization+"<nil>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type slowLookup struct{ asked, answer chan struct{} }

func (s *slowLookup) Lookup(string) ([]byte, error) {
	close(s.asked)
	<-s.answer
	return []byte(authorization), nil
}

// TestNoConnectionIsKept: one that sends nothing is closed, and so is one that
// sends its headers too slowly or without end.
func TestNoConnectionIsKept(t *testing.T) {
	t.Parallel()
	r := newResponder(t)
	r.Slacken(0)
	address := freeAddress(t, "127.0.0.1")
	configure(t, r, responder.Settings{Addresses: []string{address}, Always: true})
	for what, send := range map[string]string{
		"nothing":          "",
		"half a request":   "GET / HTTP/1.1\r\nHost: a.example\r\nX:",
		"an endless field": "GET / HTTP/1.1\r\nHost: a.example\r\nX: " + strings.Repeat("x", 64<<10),
		"an endless path":  "GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, send) // what the other side does not read any more is no matter
			if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn)
			if errors.Is(err, syscall.ECONNRESET) {
				err = nil
			}
			if err != nil || bytes.Contains(answer, []byte(" 200 ")) {
				t.Errorf("got %q, %v; want the end of the connection", answer, err)
			}
		})
	}
}
