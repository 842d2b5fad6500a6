package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/lab"
)

// target is an overseer that hostile requests are sent to. Whatever they were, it
// must answer the next honest one.
type target struct {
	*site
	overseer *lab.Process
	socket   string
}

func newTarget(t *testing.T) *target {
	t.Helper()
	s := newSite(t)
	return &target{site: s, overseer: lab.MustOverseer(t, s.programs, s.root), socket: lab.Socket(s.root)}
}

func (o *target) dial() net.Conn {
	o.Helper()
	conn, err := net.Dial("unix", o.socket)
	if err != nil {
		o.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		o.Fatal(err)
	}
	return conn
}

// send sends the bytes and returns the status of the answer and its text; 0 when
// the connection was closed without one.
func (o *target) send(request string) (status int, text string) {
	o.Helper()
	conn := o.dial()
	defer conn.Close()
	_, _ = io.WriteString(conn, request) // it may be refused half way
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// checkAlive asks an honest question, again while others have the overseer busy.
func (o *target) checkAlive(after string) {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		_, err := control.NewClient(o.socket).List(ctx)
		if acmecore.KindOf(err) == acmecore.Busy && err != nil && ctx.Err() == nil {
			continue
		}
		if err != nil {
			o.Errorf("after %s: %v", after, err)
		}
		return
	}
}

// post is a request as the client sends it.
func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: overseer\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		path, len(body), body)
}

func get(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: overseer\r\nConnection: close\r\n\r\n"
}

func TestHostileRequests(t *testing.T) { // U04, U06, U12
	t.Parallel()
	o := newTarget(t)
	before, err := readTree(o.root)
	if err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 1<<20)
	for _, row := range []struct {
		what, request string
		status        int    // 0: any that is no success, or none at all
		text          string // within the answer
	}{
		{"an honest request", get("/1/certificates"), 200, `{"result":[]}`},

		{"nothing", "\r\n\r\n", 0, ""},
		{"garbage", "\x00\x01\xff\xfe garbage \x00\r\n\r\n", 0, ""},
		{"a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x41", 512) + "\r\n\r\n", 0, ""},
		{"one endless line", "GET /" + big + big, 0, ""},
		{"a header of 1 MB", "GET /1/certificates HTTP/1.1\r\nHost: overseer\r\nX: " + big + "\r\n\r\n", 431, ""},
		{"ten thousand headers", "GET /1/certificates HTTP/1.1\r\nHost: overseer\r\n" + strings.Repeat("X: y\r\n", 10000) + "\r\n", 431, ""},
		{"no Host", "GET /1/certificates HTTP/1.1\r\n\r\n", 400, ""},
		{"HTTP/9.9", "GET /1/certificates HTTP/9.9\r\nHost: overseer\r\n\r\n", 0, ""},
		{"two lengths", "POST /1/certify HTTP/1.1\r\nHost: overseer\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}", 400, ""},
		{"a negative length", "POST /1/certify HTTP/1.1\r\nHost: overseer\r\nContent-Length: -1\r\n\r\n", 400, ""},
		{"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", 0, ""},

		{"a body of 1 MB", post("/1/certify", `{"names":["`+big+`"]}`), 400, `"kind":"invalid"`},
		{"a body of 1 MB that is not wanted", "GET /1/certificates HTTP/1.1\r\nHost: overseer\r\nContent-Length: 1048576\r\n\r\n" + big, 400, `"kind":"invalid"`},
		{"a chunked body of 1 MB", "POST /1/certify HTTP/1.1\r\nHost: overseer\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" + big + "\r\n0\r\n\r\n", 400, `"kind":"invalid"`},

		{"an unknown path", get("/1/"), 404, ""},
		{"an unknown version of the protocol", get("/2/certificates"), 404, ""},
		{"a path that climbs", get("/1/../../etc/passwd"), 0, ""},
		{"another method", get("/1/certify"), 405, ""},
		{"another method", post("/1/certificates", "{}"), 405, ""},

		{"no JSON", post("/1/certify", "names=www.example.test"), 400, `"kind":"invalid"`},
		{"an empty body", post("/1/certify", ""), 400, `"kind":"invalid"`},
		{"null", post("/1/certify", "null"), 400, "none given"},
		{"a list", post("/1/certify", "[]"), 400, `"kind":"invalid"`},
		{"no name", post("/1/certify", "{}"), 400, "none given"},
		{"an unknown field", post("/1/certify", `{"names":["www.example.test"],"command":"id"}`), 400, `unknown field \"command\"`},
		{"a field of the wrong type", post("/1/certify", `{"names":"www.example.test"}`), 400, `"kind":"invalid"`},
		{"something behind it", post("/1/certify", `{"names":["www.example.test"]}{}`), 400, "something follows it"},
		{"a name that is a path", post("/1/certify", `{"names":["../../x"]}`), 400, `"kind":"invalid"`},
		{"a name that is an option", post("/1/certify", `{"names":["-rf"]}`), 400, `"kind":"invalid"`},
		{"a name with a line end", post("/1/certify", `{"names":["a\nb.example.test"]}`), 400, `"kind":"invalid"`},
		{"101 names", post("/1/certify", `{"names":["a.example.test"`+manyNames(100)+`]}`), 400, "101 given"},
		{"an unknown key type", post("/1/certify", `{"names":["a.example.test"],"key":"dsa"}`), 400, `"kind":"invalid"`},
		{"a CA that is a file", post("/1/certify", `{"names":["a.example.test"],"ca":"file:///etc/passwd"}`), 400, "is no https URL"},
		{"a CA with control characters", post("/1/register", `{"ca":"a\u001b[2Jb"}`), 400, "there is no such authority"},
		{"a contact that is none", post("/1/register", `{"contact":["a\r\nBcc: b"]}`), 400, `"kind":"invalid"`},
		{"deep nesting", post("/1/certify", strings.Repeat("[", 60000)), 400, `"kind":"invalid"`},
		{"an ID that is a path", post("/1/restore", `{"id":"../../etc/passwd"}`), 400, `"kind":"invalid"`},
		{"an ID with a line end", post("/1/manage", `{"force":["a\nb"]}`), 400, `"kind":"invalid"`},
		{"an ID that is empty", post("/1/restore", `{}`), 400, `"kind":"invalid"`},
		{"IDs that are paths", post("/1/check/served", `{"ids":["/etc/passwd"]}`), 400, `"kind":"invalid"`},
		{"an action that is a command", post("/1/check/load", `{"action":"id; \u001b[2J"}`), 400, "no load action"},
		{"a way with control characters", post("/1/check/report", `{"way":"\u001b[2Jmail"}`), 400, "nothing is reported that way"},
		{"a pass with an unknown field", post("/1/manage", `{"command":"id"}`), 400, `unknown field \"command\"`},
		{"a question with control characters", get("/1/check/ca?ca=%1b%5b2J"), 400, "there is no such authority"},
	} {
		status, text := o.send(row.request)
		if row.status != status && (row.status != 0 || status != 0 && status < 300) {
			t.Errorf("%s: got status %d, want %d; %.300s", row.what, status, row.status, text)
		}
		if !strings.Contains(text, row.text) || strings.ContainsAny(text, "\x1b\x00") {
			t.Errorf("%s: got %.300q, want %q", row.what, text, row.text)
		}
		o.checkAlive(row.what)
	}
	after, err := readTree(o.root)
	if err != nil {
		t.Fatal(err)
	}
	if lines := before.difference(after); lines != "" {
		t.Errorf("the state directory is not as it was:\n%s", lines)
	}
	o.checkLog()
}

func manyNames(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `,"h%d.example.test"`, i)
	}
	return text.String()
}

// checkLog reads what the overseer has said: nothing that it would say of itself.
func (o *target) checkLog() {
	o.Helper()
	for line := range strings.SplitSeq(o.overseer.Log(), "\n") {
		if strings.Contains(line, "panic") || strings.Contains(line, "level=ERROR") || len(line) > 4096 {
			o.Errorf("log: %.500s", line)
		}
	}
}

// TestHalfRequests ends a request at each byte, with the connection closed.
func TestHalfRequests(t *testing.T) { // U07
	t.Parallel()
	o := newTarget(t)
	whole := post("/1/certify", `{"names":["www.example.test"],"ca":"nobody"}`)
	for end := range len(whole) {
		conn := o.dial()
		if _, err := io.WriteString(conn, whole[:end]); err != nil {
			t.Errorf("%d bytes: %v", end, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	o.checkAlive("half requests")
	if status, text := o.send(whole); status != 400 || !strings.Contains(text, "nobody") {
		t.Errorf("the whole one: got %d %s", status, text)
	}
	o.checkDescriptors()
	o.checkLog()
}

// TestSlowRequests holds connections open in each state: the honest ones between
// them are answered.
func TestSlowRequests(t *testing.T) { // U03, U05, U08
	t.Parallel()
	for _, row := range []struct{ what, begin string }{
		{"a connection that says nothing", ""},
		{"a line without its end", "POST /1/certify HT"},
		{"a header without its end", "POST /1/certify HTTP/1.1\r\nHost: over"},
		{"a body without its end", "POST /1/certify HTTP/1.1\r\nHost: overseer\r\nContent-Length: 100\r\n\r\n{\"names\":"},
		{"a list that announces a body", "GET /1/certificates HTTP/1.1\r\nHost: overseer\r\nContent-Length: 100\r\n\r\n"},
		{"an answer that nobody reads", "GET /1/certificates HTTP/1.1\r\nHost: overseer\r\n\r\n"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			o := newTarget(t)
			for range 200 {
				conn := o.dial()
				defer conn.Close()
				if _, err := io.WriteString(conn, row.begin); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				o.checkAlive("200 × " + row.what)
			}
			if output := o.run("list"); !strings.Contains(output, "no certificate is managed") {
				t.Errorf("wcme list: got %s", output)
			}
			o.checkLog()
		})
	}
}

// TestManyRequestsAtOnce: each is answered, be it that others come first.
func TestManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	o := newTarget(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	counts := make(map[acmecore.Kind]int)
	for range 200 {
		group.Go(func() {
			_, err := control.NewClient(o.socket).List(t.Context())
			kind := acmecore.Kind("ok")
			if err != nil {
				kind = acmecore.KindOf(err)
			}
			mu.Lock()
			defer mu.Unlock()
			counts[kind]++
		})
	}
	group.Wait()
	if counts["ok"] < 64 || counts["ok"]+counts[acmecore.Busy] != 200 {
		t.Errorf("got %v, want 200 answers, and nothing worse than busy", counts)
	}
	o.checkAlive("200 at once")
	o.checkDescriptors()
	o.checkLog()
}

// checkDescriptors waits until the overseer has closed what others have closed.
func (o *target) checkDescriptors() {
	o.Helper()
	const usual = 32
	path := fmt.Sprintf("/proc/%d/fd", o.overseer.PID())
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		entries, err := os.ReadDir(path)
		if err != nil {
			o.Logf("descriptors are not counted here: %v", err)
			return
		}
		if len(entries) < usual {
			return
		}
		if time.Now().After(deadline) {
			o.Errorf("open descriptors: got %d, want fewer than %d", len(entries), usual)
			return
		}
	}
}
