// Package systemd_test installs wCME as `make install` does, and tries the units
// with systemd's own programs, as far as they go where systemd is not process 1.
package systemd_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// installed runs a target of the Makefile that installs or uninstalls, with the
// variables; what make says of its own parent is not for this one.
func installed(t *testing.T, target string, variables ...string) {
	t.Helper()
	lab.MustBuild(t)
	top, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("make", append([]string{"-s", "-C", top, target}, variables...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", target, err, output)
	}
}

// units installs below a directory, so that the programs that the units name are
// there, and returns the paths of the units.
func units(t *testing.T) (overseer, web, socket string) {
	t.Helper()
	dir := lab.TempDir(t)
	installed(t, "install", "PREFIX="+dir, "SYSTEMD=yes")
	path := func(unit string) string { return filepath.Join(dir, "lib/systemd/system", unit) }
	return path("wcme-overseer.service"), path("wcme-web.service"), path("wcme-web.socket")
}

// run runs one of systemd's programs, which must succeed, and returns all output.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=", "LC_ALL=C.UTF-8")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, output)
	}
	return string(output)
}

// dropIns are those of the overseer; "" is none.
func dropIns() []string { return []string{"", "install.conf", "root.conf"} }

// addDropIn puts one where systemd looks for it.
func addDropIn(t *testing.T, unit, dropIn string) {
	t.Helper()
	if dropIn == "" {
		return
	}
	text, err := os.ReadFile(fromHere(t, filepath.Join("wcme-overseer.service.d", dropIn)))
	if err == nil {
		err = errors.Join(os.Mkdir(unit+".d", 0o755), os.WriteFile(filepath.Join(unit+".d", dropIn), text, 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestUnitsAreShutIn reads systemd's own judgement, from 0 (nothing is open) to 10.
func TestUnitsAreShutIn(t *testing.T) {
	t.Parallel()
	level := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+) `)
	overseer, web, _ := units(t)
	for _, row := range []struct {
		unit, dropIn string
		least, most  float64
	}{{web, "", 0, 0.5}, {overseer, "", 0, 1.5}, {overseer, "install.conf", 0, 1.5}, {overseer, "root.conf", 1.5, 3.5}} {
		if row.dropIn != "" { // each alone
			row.unit, _, _ = units(t)
			addDropIn(t, row.unit, row.dropIn)
		}
		output := run(t, "systemd-analyze", "security", "--no-pager", "--offline=true", row.unit)
		found := level.FindStringSubmatch(output)
		if found == nil {
			t.Errorf("%s: there is no level in\n%s", filepath.Base(row.unit), output)
			continue
		}
		if got, err := strconv.ParseFloat(found[1], 64); err != nil || got < row.least || got > row.most {
			t.Errorf("%s %s: got an exposure of %v, want %v to %v\n%s", filepath.Base(row.unit), row.dropIn, found[1], row.least, row.most, output)
		}
	}
}

// TestUnitsAreUnits: systemd knows each line, and finds the programs.
func TestUnitsAreUnits(t *testing.T) {
	t.Parallel()
	var overseer string
	for _, dropIn := range dropIns() {
		own, web, socket := units(t)
		addDropIn(t, own, dropIn)
		if output := run(t, "systemd-analyze", "verify", "--no-pager", own, web, socket); output != "" {
			t.Errorf("systemd-analyze verify, with %q: got %s, want nothing", dropIn, output)
		}
		overseer = own
	}
	broken := filepath.Join(t.TempDir(), "broken.service")
	text, err := os.ReadFile(overseer)
	if err == nil {
		err = os.WriteFile(broken, bytes.ReplaceAll(text, []byte("ExecStart=/"), []byte("ExecStart=/nowhere/")), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("systemd-analyze", "verify", broken).CombinedOutput(); err == nil {
		t.Errorf("a unit without its program: got %s, want an error", output)
	}
}

// TestRightsOfTheUserThatIsMade makes the user and the directory of the sockets in a
// root of their own.
func TestRightsOfTheUserThatIsMade(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	if err := os.Mkdir(filepath.Join(dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "systemd-sysusers", "--root="+dir, fromHere(t, "wcme.sysusers"))
	for file, want := range map[string]string{
		"etc/passwd": `(?m)^wcme:x:(\d+):(\d+):wCME overseer:/var/lib/wcme:/usr/sbin/nologin$`,
		"etc/group":  `(?m)^wcme:x:\d+:$`,
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !regexp.MustCompile(want).Match(text) {
			t.Errorf("%s: got %s, %v; want %s", file, text, err, want)
		}
	}
	run(t, "systemd-tmpfiles", "--root="+dir, "--create", fromHere(t, "wcme.tmpfiles"))
	if info, err := os.Stat(filepath.Join(dir, "run/wcme")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("run/wcme: got %v, %v; want a directory of mode 0755", info, err)
	}
}

// fromHere is a file of this directory; go test has to know that the result
// depends on it.
func fromHere(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSocketActivation starts the script as wcme-web.socket does: at the first
// request, with the listening socket as descriptor 3.
func TestSocketActivation(t *testing.T) {
	t.Parallel()
	programs := lab.MustBuild(t)
	dir := lab.TempDir(t)
	state := filepath.Join(dir, "state")
	if output, err := programs.Command(t.Context(), state, "setup", "--web-user", "").CombinedOutput(); err != nil {
		t.Fatalf("setup: %v\n%s", err, output)
	}
	lab.MustOverseer(t, programs, state)
	socket := filepath.Join(dir, "web.sock")
	cmd := exec.Command("systemd-socket-activate", "-l", socket, "-E", "WCME_ROOT="+state, programs.Script)
	web, err := lab.Start(filepath.Join(dir, "log"), cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := web.Stop(); err != nil {
			t.Error(err)
		}
	})
	awaitFile(t, web, socket)
	if err := os.WriteFile(filepath.Join(state, "www", token), []byte(authorization), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first starts it
		answer := ask(t, socket, "", "/.well-known/acme-challenge/"+token)
		if !strings.HasSuffix(answer, "\r\n\r\n"+authorization) {
			t.Errorf("a pending challenge: got %q\n%s", answer, web.Log())
		}
	}
	if answer := ask(t, socket, "admin", "/admin/list"); !strings.Contains(answer, "Status: 200") || !strings.Contains(answer, "<h1") {
		t.Errorf("the list, for a user: got %q\n%s", answer, web.Log())
	}
	if answer := ask(t, socket, "", "/admin/list"); !strings.Contains(answer, "Status: 403") && !strings.Contains(answer, "Status: 401") {
		t.Errorf("the list, for nobody: got %q", answer)
	}
}

// A pending challenge: its token and its key authorization (RFC 8555 section 8.1).
const (
	token         = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	authorization = token + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
)

func awaitFile(t *testing.T, process *lab.Process, path string) {
	t.Helper()
	err := process.Await(t.Context(), func(context.Context) error {
		_, err := os.Stat(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a request for the path as a web server does that has the script mapped
// at /cgi-bin/wcme; the user is whom it has authenticated.
func ask(t *testing.T, socket, user, path string) string {
	t.Helper()
	params := map[string]string{
		"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "test", "REQUEST_METHOD": "GET",
		"SERVER_NAME": "www.example.test", "SERVER_PORT": "443", "HTTPS": "on", "HTTP_HOST": "www.example.test",
		"REMOTE_ADDR": "127.0.0.1", "SCRIPT_NAME": "/cgi-bin/wcme", "PATH_INFO": path, "REQUEST_URI": "/cgi-bin/wcme" + path,
	}
	if strings.HasPrefix(path, "/.well-known/") {
		params["SCRIPT_NAME"], params["REQUEST_URI"] = "", path
	}
	if user != "" {
		params["REMOTE_USER"], params["AUTH_TYPE"] = user, "Basic"
	}
	answer, err := lab.AskFastCGI(t.Context(), socket, params)
	if err != nil {
		t.Fatalf("ask for %s: %v", path, err)
	}
	return answer
}
