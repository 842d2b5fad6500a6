package faults_test

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wcme/acmecore"
)

// TestLoadOfWhatSaysAndIsMuch puts the actions of L03, L04, L08, L09, L10 and L14 into
// one renewal, with an overseer in an environment of its own.
func TestLoadOfWhatSaysAndIsMuch(t *testing.T) {
	t.Parallel()
	const big = 200 << 20 // of L04's 500 MB: it is the memory that counts
	tables := []string{loadUnwatched,
		loadTable("l03", "setsid sleep 90 & echo started"),
		loadTable("l04", fmt.Sprintf("echo first; head -c %d /dev/zero | tr '\\0' x; echo; echo last", big)),
		loadTable("l08", "cat; tty; read -r line </dev/tty || echo nobody is there"),
		loadTable("l09", `printf '\033[31mred\033[0m \000 \377\376 <script>alert(1)</script>\r\nlevel=ERROR msg=feigned\n'; exit 1`),
		"[[load]]\nname = \"l10\"\nrun = [\"/usr/bin/env\"]\n",
		loadTable("where", "pwd; umask; cat /proc/$PPID/cmdline | tr '\\0' ' '"),
		loadTable("l14", "kill -9 $$"),
	}
	o, dir := loadOffice(t, tables...)
	o.env = []string{"IFS=x", "LD_LIBRARY_PATH=/nonexistent", "BASH_ENV=/nonexistent", "ENV=/nonexistent", "WCME_SECRET=unsaid", "PATH=/nonexistent:" + os.Getenv("PATH")}
	o.start()
	output, status := o.try("certify", "www.example.test")
	if status != 1 {
		t.Fatalf("certify: got exit status %d, want 1\n%s", status, output)
	}
	said := make(map[string]acmecore.Command)
	problems := make(map[string]string)
	for _, name := range []string{"l03", "l04", "l08", "l09", "l10", "where", "l14"} {
		load := o.awaitLoads(name, 1)[0]
		said[name], problems[name] = load.Commands[0], load.Problem
	}
	if got := said["l03"]; problems["l03"] != "" || got.Output != "started" || got.Ended.Sub(got.Began) > time.Minute {
		t.Errorf("L03 leaves something behind that has its output: got %+v", got)
	}
	if got := said["l04"]; problems["l04"] != "" || len(got.Output) > 9<<10 || !strings.HasPrefix(got.Output, "first\nxxx") || !strings.HasSuffix(got.Output, "xxx\nlast") {
		t.Errorf("L04 says much: got %d bytes, %.40q…", len(got.Output), got.Output)
	}
	if peak := loadPeak(t, o); peak > 128<<20 {
		t.Errorf("L04: the overseer had %d MB of memory, want 128 at most", peak>>20)
	}
	if got := said["l08"]; problems["l08"] != "" || !strings.Contains(got.Output, "not a tty") || !strings.Contains(got.Output, "nobody is there") {
		t.Errorf("L08 asks somebody: got %+v", got)
	}
	loadInert(t, o, output, said["l09"].Output, problems["l09"])
	file := filepath.Join(dir, "target", "fullchain_"+string(loadID)+".pem")
	if got, want := said["l10"].Output, fmt.Sprintf("WCME_NAMES=www.example.test\nWCME_CERTIFICATES=%s\nWCME_CHANGED_FILES=%s\n"+
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOME=%s\nLANG=C.UTF-8", loadID, file, loadHome(t)); loadSorted(got) != loadSorted(want) {
		t.Errorf("L10 environment: got\n%s\nwant\n%s", got, want)
	}
	if got := said["where"].Output; !strings.HasPrefix(got, "/\n0022\n") || strings.Contains(got, "PRIVATE") {
		t.Errorf("L10 directory, umask and command line: got %q", got)
	}
	if got := said["l14"]; got.Status != -1 || !strings.Contains(problems["l14"], "SIGKILL") {
		t.Errorf("L14 ends by a signal: got %+v", got)
	}
}

// loadPeak is the most memory that the overseer had, in bytes.
func loadPeak(t *testing.T, o *office) (bytes int) {
	t.Helper()
	for line := range strings.Lines(o.read(fmt.Sprintf("/proc/%d/status", o.overseer.PID()))) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); err == nil {
			return bytes << 10
		}
	}
	t.Fatal("nothing says how much memory it had")
	return 0
}

// loadInert looks for what L09 said wherever it is shown.
func loadInert(t *testing.T, o *office, printed, recorded, problem string) {
	t.Helper()
	checked, status := o.try("check", "load", "l09")
	if status != 1 {
		t.Errorf("check load: got exit status %d, want 1", status)
	}
	log := o.read(filepath.Join(o.root, "log", "overseer.log"))
	o.awaitMail("not served", func() bool { return o.told(loadID, acmecore.EventNotServed) > 0 })
	for what, text := range map[string]string{"the record": recorded, "the record's problem": problem, "certify": printed, "check load": checked,
		"the log": log, "the standard error output": o.log(), "the mail": o.mailbox(), "list": o.run("list")} {
		if !strings.Contains(text, "red") || strings.ContainsAny(text, "\x00\x1b\r") || !utf8.ValidString(text) {
			t.Errorf("L09 in %s: got %q, want it inert", what, tailOf(text, 2000))
		}
	}
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "level=ERROR msg=feigned") {
			t.Errorf("L09 wrote a line of the log: %q", line)
		}
	}
}

func loadHome(t *testing.T) string {
	t.Helper()
	own, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return own.HomeDir
}

func loadSorted(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.HasPrefix(line, "WCME_RUN=") })
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
