package load_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/load"
)

// TestCheckRefusesWhatOthersCouldChange is L07.
func TestCheckRefusesWhatOthersCouldChange(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func(t *testing.T, dir string) (program string)
		wants string // "" where nothing is wrong
	}{
		{"L07 a program", plain(0o755), ""},
		{"L07 its owner's alone", plain(0o700), ""},
		{"L07 a link to a program", func(t *testing.T, dir string) string {
			return link(t, plain(0o755)(t, dir), dir+"/link")
		}, ""},
		{"L07 a relative link through ..", func(t *testing.T, dir string) string {
			plain(0o755)(t, dir)
			mkdir(t, dir+"/sub", 0o755)
			return link(t, "../load", dir+"/sub/link")
		}, ""},
		{"L07 below a directory like /tmp", func(t *testing.T, dir string) string {
			mkdir(t, dir+"/tmp", 0o755)
			program := plain(0o755)(t, dir+"/tmp")
			chmod(t, dir+"/tmp", 0o777|os.ModeSticky)
			return program
		}, ""},
		{"L07 missing", func(_ *testing.T, dir string) string { return dir + "/load" }, "no such file"},
		{"L07 not executable", plain(0o644), "not executable"},
		{"L07 relative path", func(*testing.T, string) string { return "load" }, "not an absolute path"},
		{"L07 relative path with a slash", func(*testing.T, string) string { return "./load" }, "not an absolute path"},
		{"L07 world-writable", plain(0o757), "can be changed by others"},
		{"L07 group-writable", plain(0o775), "can be changed by others"},
		{"L07 in a directory writable by others", func(t *testing.T, dir string) string {
			program := plain(0o755)(t, dir)
			chmod(t, dir, 0o777)
			return program
		}, "can be changed by others"},
		{"L07 in a directory writable by a group", func(t *testing.T, dir string) string {
			program := plain(0o755)(t, dir)
			chmod(t, dir, 0o775)
			return program
		}, "can be changed by others"},
		{"L07 a parent writable by others", func(t *testing.T, dir string) string {
			mkdir(t, dir+"/a", 0o755)
			mkdir(t, dir+"/a/b", 0o755)
			program := plain(0o755)(t, dir+"/a/b")
			chmod(t, dir+"/a", 0o777)
			return program
		}, "/a can be changed by others"},
		{"L07 a link through a directory writable by others", func(t *testing.T, dir string) string {
			mkdir(t, dir+"/open", 0o755)
			link(t, plain(0o755)(t, dir), dir+"/open/middle")
			chmod(t, dir+"/open", 0o777)
			return link(t, dir+"/open/middle", dir+"/link")
		}, "/open can be changed by others"},
		{"L07 a directory", func(t *testing.T, dir string) string { mkdir(t, dir+"/load", 0o755); return dir + "/load" }, "is not a file"},
		{"L07 a link to itself", func(t *testing.T, dir string) string { return link(t, dir+"/link", dir+"/link") }, "too many symbolic links"},
		{"L07 a file in place of a directory", func(t *testing.T, dir string) string { return plain(0o755)(t, dir) + "/load" }, "not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			action := load.Action{Name: "mail", Args: []string{c.make(t, place(t))}}
			wantRefusal(t, action.Check(), c.wants)
			if c.wants == "" {
				return
			}
			// The configuration may have been checked before the file was changed.
			if result := run(t, action); !strings.Contains(result.Problem, c.wants) || len(result.Commands) != 0 {
				t.Errorf("Run: got %q and %d commands, want a problem with %q and none", result.Problem, len(result.Commands), c.wants)
			}
		})
	}
}

// wantRefusal wants an error with the words, and something to try; or none for "".
func wantRefusal(t *testing.T, err error, words string) {
	t.Helper()
	switch {
	case words == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case words != "" && (err == nil || !strings.Contains(err.Error(), words)):
		t.Errorf("got %v, want an error with %q", err, words)
	case words != "" && (acmecore.KindOf(err) != acmecore.Invalid || !strings.HasPrefix(err.Error(), "check load action mail: ")):
		t.Errorf("got %v of kind %q", err, acmecore.KindOf(err))
	}
}

func TestRightsCheckRefusesForeignPrograms(t *testing.T) {
	name, uid, _ := nobody(t)
	dir := place(t)
	program := plain(0o755)(t, dir)
	if err := os.Lchown(program, uid, -1); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, load.Action{Name: "mail", Args: []string{program}}.Check(), "belongs to "+name)
	wantRefusal(t, load.Action{Name: "mail", Args: []string{program}, User: name}.Check(), "")

	pointer := link(t, "/bin/true", dir+"/link")
	if err := os.Lchown(pointer, uid, -1); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, load.Action{Name: "mail", Args: []string{pointer}}.Check(), "belongs to "+name)
}

func TestCheckWantsOneWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		action load.Action
		wants  string
	}{
		{"the standard load", load.Action{Standard: true}, ""},
		{"a list", load.Action{Args: []string{"/bin/true"}}, ""},
		{"a text", load.Action{Shell: "true"}, ""},
		{"a text for a user by number", load.Action{Shell: "true", User: "0"}, ""},
		{"nothing", load.Action{}, "nothing to run"},
		{"blanks", load.Action{Shell: " \n"}, "nothing to run"},
		{"an empty program", load.Action{Args: []string{""}}, "not an absolute path"},
		{"two ways", load.Action{Standard: true, Shell: "true"}, "more than one"},
		{"the standard load as somebody", load.Action{Standard: true, User: "nobody"}, "cannot run as another user"},
		{"an unknown user", load.Action{Shell: "true", User: "no such\x1b[31muser"}, `there is no user "no such?[31muser"`},
		{"a time limit below nothing", load.Action{Shell: "true", Timeout: -1}, "over before it begins"},
		{"NUL in a text", load.Action{Shell: "true\x00"}, "NUL"},
		{"NUL in a list", load.Action{Args: []string{"/bin/true", "\x00"}}, "NUL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.action.Name = "mail"
			if os.Geteuid() != 0 && c.action.User == "0" {
				c.action.User = ""
			}
			wantRefusal(t, c.action.Check(), c.wants)
		})
	}
}

// plain makes a program.
func plain(mode os.FileMode) func(t *testing.T, dir string) string {
	return func(t *testing.T, dir string) string {
		t.Helper()
		path := filepath.Join(dir, "load")
		script(t, path, mode)
		return path
	}
}

func link(t *testing.T, target, path string) string {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func mkdir(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
