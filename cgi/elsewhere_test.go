package main_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/acmecore/challenge"
	"wcme/deploy/lab"
)

// publish makes the settings known to the script of the state directory.
func publish(t *testing.T, root string, settings challenge.Settings) {
	t.Helper()
	if err := challenge.Directory(filepath.Join(root, "www")).PublishSettings(settings); err != nil {
		t.Fatal(err)
	}
}

// TestTheScriptAnswersForOtherClients, and still for itself, without an overseer.
func TestTheScriptAnswersForOtherClients(t *testing.T) {
	root, other := pending(t), t.TempDir()
	foreign := strings.Repeat("f", 42) + "F"
	foreignAnswer := foreign + "." + strings.Repeat("t", 43)
	if err := errors.Join(os.WriteFile(filepath.Join(other, foreign), []byte(foreignAnswer+"\n"), 0o644),
		os.WriteFile(filepath.Join(other, "index.html"), []byte("secret"), 0o644)); err != nil {
		t.Fatal(err)
	}
	publish(t, root, challenge.Settings{Fallback: []string{filepath.Join(other, "gone"), other}})
	for _, asked := range []string{foreign, strings.ToLower(foreign), foreignAnswer} {
		got := start(t, request("/.well-known/acme-challenge/"+asked, "WCME_ROOT="+root), nil)
		if want := strings.Replace(answered, authorization, foreignAnswer, 1); got != (outcome{stdout: want}) {
			t.Errorf("%s: got %+v, want %q", asked, got, want)
		}
	}
	if got := start(t, request("/.well-known/acme-challenge/"+token, "WCME_ROOT="+root), nil); got != (outcome{stdout: answered}) {
		t.Errorf("its own: %+v", got)
	}
	for _, asked := range []string{strings.Repeat("x", 43), "index.html", ".wcme.json"} {
		got := start(t, request("/.well-known/acme-challenge/"+asked, "WCME_ROOT="+root), nil)
		if got.want(t, "404 Not Found", unknown); got.stderr != "" || strings.Contains(got.stdout, "secret") {
			t.Errorf("%s: %+v", asked, got)
		}
	}
}

// TestTheScriptRelays, whatever the environment and the visitor say of proxies:
// HTTP_PROXY is a visitor's header "Proxy".
func TestTheScriptRelays(t *testing.T) {
	root := pending(t)
	foreign := strings.Repeat("f", 43)
	var asked, trapped atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/inner/"+foreign || r.Header.Get("Wcme-Relay") == "" || r.Header.Get("Cookie") != "" || r.URL.RawQuery != "" {
			http.Error(w, "that is not what a relay asks", http.StatusBadRequest)
			return
		}
		io.WriteString(w, foreign+"."+foreign)
	}))
	t.Cleanup(inner.Close)
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { trapped.Add(1) }))
	t.Cleanup(trap.Close)
	// Not 127.0.0.1, for which nobody ever asks a proxy.
	to := strings.Replace(inner.URL, "127.0.0.1", "0.0.0.0", 1) + "/inner/"
	publish(t, root, challenge.Settings{Relays: []challenge.Relay{{Host: "www.example.org", To: to}}})

	more := []string{"WCME_ROOT=" + root, "HTTP_PROXY=" + trap.URL, "http_proxy=" + trap.URL, "ALL_PROXY=" + trap.URL, "NO_PROXY=",
		"HTTP_COOKIE=a=b", "QUERY_STRING=x=y", "HTTP_X_FORWARDED_HOST=evil.example"}
	got := start(t, request("/.well-known/acme-challenge/"+foreign, more...), nil)
	if want := "\r\n\r\n" + foreign + "." + foreign; got.status != 0 || got.stderr != "" || !strings.HasSuffix(got.stdout, want) {
		t.Errorf("got %+v, want %q", got, want)
	}
	for _, row := range [][]string{
		{"/.well-known/acme-challenge/" + foreign, "HTTP_HOST=other.example.org"},
		{"/.well-known/acme-challenge/" + foreign, "HTTP_WCME_RELAY=1"},
		{"/.well-known/acme-challenge/short"},
		{"/.well-known/acme-challenge/" + token + "/x"},
	} {
		got := start(t, request(row[0], append(more, row[1:]...)...), nil)
		if got.want(t, "404 Not Found", unknown); got.stderr != "" {
			t.Errorf("%q: stderr %q", row, got.stderr)
		}
	}
	if asked.Load() != 1 || trapped.Load() != 0 {
		t.Errorf("the server behind was asked %d times, want once; the proxy %d times, want none", asked.Load(), trapped.Load())
	}
}

func TestAFailedRelayIsToldToTheLogOnly(t *testing.T) {
	root := pending(t)
	publish(t, root, challenge.Settings{Relays: []challenge.Relay{{Host: "www.example.org", To: "http://" + lab.Nobody(t) + "/"}}})
	got := start(t, request("/.well-known/acme-challenge/"+strings.Repeat("x", 43), "WCME_ROOT="+root), nil)
	got.want(t, "404 Not Found", "\r\n\r\n"+unknown)
	if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, "www.example.org") || !strings.Contains(got.stderr, "connection refused") {
		t.Errorf("stderr %q, want one line with host and cause", got.stderr)
	}
	if strings.Contains(got.stdout, "127.0.0.1") || strings.Contains(got.stderr, strings.Repeat("x", 43)) {
		t.Errorf("told to the wrong one: %+v", got)
	}
}
