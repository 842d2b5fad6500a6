package lab_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/deploy/lab"
)

func TestPebbleBehavesAsAsked(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{
		Dir:          lab.TempDir(t),
		HTTPPort:     80,
		Strict:       true,
		NonceReject:  20,
		AuthzReuse:   30,
		ChainLength:  2,
		ExternalKeys: map[string]string{"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"},
		Profiles:     map[string]time.Duration{"short": 6 * 24 * time.Hour},
	})
	var directory struct {
		Meta struct {
			Required bool              `json:"externalAccountRequired"`
			Profiles map[string]string `json:"profiles"`
		} `json:"meta"`
	}
	if err := json.Unmarshal([]byte(get(t, pebble.Client, pebble.Directory)), &directory); err != nil {
		t.Fatal(err)
	}
	if !directory.Meta.Required || directory.Meta.Profiles["short"] == "" {
		t.Errorf("directory: got %+v, want an external account required and a profile", directory)
	}
	for _, want := range []string{"strict mode", "reject 20% of good nonces", "30% of the time", "Disabling random VA sleeps", "-> Pebble Intermediate CA"} {
		if !strings.Contains(pebble.Log(), want) {
			t.Errorf("log: got no %q in\n%s", want, pebble.Log())
		}
	}
}

func TestNameServerKnowsEveryName(t *testing.T) {
	t.Parallel()
	names := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80}).Names
	if err := names.Point(t.Context(), "there.example.test", "127.9.9.9"); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{"any.example.test": "127.0.0.1", "there.example.test": "127.9.9.9"} {
		if got, err := names.Lookup(t.Context(), host); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, %v, want %s", host, got, err, want)
		}
	}
}

// script prints the user that it runs as.
const script = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nid -un\n"

// scripted is an Apache that runs it at /script.
func scripted(t *testing.T) lab.ApacheOptions {
	t.Helper()
	dir := lab.TempDir(t)
	if err := os.WriteFile(filepath.Join(dir, "source"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := lab.Install(filepath.Join(dir, "source"), filepath.Join(dir, "script")); err != nil {
		t.Fatal(err)
	}
	return lab.ApacheOptions{Dir: dir, Site: "ScriptAlias /script ${LAB_DIR}/script\n<Location /script>\nRequire all granted\n</Location>\n"}
}

func TestApacheRunsScriptsAndLeavesNoProcess(t *testing.T) {
	t.Parallel()
	apache, err := lab.StartApache(t.Context(), scripted(t))
	if err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	want := me.Username
	if os.Geteuid() == 0 {
		want = lab.WebUser
	}
	if got := strings.TrimSpace(get(t, http.DefaultClient, "http://"+lab.Loopback(apache.Port)+"/script")); got != want {
		t.Errorf("user of the script: got %q, want %q", got, want)
	}
	for range 2 { // the second time does nothing
		if err := apache.Stop(); err != nil {
			t.Error(err)
		}
	}
	if log := apache.AccessLog(); !strings.Contains(log, `"GET /script HTTP/1.1" 200`) {
		t.Errorf("access log: got %q", log)
	}
	if err := syscall.Kill(-apache.Process.PID(), 0); err != syscall.ESRCH {
		t.Errorf("after Stop: its process group is still there: %v", err)
	}
}

func TestApacheRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	_, err := lab.StartApache(t.Context(), lab.ApacheOptions{Dir: lab.TempDir(t), Site: "Nonsense on\n"})
	if err == nil || !strings.Contains(err.Error(), "Nonsense") {
		t.Errorf("got %v, want what apache2 -t says", err)
	}
}

func TestTakenPortIsRecognised(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = lab.StartApache(t.Context(), lab.ApacheOptions{Dir: lab.TempDir(t), Site: "Listen " + taken.Addr().String() + "\n"})
	if err == nil || !strings.Contains(err.Error(), "taken meanwhile") {
		t.Errorf("got %v, want that the port was taken", err)
	}
}

func TestStartFailsWithTheLogOfTheProgram(t *testing.T) {
	t.Parallel()
	programs := lab.MustBuild(t)
	programs.Pebble = programs.Wcme // it knows none of Pebble's flags
	_, err := lab.StartPebble(t.Context(), programs, lab.PebbleOptions{Dir: lab.TempDir(t)})
	if err == nil || !strings.Contains(err.Error(), "its log") {
		t.Errorf("got %v, want an error with the log", err)
	}
}

func TestFreePortsDiffer(t *testing.T) {
	t.Parallel()
	ports, err := lab.FreePorts(50)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	for _, port := range ports {
		seen[port] = true
	}
	if len(seen) != 50 {
		t.Errorf("different ports: got %d, want 50", len(seen))
	}
}

func TestCheckChain(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	id, err := lab.MakeIdentity(dir, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := lab.MakeIdentity(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ what, certificate, key, root, name, want string }{
		{"all well", id.Certificate, id.Key, id.Root, "www.example.test", ""},
		{"another name", id.Certificate, id.Key, id.Root, "ftp.example.test", "valid for"},
		{"another root", id.Certificate, id.Key, stranger.Root, "www.example.test", "unknown authority"},
		{"another key", id.Certificate, stranger.Key, id.Root, "www.example.test", "does not match"},
	} {
		chain := filepath.Join(dir, "chain.pem")
		if err := os.WriteFile(chain, append(read(t, row.certificate), read(t, row.key)...), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := lab.CheckChain(chain, read(t, row.root), row.name)
		if got := fmt.Sprint(err); (row.want == "") != (err == nil) || !strings.Contains(got, row.want) && row.want != "" {
			t.Errorf("%s: got %v, want %q", row.what, err, row.want)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return string(body)
}
