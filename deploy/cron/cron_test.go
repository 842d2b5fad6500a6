// Package cron_test runs the line of crontab that stands in wcme, as cron would.
package cron_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// line returns the command, and checks what stands before it: five fields of time
// and a user (crontab(5)).
func line(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("wcme")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^(?:[0-9]+|\*) +[0-9]+ +\* +\* +\* +root +(\S.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(found) != 1 {
		t.Fatalf("got %d lines that cron would run, want 1:\n%s", len(found), text)
	}
	if strings.Contains(found[0][1], "%") {
		t.Errorf("got %q: cron makes line ends of %%", found[0][1])
	}
	return found[0][1]
}

// TestCronMailsOnlyWhatMatters: cron mails all output.
func TestCronMailsOnlyWhatMatters(t *testing.T) {
	t.Parallel()
	programs := lab.MustBuild(t)
	state := filepath.Join(lab.TempDir(t), "state")
	if output, err := programs.Command(t.Context(), state, "setup", "--web-user", "").CombinedOutput(); err != nil {
		t.Fatalf("setup: %v\n%s", err, output)
	}
	run := func(line string) (string, error) {
		cmd := exec.Command("/bin/sh", "-c", line)
		cmd.Env = []string{"PATH=" + filepath.Dir(programs.Wcme) + ":/usr/bin:/bin", "WCME_ROOT=" + state, "WCME_OPCOM=none", "HOME=/"}
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	cron := func() (string, error) { return run(line(t)) }
	if output, err := cron(); err != nil || output != "" {
		t.Errorf("nothing is due: got %q, %v; want neither output nor failure", output, err)
	}
	record := filepath.Join(state, "etc", "certificates", "www_example_test.toml")
	if err := os.WriteFile(record, []byte("nmaes = []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	output, err := cron()
	if err == nil || !strings.Contains(output, "www_example_test: is unusable; not obtained: ") {
		t.Errorf("a record that nobody can read: got %q, %v; want a line and failure", output, err)
	}

	// Where wCME reports by itself, cron mails that a pass failed, and not what.
	beside := strings.Replace(line(t), "--quiet", "--quiet >/dev/null", 1)
	if output, err := run(beside); err == nil || !strings.HasPrefix(output, "error: ") || strings.Contains(output, "www_example_test") {
		t.Errorf("without what it says of certificates: got %q, %v; want one error and failure", output, err)
	}
}
