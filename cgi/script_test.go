package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
)

const (
	token         = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	authorization = token + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
	unknown       = "Challenge received but no such file or directory.\n"
)

// TestMain builds the script, both its programs, once for all tests.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "wcme-script-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		for program, source := range map[string]string{"wcme": ".", "wcme-pages": "./pages"} {
			build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, program), source)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if output, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n%s", build, err, output)
				return 1
			}
		}
		os.Setenv("WCME_TEST_SCRIPT", filepath.Join(dir, "wcme"))
		return m.Run()
	}())
}

// outcome is how a run of the script ended.
type outcome struct {
	stdout, stderr string
	status         int // -1 when it was killed
}

// start runs the script as a web server does: with these variables alone.
func start(t *testing.T, environ, arguments []string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), os.Getenv("WCME_TEST_SCRIPT"), arguments...)
	command.Env = environ
	command.Dir = "/"
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// request are the variables of a request for the path below the script; of two
// with the same name, os/exec passes on the last.
func request(path string, more ...string) []string {
	return append([]string{
		"GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=GET", "SERVER_PROTOCOL=HTTP/1.1", "SERVER_NAME=www.example.org",
		"SERVER_PORT=80", "HTTP_HOST=www.example.org", "REMOTE_ADDR=192.0.2.7", "SCRIPT_NAME=/cgi-bin/wcme",
		"PATH_INFO=" + path, "QUERY_STRING=",
	}, more...)
}

// pending makes a state directory with a pending challenge.
func pending(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "www"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := challenge.Directory(filepath.Join(root, "www")).Publish(acmecore.Token(token), authorization); err != nil {
		t.Fatal(err)
	}
	return root
}

func (o outcome) want(t *testing.T, status, body string) {
	t.Helper()
	if o.status != 0 || !strings.HasPrefix(o.stdout, "Status: "+status+"\r\n") || !strings.Contains(o.stdout, body) {
		t.Errorf("exit %d, got %q, want status %s and %q; stderr %q", o.status, o.stdout, status, body, o.stderr)
	}
}

// answered is the whole answer to the pending challenge.
const answered = "Status: 200 OK\r\nCache-Control: no-store\r\nContent-Length: 87\r\n" +
	"Content-Type: text/plain; charset=us-ascii\r\nX-Content-Type-Options: nosniff\r\n\r\n" + authorization

func TestChallengeNeedsNoOverseer(t *testing.T) {
	root := "WCME_ROOT=" + pending(t)
	for _, asked := range []string{token, strings.ToLower(token), authorization, strings.ToLower(authorization)} {
		got := start(t, request("/.well-known/acme-challenge/"+asked, root), nil)
		if got != (outcome{stdout: answered}) {
			t.Errorf("%s: %+v", asked, got)
		}
	}
	if got := start(t, request("/"+token, root, "SCRIPT_NAME=/.well-known/acme-challenge"), nil); got != (outcome{stdout: answered}) {
		t.Errorf("mapped for challenges: %+v", got)
	}
	wasd := []string{"WWW_SERVER_SOFTWARE=HTTPd-WASD/12.2", "WWW_GATEWAY_INTERFACE=CGI/1.1", "WWW_REQUEST_METHOD=GET",
		"WWW_SERVER_PROTOCOL=HTTP/1.1", "WWW_SCRIPT_NAME=/cgi-bin/wcme", "WWW_PATH_INFO=/.well-known/acme-challenge/" + token, root}
	if got := start(t, wasd, nil); got != (outcome{stdout: answered}) {
		t.Errorf("WASD: %+v", got)
	}
}

// TestArgumentsAreIgnored is G01, with what Apache makes of such query strings.
func TestArgumentsAreIgnored(t *testing.T) {
	environ := request("/.well-known/acme-challenge/"+token, "WCME_ROOT="+pending(t))
	for _, arguments := range [][]string{
		{"-h"}, {"--help"}, {"-config", "/etc/passwd"}, {"--config", "/x"}, {"-"}, {"--"}, {"-d=1"}, {"--root", "/x"}, {"--root=/x"},
		{"version"}, {"setup"}, {"overseer"}, {"/certify=evil.example"}, {"-test.run=x"}, {"a", "b"}, {"--run", "id"},
		{strings.Repeat("-", 100_000)}, {""}, {"\n"},
	} {
		if got := start(t, environ, arguments); got != (outcome{stdout: answered}) {
			t.Errorf("%.40q: %+v", arguments, got)
		}
	}
}

// TestHostileEnvironment is G03.
func TestHostileEnvironment(t *testing.T) {
	dir := t.TempDir()
	environ := request("/.well-known/acme-challenge/"+token, "WCME_ROOT="+pending(t),
		"HTTP_PROXY=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "ALL_PROXY=x", "NO_PROXY=",
		"LD_PRELOAD=/x.so", "LD_LIBRARY_PATH=/x", "GODEBUG=http2debug=2,netdns=cgo+9", "GOTRACEBACK=crash", "GOGC=1", "GOMEMLIMIT=1",
		"GOMAXPROCS=999", "TMPDIR="+dir, "TMPDIR=/nowhere", "SSLKEYLOGFILE="+filepath.Join(dir, "keys"), "TZ=../../x", "HOME=/nowhere",
		"PATH=/nowhere", "LANG=\xff", "BASH_FUNC_x%%=() { :;}; id", "=x", "no equals sign", "LISTEN_FDS=3", "LISTEN_PID=1",
		"HTTP_WCME_ROOT=/etc", "WWW_WCME_ROOT=/etc", "REDIRECT_WCME_ROOT=/etc")
	if got := start(t, environ, nil); got != (outcome{stdout: answered}) {
		t.Errorf("%+v", got)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

// TestHostileRequests are refused by the program as by its gateway: never by an
// empty answer.
func TestHostileRequests(t *testing.T) {
	for _, row := range []struct{ variable, status string }{
		{"HTTP_HOST=a?", "400 Bad Request"},
		{"PATH_INFO=/admin/../admin/list", "400 Bad Request"},
		{"SERVER_PROTOCOL=HTTP/2x", "400 Bad Request"},
		{"REQUEST_METHOD=", "400 Bad Request"},
		{"CONTENT_LENGTH=-1", "400 Bad Request"},
		{"CONTENT_LENGTH=104857600", "413 Request Entity Too Large"},
		{"HTTP_COOKIE=" + strings.Repeat("a", 100_000), "431 Request Header Fields Too Large"},
		{"QUERY_STRING=" + strings.Repeat("a", 100_000), "414 Request URI Too Long"},
	} {
		got := start(t, request("/admin/list", row.variable), nil)
		got.want(t, row.status, ".\n")
		if strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%.40s: stderr %q, want one line", row.variable, got.stderr)
		}
	}
}

func TestRunByHandExplainsItself(t *testing.T) {
	for _, environ := range [][]string{nil, os.Environ(), {"HTTP_HOST=a", "SCRIPT_NAME=/x", "REQUEST_METHOD="}} {
		for _, arguments := range [][]string{nil, {"--help"}, {"overseer"}} {
			got := start(t, environ, arguments)
			if got.status != 2 || got.stdout != "" || !strings.Contains(got.stderr, "ScriptAlias /.well-known/acme-challenge") {
				t.Errorf("%+v, want exit 2 and how to map it", got)
			}
		}
	}
}

func TestMissingRootIsToldToTheLogOnly(t *testing.T) {
	got := start(t, request("/.well-known/acme-challenge/"+token, "WCME_ROOT=/nowhere/at/all"), nil)
	got.want(t, "404 Not Found", "\r\n\r\n"+unknown)
	if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, "/nowhere/at/all/www") || !strings.Contains(got.stderr, "WCME_ROOT") {
		t.Errorf("stderr %q", got.stderr)
	}
	if strings.Contains(got.stdout, "nowhere") {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestListPage(t *testing.T) {
	root := pending(t)
	serveList(t, filepath.Join(root, "overseer.sock"))
	start(t, request("/admin/list", "WCME_ROOT="+root, "REMOTE_USER=admin", "AUTH_TYPE=Basic"), nil).want(t, "200 OK", "www.example.org")
	start(t, request("/admin/list", "WCME_SOCKET="+filepath.Join(root, "overseer.sock"), "REMOTE_USER=admin", "AUTH_TYPE=Basic"), nil).want(t, "200 OK", "www.example.org")
	start(t, request("/admin/list", "WCME_ROOT="+root), nil).want(t, "403 Forbidden", "&lt;Location")
	start(t, request("/admin/list", "WCME_ROOT="+root, "HTTP_REMOTE_USER=admin"), nil).want(t, "403 Forbidden", "&lt;Location")
	start(t, request("/", "WCME_ROOT="+root), nil).want(t, "303 See Other", "\r\nLocation: /cgi-bin/wcme/admin/list\r\n")
}

// TestOverseerAbsent is G21; HTTP_PROXY is set, because a request to the overseer
// must not be sent there.
func TestOverseerAbsent(t *testing.T) {
	root := pending(t)
	got := start(t, request("/admin/list", "WCME_ROOT="+root, "REMOTE_USER=admin", "AUTH_TYPE=Basic", "HTTP_PROXY=http://127.0.0.1:1"), nil)
	got.want(t, "503 Service Unavailable", "<code>wcme overseer</code>")
	if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, filepath.Join(root, "overseer.sock")) {
		t.Errorf("stderr %q", got.stderr)
	}
	if strings.Contains(got.stdout, root) {
		t.Errorf("a path is shown: %s", got.stdout)
	}
}

// TestVisitorWhoLeaves is G17: nobody reads the answer.
func TestVisitorWhoLeaves(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	var stderr bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, os.Getenv("WCME_TEST_SCRIPT"))
	command.Env = request("/.well-known/acme-challenge/"+token, "WCME_ROOT="+pending(t))
	command.Stdout, command.Stderr = writer, &stderr
	if err := command.Run(); err == nil || ctx.Err() != nil || stderr.Len() > 0 {
		t.Errorf("ended with %v, stderr %q; want an end without a word", err, &stderr)
	}
}

// TestUnwantedBodyLosesNoAnswer passes a large body as mod_cgid does: on the
// socket that the answer comes back on, and all of it before it reads.
func TestUnwantedBodyLosesNoAnswer(t *testing.T) {
	for _, row := range []struct{ variable, status string }{
		{"CONTENT_LENGTH=1000000", "413 Request Entity Too Large"},
		{"HTTP_TRANSFER_ENCODING=chunked", "405 Method Not Allowed"},
	} {
		command, server := startOnSocket(t, request("/.well-known/acme-challenge/"+token, "REQUEST_METHOD=POST", row.variable))
		if _, err := server.Write(make([]byte, 1_000_000)); err != nil {
			t.Errorf("%s: write the body: %v", row.variable, err)
		}
		if err := syscall.Shutdown(int(server.Fd()), syscall.SHUT_WR); err != nil {
			t.Error(err)
		}
		answer, err := io.ReadAll(server)
		if err != nil || !strings.HasPrefix(string(answer), "Status: "+row.status+"\r\n") {
			t.Errorf("%s: got %q and %v, want %s", row.variable, answer, err, row.status)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("%s: %v", row.variable, err)
		}
	}
}

// startOnSocket runs the script as mod_cgid does, with one socket as its input
// and output, and returns the other end.
func startOnSocket(t *testing.T, environ []string) (*exec.Cmd, *os.File) {
	t.Helper()
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(ends[0])
	syscall.CloseOnExec(ends[1])
	server, its := os.NewFile(uintptr(ends[0]), "server"), os.NewFile(uintptr(ends[1]), "script")
	t.Cleanup(func() { server.Close() })
	defer its.Close()
	command := exec.CommandContext(t.Context(), os.Getenv("WCME_TEST_SCRIPT"))
	command.Env = environ
	command.Stdin, command.Stdout, command.Stderr = its, its, os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, server
}

// TestPoorSurroundings is G19: few descriptors, no home, a directory that is gone.
func TestPoorSurroundings(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), "/bin/sh", "-c", `rmdir "$PWD"; umask 000; exec 0<&-; ulimit -n 8; exec "$0"`, os.Getenv("WCME_TEST_SCRIPT"))
	command.Env = request("/.well-known/acme-challenge/"+token, "WCME_ROOT="+pending(t))
	command.Dir = filepath.Join(dir, "gone")
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := os.Mkdir(command.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := command.Run(); err != nil || stdout.String() != answered {
		t.Errorf("%v, got %q, stderr %q", err, &stdout, &stderr)
	}
}

// serveList is an overseer that manages one certificate.
func serveList(t *testing.T, socket string) {
	t.Helper()
	listener, err := control.Listen(socket, -1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	server := &control.Server{Administration: oneCertificate{}, Access: everyUser{}, Script: -1, Log: slog.New(slog.DiscardHandler)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Logf("overseer: %v", err)
		}
	})
}

// oneCertificate is all that the overseer of the tests can do.
type oneCertificate struct{ control.Administration }

func (oneCertificate) Overview(context.Context, acmecore.Query) (acmecore.Overview, error) {
	now := time.Now()
	return acmecore.Overview{Total: 1, Matching: 1, Page: 1, Pages: 1, Certificates: []acmecore.Certificate{{
		ID: "www_example_org", Names: []acmecore.Name{"www.example.org"}, CA: "pebble", Version: "1",
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(80 * 24 * time.Hour),
	}}}, nil
}

// everyUser admits whomever the web server has authenticated.
type everyUser struct{ control.Access }

func (everyUser) Admit(_ context.Context, claim acmecore.Claim) (acmecore.Admission, error) {
	if claim.User == "" {
		return acmecore.Admission{Refusal: acmecore.RefusedNobody}, nil
	}
	return acmecore.Admission{User: claim.User, Role: acmecore.RoleAdmin}, nil
}
