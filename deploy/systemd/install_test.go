package systemd_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// files lists the files below a directory, with their modes.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			list = append(list, info.Mode().String()+" "+strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// programs and ofSystemd are what is installed, as `ls -l` shows it.
func programs() []string {
	return []string{"-rwxr-xr-x /opt/bin/wcme", "-rwxr-xr-x /opt/cgi/wcme", "-rwxr-xr-x /opt/cgi/wcme-pages"}
}

func ofSystemd() []string {
	return []string{
		"-rw-r--r-- /opt/lib/systemd/system/wcme-overseer.service",
		"-rw-r--r-- /opt/lib/systemd/system/wcme-web.service",
		"-rw-r--r-- /opt/lib/systemd/system/wcme-web.socket",
		"-rw-r--r-- /opt/lib/sysusers.d/wcme.conf",
		"-rw-r--r-- /opt/lib/tmpfiles.d/wcme.conf",
	}
}

// some of the examples, one of each kind.
func someExamples() []string {
	return []string{
		"-rw-r--r-- /opt/share/wcme/apache/wcme.conf",
		"-rw-r--r-- /opt/share/wcme/cron/wcme",
		"-rwxr-xr-x /opt/share/wcme/openrc/init.d/wcme",
		"-rwxr-xr-x /opt/share/wcme/s6/wcme-overseer/run",
		"-rwxr-xr-x /opt/share/wcme/mail/load-pmdf",
		"-rw-r--r-- /opt/share/wcme/nginx/wcme.toml",
		"-rw-r--r-- /opt/share/wcme/systemd/README.md",
		"-rw-r--r-- /opt/share/wcme/systemd/50-wcme.rules",
		"-rw-r--r-- /opt/share/wcme/systemd/wcme-overseer.service.d/root.conf",
	}
}

// split parts the examples from what is installed beside them.
func split(all []string) (examples, others []string) {
	for _, file := range all {
		if strings.Contains(file, " /opt/share/wcme/") {
			examples = append(examples, file)
		} else {
			others = append(others, file)
		}
	}
	return examples, others
}

func TestInstallAndUninstall(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		systemd string
		want    []string
	}{
		{"yes", append(programs(), ofSystemd()...)},
		{"no", programs()},
	} {
		dir := filepath.Join(lab.TempDir(t), "with a blank")
		variables := []string{"DESTDIR=" + dir, "PREFIX=/opt", "CGIBINDIR=/opt/cgi", "SYSTEMD=" + row.systemd}
		for range 2 { // again is no harm
			installed(t, "install", variables...)
		}
		examples, others := split(files(t, dir))
		slices.Sort(row.want)
		slices.Sort(others)
		if !slices.Equal(others, row.want) {
			t.Errorf("SYSTEMD=%s: got %q, want %q", row.systemd, others, row.want)
		}
		for _, want := range someExamples() {
			if !slices.Contains(examples, want) {
				t.Errorf("SYSTEMD=%s: %s is not among the examples %q", row.systemd, want, examples)
			}
		}
		for _, example := range examples {
			if strings.HasSuffix(example, ".go") || strings.Contains(example, "/lab/") || strings.Contains(example, ".txtar") {
				t.Errorf("SYSTEMD=%s: %s is no example", row.systemd, example)
			}
		}
		checkUninstall(t, dir, variables)
	}
}

// checkUninstall: an administrator's own file beside the examples stays.
func checkUninstall(t *testing.T, dir string, variables []string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "opt/share/wcme/apache/mine.conf"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	installed(t, "uninstall", variables...)
	if got, want := files(t, dir), []string{"-rw-r--r-- /opt/share/wcme/apache/mine.conf"}; !slices.Equal(got, want) {
		t.Errorf("after uninstall: got %q, want %q", got, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "opt/share/wcme/s6")); err == nil {
		t.Error("after uninstall: got an empty directory of examples, want none")
	}
	installed(t, "uninstall", variables...) // nothing left to do
}

// TestInstalledTextsNameTheInstallation: no path of the default installation is left.
func TestInstalledTextsNameTheInstallation(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	installed(t, "install", "DESTDIR="+dir, "PREFIX=/opt", "CGIBINDIR=/opt/cgi", "SYSTEMD=yes")
	_, others := split(files(t, dir))
	for _, file := range others {
		_, path, _ := strings.Cut(file, " ")
		if strings.HasPrefix(file, "-rwx") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		for _, usual := range []string{"/usr/local", "/usr/lib/cgi-bin"} {
			if strings.Contains(string(text), usual) {
				t.Errorf("%s still has %s:\n%s", path, usual, text)
			}
		}
	}
	unit, err := os.ReadFile(filepath.Join(dir, "opt/lib/systemd/system/wcme-web.service"))
	if err != nil || !strings.Contains(string(unit), "\nExecStart=/opt/cgi/wcme\n") ||
		!strings.Contains(string(unit), "\nExecPaths=/opt/cgi/wcme /opt/cgi/wcme-pages\n") {
		t.Errorf("wcme-web.service: got %s, %v; want the script of /opt/cgi", unit, err)
	}
}
