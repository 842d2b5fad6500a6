package browser_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"wcme/deploy/lab"
)

// The slow visitors: how many, and how long each takes for a byte.
const (
	slowVisitors = 20
	slowness     = time.Second
)

// bearsSlowVisitors shows that visitors who send a byte a second, half of them a header
// and half a form, keep nobody else from the page (W16): others are answered while none of
// them has been answered, or sent away.
func (o *office) bearsSlowVisitors(user string) {
	o.Helper()
	late := time.Now().Add(5 * patience)
	for answered := 0; answered < slowVisitors; {
		crowd := o.newCrowd(user)
		for crowd.isWhole() && answered < slowVisitors {
			response, _ := o.ask(http.MethodGet, mount+"/admin/list", user, "")
			if response.StatusCode != http.StatusOK {
				o.Errorf("beside %d slow visitors: got %d, want 200", slowVisitors, response.StatusCode)
			}
			if crowd.isWhole() {
				answered++
			}
		}
		crowd.leave()
		if answered < slowVisitors && time.Now().After(late) {
			o.Fatalf("beside %d slow visitors %d others were answered, want %d: the rest waited for one of them", slowVisitors, answered, slowVisitors)
		}
	}
}

// crowd is the slow visitors who came together.
type crowd struct {
	leave func()
	gone  <-chan struct{} // closed when the first one was answered, or sent away
}

func (c *crowd) isWhole() bool {
	select {
	case <-c.gone:
		return false
	default:
		return true
	}
}

// newCrowd has all of them connect before the first one says something: whoever sends a
// form so slowly is sent away after a while.
func (o *office) newCrowd(user string) *crowd {
	o.Helper()
	ctx, cancel := context.WithCancel(o.Context())
	var slow sync.WaitGroup
	connections := make([]net.Conn, slowVisitors)
	for number := range connections {
		conn, err := tls.Dial("tcp", lab.Loopback(o.tlsPort), &tls.Config{RootCAs: o.identity.Pool, ServerName: adminName})
		if err != nil {
			o.Fatal(err)
		}
		connections[number] = conn
	}
	gone := make(chan struct{})
	first := sync.OnceFunc(func() { close(gone) })
	for number, conn := range connections {
		head, rest := o.slowRequest(user, number%2 == 0)
		if _, err := io.WriteString(conn, head); err != nil {
			o.Fatal(err)
		}
		slow.Go(func() { drip(ctx, conn, rest) })
		slow.Go(func() {
			_, _ = conn.Read(make([]byte, 1))
			first()
		})
	}
	return &crowd{gone: gone, leave: func() {
		cancel()
		for _, conn := range connections {
			conn.Close()
		}
		slow.Wait()
	}}
}

// slowRequest is what is sent at once, and what byte by byte.
func (o *office) slowRequest(user string, form bool) (head, rest string) {
	request, err := http.NewRequest(http.MethodPost, o.page("/admin/certify"), nil)
	if err != nil {
		o.Fatal(err)
	}
	request.SetBasicAuth(user, password)
	const length = 4000
	head = fmt.Sprintf("POST %s/admin/certify HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n", mount, adminName, request.Header.Get("Authorization"))
	if !form {
		return head, "X-Slow: " + strings.Repeat("a", length) + "\r\n\r\n"
	}
	return head + fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n", length), strings.Repeat("a", length)
}

// drip writes a byte at a time until the context ends or nobody reads any more.
func drip(ctx context.Context, w io.Writer, text string) {
	ticker := time.NewTicker(slowness)
	defer ticker.Stop()
	for i := range text {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := io.WriteString(w, text[i:i+1]); err != nil {
			return
		}
	}
}
