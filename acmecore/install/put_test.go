package install_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

func join(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }

// text makes a file of every kind of content that a template may have.
const text = "{{.Name}} {{.Host}} {{.Names}}\n{{.Leaf}}{{.Chain}}{{.FullChain}}{{.Key}}"

func TestPutWritesEachFormat(t *testing.T) {
	t.Parallel()
	pair := pairs()[0]
	end := []byte("-----END CERTIFICATE-----\n")
	leaf, chain, _ := bytes.Cut(pair.FullChain, end)
	leaf = slices.Concat(leaf, end)
	for _, row := range []struct {
		target install.Target
		want   map[string]string // "" is any content
	}{
		{install.Target{}, map[string]string{"fullchain_www_example_test.pem": join(pair.FullChain, pair.Key)}},
		{install.Target{File: "FULLCHAIN_{NAME}.PEM"}, map[string]string{"FULLCHAIN_WWW_EXAMPLE_TEST.PEM": join(pair.FullChain, pair.Key)}},
		{install.Target{Format: install.Split},
			map[string]string{"fullchain_www_example_test.pem": string(pair.FullChain), "key_www_example_test.pem": string(pair.Key)}},
		{install.Target{Format: install.Split, Plain: true, File: "{HOST}", KeyFile: "the key"},
			map[string]string{"WWW.EXAMPLE.TEST": string(pair.FullChain), "the key": string(pair.Key)}},
		{install.Target{Format: install.HAProxy}, map[string]string{"www.example.test.pem": join(pair.Key, pair.FullChain)}},
		{install.Target{Format: install.PKCS12, Password: password("secret")}, map[string]string{"www_example_test.p12": ""}},
		{install.Target{Format: install.DER}, map[string]string{"www_example_test.der": "", "www_example_test.key": ""}},
		{install.Target{Format: install.Templated, Template: text}, map[string]string{"www_example_test.pem": "www_example_test www.example.test [www.example.test example.test]\n" +
			join(leaf, chain, pair.FullChain, pair.Key)}},
	} {
		t.Run(fmt.Sprintf("%s %s", row.target.Format, row.target.File), func(t *testing.T) {
			t.Parallel()
			row.target.Dir = t.TempDir()
			changed := put(t, row.target, pair)
			if len(changed) != len(row.want) {
				t.Errorf("changed: got %v", changed)
			}
			for name, want := range row.want {
				got, err := os.ReadFile(filepath.Join(row.target.Dir, name))
				if err != nil || want != "" && string(got) != want {
					t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
				}
			}
			current(t, row.target, pair)
		})
	}
}

// formats are one target of each format.
func formats() []install.Target {
	return []install.Target{
		{Name: "combined"}, {Name: "haproxy", Format: install.HAProxy}, {Name: "split", Format: install.Split},
		{Name: "plain", Format: install.Split, Plain: true}, {Name: "der", Format: install.DER},
		{Name: "pkcs12", Format: install.PKCS12, Password: password("secret")},
		{Name: "template", Format: install.Templated, Template: text},
	}
}

// TestPutIsLevelTriggered calls it on each pass, as the overseer does.
func TestPutIsLevelTriggered(t *testing.T) {
	t.Parallel()
	for _, target := range formats() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			target.Dir = t.TempDir()
			put(t, target, pairs()[0])
			before, infos := list(target.Dir), stats(t, target.Dir)
			target.Step = func(point, path string) { t.Errorf("%s %s, where nothing is to be done", point, path) }
			if changed := put(t, target, pairs()[0]); len(changed) > 0 {
				t.Errorf("changed: got %v, want none", changed)
			}
			if after := list(target.Dir); !slices.Equal(after, before) || stats(t, target.Dir) != infos {
				t.Errorf("got %v, want %v as they were", after, before)
			}
			target.Step = nil
			for _, path := range paths(target) { // something is lost
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if seen := target.Look(pairs()[0]); seen.Current || !strings.Contains(seen.Problem, path+" is missing") || seen.Hint == "" {
					t.Errorf("look: got %+v, want %s missing", seen, path)
				}
				if changed := put(t, target, pairs()[0]); !slices.Equal(changed, []string{path}) {
					t.Errorf("changed: got %v, want %s", changed, path)
				}
				current(t, target, pairs()[0])
			}
		})
	}
}

// stats are the times and inodes of all in a directory.
func stats(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	for _, name := range list(dir) {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		system := info.Sys().(*syscall.Stat_t)
		fmt.Fprintln(&text, name, info.Mode(), system.Ino, system.Ctim, system.Uid, system.Gid)
	}
	return text.String()
}

func TestPutRenewsEachFormat(t *testing.T) {
	t.Parallel()
	for _, target := range formats() {
		t.Run(target.Name, func(t *testing.T) {
			t.Parallel()
			target.Dir = t.TempDir()
			put(t, target, pairs()[0])
			seen := target.Look(pairs()[1])
			if seen.Current || seen.Serial != "1001" || seen.NotAfter.Unix() != 1.9e9+1 || seen.Problem == "" {
				t.Errorf("look before: got %+v, want the first certificate", seen)
			}
			changed := put(t, target, pairs()[1])
			if !slices.Equal(changed, seen.Files) {
				t.Errorf("changed: got %v, want %v", changed, seen.Files)
			}
			current(t, target, pairs()[1])
			if seen := target.Look(pairs()[1]); seen.Serial != "1002" || seen.NotAfter.Unix() != 1.9e9+2 {
				t.Errorf("look after: got %+v", seen)
			}
			if left := halfMade(target.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestPutKeepsTheKeysFileWhenTheKeyIsKept: then it has not changed.
func TestPutKeepsTheKeysFileWhenTheKeyIsKept(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		target := install.Target{Dir: t.TempDir(), Format: install.Split, Plain: plain}
		pair := pairs()[0]
		put(t, target, pair)
		pair.FullChain = pair.FullChain[:bytes.LastIndex(pair.FullChain, []byte("-----BEGIN"))]
		if changed := put(t, target, pair); !slices.Equal(changed, paths(target)[:1]) {
			t.Errorf("plain %v: changed %v, want the certificate alone", plain, changed)
		}
		current(t, target, pair)
	}
}

// TestLookSaysWhatIsWrong alters what Put has written.
func TestLookSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what  string
		alter func(certificate, key string) error
		want  string
	}{
		{"another key", func(_, key string) error { return os.WriteFile(key, pairs()[1].Key, 0o600) }, "does not have its key"},
		{"another certificate", func(certificate, _ string) error { return os.WriteFile(certificate, pairs()[1].FullChain, 0o644) }, "does not have its key"},
		{"more white space", func(certificate, _ string) error {
			return os.WriteFile(certificate, append([]byte("\n"), pairs()[0].FullChain...), 0o644)
		}, "holds something else"},
		{"a key for everybody", func(_, key string) error { return os.Chmod(key, 0o644) }, "mode 0644, and is to be"},
		{"no file", func(certificate, _ string) error { return os.Remove(certificate) }, "is missing"},
		{"garbage", func(certificate, _ string) error { return os.WriteFile(certificate, []byte("\x00garbage"), 0o644) }, "does not have its key"},
		{"2 MB", func(certificate, _ string) error { return os.WriteFile(certificate, make([]byte, 2<<20), 0o644) }, "more than 1048576 bytes"},
	} {
		for _, plain := range []bool{false, true} {
			target := install.Target{Dir: t.TempDir(), Format: install.Split, Plain: plain}
			put(t, target, pairs()[0])
			if err := row.alter(paths(target)[0], paths(target)[1]); err != nil {
				t.Fatal(err)
			}
			if seen := target.Look(pairs()[0]); seen.Current || !strings.Contains(seen.Problem, row.want) || seen.Hint == "" {
				t.Errorf("%s, plain %v: got %+v, want %q", row.what, plain, seen, row.want)
			}
			put(t, target, pairs()[0])
			current(t, target, pairs()[0])
		}
	}
}

// TestPutRefusesWhatIsNoPair, and leaves the old one (I1).
func TestPutRefusesWhatIsNoPair(t *testing.T) {
	t.Parallel()
	good := pairs()[0]
	long := bytes.Repeat(good.FullChain, 1<<20/len(good.FullChain))
	for _, row := range []struct {
		what       string
		key, chain []byte
	}{
		{"another's key", pairs()[1].Key, good.FullChain},
		{"no key", nil, good.FullChain},
		{"a certificate for a key", good.FullChain, good.FullChain},
		{"a key cut off", good.Key[:len(good.Key)/2], good.FullChain},
		{"no chain", good.Key, nil},
		{"P12 a key in the chain", good.Key, append(slices.Clone(good.FullChain), good.Key...)},
		{"P13 no DER in the chain", good.Key, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
		{"P12 a chain of 1 MB", good.Key, long},
		{"P04 the issuer first", good.Key, good.FullChain[bytes.LastIndex(good.FullChain, []byte("-----BEGIN")):]},
	} {
		for _, target := range formats() {
			target.Dir = t.TempDir()
			put(t, target, good)
			before := stats(t, target.Dir)
			_, err := target.Put(install.Pair{ID: id, Names: good.Names, Key: row.key, FullChain: row.chain})
			fails(t, err, acmecore.Invalid, string(id))
			if strings.Contains(err.Error(), string(good.Key[30:60])) {
				t.Errorf("%s: the key is in %q", row.what, err)
			}
			if stats(t, target.Dir) != before {
				t.Errorf("%s, %s: something was changed", row.what, target.Name)
			}
		}
	}
}

// TestPairsAndSnapshotsAreNotPrinted: a log must not have a key by mistake.
func TestPairsAndSnapshotsAreNotPrinted(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir()}
	put(t, target, pairs()[0])
	snapshot, err := target.Save(pairs()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%s", "%#v"} {
		text := fmt.Sprintf(format+format, pairs()[0], snapshot)
		if len(text) > 200 {
			t.Errorf("%s: got %q", format, text)
		}
	}
}

func password(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}
