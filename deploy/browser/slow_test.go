package browser_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
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

// prompt is how long a visitor who is not slow may wait meanwhile.
const prompt = 5 * time.Second

// bearsSlowVisitors shows that visitors who send a byte a second, half of them a header
// and half a form, keep nobody else from the page (W16).
func (o *office) bearsSlowVisitors(user string) {
	o.Helper()
	ctx, cancel := context.WithCancel(o.Context())
	var slow sync.WaitGroup
	for number := range slowVisitors {
		conn, err := tls.Dial("tcp", lab.Loopback(o.tlsPort), &tls.Config{RootCAs: o.identity.Pool, ServerName: adminName})
		if err != nil {
			o.Fatal(err)
		}
		head, rest := o.slowRequest(user, number%2 == 0)
		if _, err := io.WriteString(conn, head); err != nil {
			o.Fatal(err)
		}
		slow.Go(func() {
			defer conn.Close()
			drip(ctx, conn, rest)
		})
	}
	for range slowVisitors {
		begun := time.Now()
		response, _ := o.ask(http.MethodGet, mount+"/admin/list", user, "")
		if took := time.Since(begun); response.StatusCode != http.StatusOK || took > prompt {
			o.Errorf("beside %d slow visitors: got %d after %v, want 200 within %v", slowVisitors, response.StatusCode, took, prompt)
		}
	}
	cancel()
	slow.Wait()
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
