package browser_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"wcme/deploy/lab"
)

// claim is what the script says to the overseer of a visitor, as it crosses the socket.
// A script that was broken into says what it likes.
type claim map[string]any

// burglar is somebody who is the web server's user, and talks to the socket directly.
type burglar struct {
	*testing.T
	socket string
	uid    int
}

// breakIn needs root: to be that user.
func breakIn(o *office, name string) *burglar {
	o.Helper()
	account, err := user.Lookup(name)
	if err != nil {
		o.Fatal(err)
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		o.Fatal(err)
	}
	return &burglar{T: o.T, socket: lab.Socket(o.root), uid: uid}
}

// dial connects as the user. The thread that has become the user ends with its
// goroutine, because it is never unlocked: the rest of the process stays what it is.
func (b *burglar) dial(ctx context.Context) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		uid := uintptr(b.uid)
		_, _, groups := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0)
		_, _, group := unix.RawSyscall(unix.SYS_SETRESGID, uid, uid, uid)
		_, _, person := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid)
		if groups != 0 || group != 0 || person != 0 {
			err = errors.Join(groups, group, person)
			return
		}
		conn, err = new(net.Dialer).DialContext(ctx, "unix", b.socket)
	}()
	<-done
	return conn, err
}

// said is an answer of the overseer: the status, and what is in it.
type said struct {
	status int
	text   string
	result json.RawMessage
}

// ask sends a request, with a claim where there is one.
func (b *burglar) ask(method, path string, c claim, body any) said {
	b.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.Context(), method, "http://overseer"+path, strings.NewReader(string(text)))
	if err != nil {
		b.Fatal(err)
	}
	if c != nil {
		header, err := json.Marshal(c)
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Wcme-Claim", base64.RawURLEncoding.EncodeToString(header))
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return b.dial(ctx) }}
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	if err != nil {
		b.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	var line struct{ Result json.RawMessage }
	_ = json.Unmarshal(answer, &line) // where there are steps before it, the status is what counts
	return said{response.StatusCode, string(answer), line.Result}
}

// refuses wants the overseer to refuse a request, with one of the statuses.
func (b *burglar) refuses(what, method, path string, c claim, body any, statuses ...int) {
	b.Helper()
	answer := b.ask(method, path, c, body)
	for _, status := range statuses {
		if answer.status == status {
			return
		}
	}
	b.Errorf("%s: %s %s: got %d, want one of %v: %.500s", what, method, path, answer.status, statuses, answer.text)
}

// visitor is what an honest script says of somebody at the browser.
func visitor(o *office, cookie string) claim {
	return claim{"cookie": cookie, "agent": "a browser", "address": "192.0.2.7", "https": true,
		"host": net.JoinHostPort(adminName, strconv.Itoa(o.tlsPort))}
}

// with is the claim with another value.
func (c claim) with(name string, value any) claim {
	other := claim{name: value}
	for key, kept := range c {
		if key != name {
			other[key] = kept
		}
	}
	return other
}

// forCommandLine are operations that no page may ask for, whoever looks at it.
func forCommandLine() map[string]any {
	id := map[string]any{"id": "www_example_test"}
	names := map[string]any{"names": []string{"evil.example.test"}, "install": nil, "load": nil}
	return map[string]any{
		"/1/certify": names, "/1/rehearse": names, "/1/register": map[string]any{"new": true}, "/1/manage": map[string]any{"now": true},
		"/1/restore": id, "/1/revoke": id, "/1/remove": id, "/1/check/load": map[string]any{}, "/1/check/served": map[string]any{},
		"/1/check/challenge": map[string]any{}, "/1/check/report": map[string]any{"way": "mail"},
	}
}

// forPages are those that a page may ask for, for somebody who is signed in.
func forPages() map[string]any {
	return map[string]any{
		"/1/overview": map[string]any{}, "/1/details": map[string]any{"id": "www_example_test"}, "/1/choices": map[string]any{},
		"/1/runs": map[string]any{}, "/1/log": map[string]any{}, "/1/audit": map[string]any{}, "/1/status": map[string]any{}, "/1/metrics": map[string]any{},
		"/1/begin": map[string]any{"deed": "renew", "id": "www_example_test"},
	}
}

// forgesNothing is what somebody can try who has no session.
func (b *burglar) forgesNothing(o *office) {
	b.Helper()
	nobody := visitor(o, "")
	made := []claim{nobody, nobody.with("user", admin), nobody.with("user", "root"), nobody.with("address", "127.0.0.1").with("user", admin),
		nobody.with("cookie", strings.Repeat("A", 900)), nobody.with("cookie", admin), nobody.with("cookie", "\x00\r\n"),
		nobody.with("role", "admin"), nobody.with("admission", map[string]string{"role": "admin", "user": admin})}
	for path, body := range forPages() {
		b.refuses("without a claim", http.MethodPost, path, nil, body, http.StatusForbidden)
		for number, c := range made {
			b.refuses(fmt.Sprintf("made-up claim %d", number), http.MethodPost, path, c, body, http.StatusForbidden, http.StatusBadRequest)
		}
	}
	b.refuses("the list", http.MethodGet, "/1/certificates", nobody.with("user", admin), nil, http.StatusForbidden)
	b.refuses("the list", http.MethodGet, "/1/certificates", nil, nil, http.StatusForbidden)
	b.refuses("the directory of a CA of one's own", http.MethodGet, "/1/check/ca?ca=http://127.0.0.1:1/", nobody, nil, http.StatusForbidden)
	for path, body := range forCommandLine() {
		b.refuses("without a claim", http.MethodPost, path, nil, body, http.StatusForbidden)
		b.refuses("for somebody", http.MethodPost, path, nobody.with("user", admin), body, http.StatusForbidden)
	}
}

// usesNoMore is what somebody can do with the cookie of a session that is seen passing
// by: look, as that user may, and act on no form but one that this user was shown.
func (b *burglar) usesNoMore(o *office, cookie, agent string, role string) {
	b.Helper()
	mine := visitor(o, cookie).with("agent", agent)
	if answer := b.ask(http.MethodPost, "/1/overview", mine, map[string]any{}); answer.status != http.StatusOK {
		b.Fatalf("the session as it is: got %d: %s", answer.status, answer.text)
	}
	for path, body := range forCommandLine() {
		b.refuses("with the session of "+role, http.MethodPost, path, mine, body, http.StatusForbidden)
	}
	renew := map[string]any{"deed": "renew", "id": "www_example_test"}
	for _, form := range []string{"", "made-up", cookie, strings.Repeat("A", 200), b.formOf(visitor(o, ""))} {
		want := []int{http.StatusConflict, http.StatusForbidden}
		b.refuses(fmt.Sprintf("form %.20q", form), http.MethodPost, "/1/begin", mine.with("form", form), renew, want...)
	}
	for i := 0; i < len(cookie)-4; i += 7 { // the last ones may hold bits that mean nothing
		b.refuses(fmt.Sprintf("cookie, byte %d", i), http.MethodPost, "/1/overview", mine.with("cookie", flipped(cookie, i)), map[string]any{}, http.StatusForbidden)
	}
	b.refuses("half a cookie", http.MethodPost, "/1/overview", mine.with("cookie", cookie[:len(cookie)/2]), map[string]any{}, http.StatusForbidden)
	b.refuses("another browser", http.MethodPost, "/1/overview", mine.with("agent", "another"), map[string]any{}, http.StatusForbidden)
	b.refuses("another host", http.MethodPost, "/1/overview", mine.with("host", foreignName), map[string]any{}, http.StatusForbidden)
	b.refuses("plain http", http.MethodPost, "/1/overview", mine.with("https", false), map[string]any{}, http.StatusForbidden)
}

// formOf is the token of a form for whoever the claim is taken for.
func (b *burglar) formOf(c claim) string {
	b.Helper()
	answer := b.ask(http.MethodPost, "/1/admission", c, map[string]any{})
	var admission struct {
		Form string `json:"form"`
	}
	if err := json.Unmarshal(answer.result, &admission); err != nil || admission.Form == "" {
		b.Fatalf("the form of a page: got %d: %s", answer.status, answer.text)
	}
	return admission.Form
}

// flipped changes a byte of a cookie into another one that a cookie may have.
func flipped(cookie string, i int) string {
	other := byte('A')
	if cookie[i] == other {
		other = 'B'
	}
	return cookie[:i] + string(other) + cookie[i+1:]
}
