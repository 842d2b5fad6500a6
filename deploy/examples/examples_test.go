// Package examples_test has `wcme config` read every configuration that the
// documentation shows and that the folders of deploy hold.
package examples_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// example is a configuration, or a certificate's record.
type example struct{ at, text string }

// isRecord tells a certificate's record by its first key.
func (e example) isRecord() bool {
	return regexp.MustCompile(`(?m)\A(?:#.*\n|\n)*names *=`).MatchString(e.text)
}

// TestConfigurationsThatAreShownAreRight lets none through that `wcme config` refuses.
func TestConfigurationsThatAreShownAreRight(t *testing.T) {
	t.Parallel()
	programs, stand := lab.MustBuild(t), standIn(t)
	all := examples(t)
	if len(all) < 15 {
		t.Errorf("got %d examples only", len(all))
	}
	for _, e := range all {
		t.Run(e.at, func(t *testing.T) {
			t.Parallel()
			state := filepath.Join(lab.TempDir(t), "state")
			if output, err := programs.Command(t.Context(), state, "setup", "--web-user", "").CombinedOutput(); err != nil {
				t.Fatalf("setup: %v\n%s", err, output)
			}
			put(t, state, e, stand)
			if output, err := programs.Command(t.Context(), state, "config").CombinedOutput(); err != nil {
				t.Errorf("wcme config: %v\n%s", err, output)
			}
			// Of a record, the list says what is wrong; when nothing is, its certificate is
			// only not there yet.
			output, err := programs.Command(t.Context(), state, "list").CombinedOutput()
			if e.isRecord() && (err != nil || !strings.Contains(string(output), " missing ")) {
				t.Errorf("wcme list: %v\n%s", err, output)
			}
		})
	}
}

// put writes the example where it belongs. Programs that this host has not are some
// other one, and only root can run one as another user.
func put(t *testing.T, state string, e example, stand string) {
	t.Helper()
	path := filepath.Join(state, "etc", "wcme.toml")
	if e.isRecord() {
		path = filepath.Join(state, "etc", "certificates", filepath.Base(e.at))
	}
	text := regexp.MustCompile(`\["/[^"]+"`).ReplaceAllStringFunc(e.text, func(first string) string {
		if _, err := os.Stat(first[2 : len(first)-1]); err != nil {
			return fmt.Sprintf("[%q", stand)
		}
		return first
	})
	text = regexp.MustCompile(`(?m)^run *= *"/[^"]+"`).ReplaceAllStringFunc(text, func(line string) string {
		return fmt.Sprintf("run = %q", program(t, strings.Split(line, `"`)[1]))
	})
	for _, file := range regexp.MustCompile(`(?m)^env_file *= *"([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if err := os.WriteFile(filepath.Join(state, file[1]), []byte("TOKEN=x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		text = regexp.MustCompile(`(?m)^user *= *"www-data".*$`).ReplaceAllString(text, "")
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program is the program of that path, or one of the same name where this host has none.
func program(t *testing.T, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		return path
	}
	path = filepath.Join(lab.TempDir(t), filepath.Base(path))
	lab.WriteProgram(t, path, []byte("#!/bin/sh\n"))
	return path
}

// standIn is a program that does nothing.
func standIn(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// examples finds them: files called .toml, and in documents what is fenced as such.
func examples(t *testing.T) (all []example) {
	t.Helper()
	top, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	all = fenced(t, top, filepath.Join(top, "README.md"))
	err = filepath.WalkDir(filepath.Join(top, "deploy"), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir() && entry.Name() == "testdata":
			if err == nil {
				err = filepath.SkipDir
			}
		case strings.HasSuffix(path, ".md"):
			all = append(all, fenced(t, top, path)...)
		case strings.HasSuffix(path, ".toml"):
			all = append(all, example{name(t, top, path), read(t, path)})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fenced takes the configurations out of a document.
func fenced(t *testing.T, top, path string) (all []example) {
	t.Helper()
	for i, block := range regexp.MustCompile("(?ms)^```toml\n(.*?)^```$").FindAllStringSubmatch(read(t, path), -1) {
		all = append(all, example{fmt.Sprintf("%s, %d", name(t, top, path), i+1), block[1]})
	}
	return all
}

func name(t *testing.T, top, path string) string {
	t.Helper()
	relative, err := filepath.Rel(top, path)
	if err != nil {
		t.Fatal(err)
	}
	return relative
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
