package control_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// patient is an overseer whose log has nothing to say before it is let, and then a lot.
type patient struct {
	control.Operations
	control.Administration
	control.Access
	asked sync.WaitGroup
	let   chan struct{}
	text  string // what it says then

	patience, beginning time.Duration // the server's
}

func (p *patient) Admit(context.Context, acmecore.Claim) (acmecore.Admission, error) {
	return acmecore.Admission{User: "alice", Role: acmecore.RoleView}, nil
}

func (p *patient) Alive(context.Context) error { return nil }

func (p *patient) List(context.Context) ([]acmecore.Certificate, error) { return nil, nil }

func (p *patient) Overview(context.Context, acmecore.Query) (acmecore.Overview, error) {
	return acmecore.Overview{}, nil
}

func (p *patient) Log(ctx context.Context, _ acmecore.LogQuery) (acmecore.LogPage, error) {
	p.asked.Done()
	select {
	case <-p.let:
	case <-ctx.Done():
	}
	return acmecore.LogPage{Text: p.text}, nil
}

// serve serves the overseer, for the test's own user as the script's.
func (p *patient) serve(t *testing.T) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := control.Listen(socket, -1)
	if err != nil {
		t.Fatal(err)
	}
	p.let = make(chan struct{})
	server := &control.Server{Operations: p, Administration: p, Access: p, Script: os.Geteuid(), Patience: p.patience, Beginning: p.beginning, Log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return socket
}

// TestPagesLeaveRoomForTheCommandLine: forty-eight of them have the places that there are
// for pages.
func TestPagesLeaveRoomForTheCommandLine(t *testing.T) {
	p := new(patient)
	socket := p.serve(t)
	page := control.WithClaim(t.Context(), acmecore.Claim{User: "alice"})
	p.asked.Add(48)
	var pages sync.WaitGroup
	for range 48 {
		pages.Go(func() {
			if _, err := control.NewClient(socket).Log(page, acmecore.LogQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	p.asked.Wait()
	if _, err := control.NewClient(socket).Overview(page, acmecore.Query{}); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("a page: got %v, want that there is no place", err)
	}
	if _, err := control.NewClient(socket).List(t.Context()); err != nil {
		t.Errorf("the command line: %v", err)
	}
	close(p.let)
	pages.Wait()
	if _, err := control.NewClient(socket).Overview(page, acmecore.Query{}); err != nil {
		t.Errorf("a page afterwards: %v", err)
	}
}

// TestWhoReadsNothingKeepsNoPlace, after Patience.
func TestWhoReadsNothingKeepsNoPlace(t *testing.T) {
	p := &patient{text: strings.Repeat("x", 1<<20), patience: 50 * time.Millisecond} // more than any socket takes in
	socket := p.serve(t)
	close(p.let)
	p.asked.Add(48)
	for range 48 {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		body := "{}"
		fmt.Fprintf(conn, "POST /1/log HTTP/1.1\r\nHost: overseer\r\nWcme-Claim: e30\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	p.asked.Wait()
	page := control.WithClaim(t.Context(), acmecore.Claim{User: "alice"})
	for over := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		_, err := control.NewClient(socket).Overview(page, acmecore.Query{})
		if err == nil {
			return
		}
		if time.Now().After(over) {
			t.Fatalf("the places are still taken: %v", err)
		}
	}
}

// isAnswered waits until the other end answers, or closes the connection.
func isAnswered(conn net.Conn) bool {
	n, _ := conn.Read(make([]byte, 1))
	return n > 0
}

// TestScriptHoldsNoMoreConnections than it may, and gets others when it has closed some.
func TestScriptHoldsNoMoreConnections(t *testing.T) {
	const most, tried = 256, 300
	p := &patient{beginning: time.Hour} // none is given up because the others took long
	socket := p.serve(t)
	var held []net.Conn
	answered := make(chan bool, tried)
	for range tried {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /1/alive HTTP/1.1\r\n") // it goes on some day
		held = append(held, conn)
		go func() { answered <- isAnswered(conn) }()
	}
	over := time.After(time.Minute)
	expect := func(n int, want bool) {
		t.Helper()
		for i := range n {
			select {
			case got := <-answered:
				if got != want {
					t.Fatalf("connection %d of %d: answered %v, want %v", i+1, n, got, want)
				}
			case <-over:
				t.Fatalf("%d connections were answered or closed, want %d", i, n)
			}
		}
	}
	expect(tried-most, false)
	for _, conn := range held {
		fmt.Fprint(conn, "Host: overseer\r\n\r\n")
	}
	expect(most, true)
	for _, conn := range held {
		conn.Close()
	}
	page := control.WithClaim(t.Context(), acmecore.Claim{User: "alice"})
	for over := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := control.NewClient(socket).Overview(page, acmecore.Query{}); err == nil {
			return
		} else if time.Now().After(over) {
			t.Fatal(err)
		}
	}
}
