package process_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore/process"
)

// TestUmaskIsSetWithoutUnshare is L10 where a thread can have no umask of its own.
func TestUmaskIsSetWithoutUnshare(t *testing.T) {
	mask := syscall.Umask(0o077)
	defer syscall.Umask(mask)
	cmd := exec.Command("/bin/sh", "-c", "umask; echo \"$1\"; echo $$", "sh", "$(id) *'\"\n-c")
	process.ThroughShell(cmd)
	got, err := cmd.Output()
	if want := fmt.Sprintf("0022\n$(id) *'\"\n-c\n%d\n", cmd.Process.Pid); err != nil || string(got) != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

func TestInertLinesKeepsLines(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"line ends", "a\r\nb\n\n", "a\nb"},
		{"a return", "10%\r20%", "10% 20%"},
		{"a long line", strings.Repeat("é", 3000) + "\x00", strings.Repeat("é", 3000) + "?"},
		{"blanks at both ends", " a ", " a "},
		{"brackets", "[a]", "[a]"},
	} {
		if got := process.InertLines(c.text); got != c.want {
			t.Errorf("%s: got %.60q, want %.60q", c.name, got, c.want)
		}
	}
}

func FuzzInertLines(f *testing.F) {
	f.Add("\x1b[31m\n\xff\x00\r\n\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		got := process.InertLines(text)
		if len(got) > len(text) || bytes.ContainsAny([]byte(got), "\x00\x1b\r\t\x7f") || strings.Count(got, "\n") > strings.Count(text, "\n") {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// TestExecuteHidesSecrets also where the middle of the output is cut out within one.
func TestExecuteHidesSecrets(t *testing.T) {
	const secret = "s3cret/Wörd"
	for _, c := range []struct{ name, script, want string }{
		{"in the middle", `echo "a $1 b"`, "a … b"},
		{"twice", `printf %s "$1$1"`, "……"},
		{"none", `echo a`, "a"},
		{"cut at its end", `printf '12345678901%s' "$1"; printf %080d 0`, "12345678901…\n… 63 bytes left out …\n00000000000000000000"},
		{"cut at its beginning", `printf %080d 0; printf '%s12345678901' "$1"`, "00000000000000000000\n… 63 bytes left out …\n…12345678901"},
	} {
		t.Run(c.name, func(t *testing.T) {
			command := process.Command{Args: []string{"/bin/sh", "-c", c.script, "sh", secret}, As: process.Ourselves(),
				Environment: []string{"PATH=" + process.SearchPath}, Shown: []string{"shown"}, Kept: 20, Secrets: []string{secret, "x", ""}}
			done := new(process.Runner).Execute(context.Background(), "test", command)
			if done.Output != c.want || done.Problem != "" || fmt.Sprint(done.Args) != "[shown]" {
				t.Errorf("got %q, %q and the arguments %q, want %q", done.Output, done.Problem, done.Args, c.want)
			}
		})
	}
}
