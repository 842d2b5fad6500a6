package challenge_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

const (
	token      = acmecore.Token("yIIZJXXiCJ0aynim9rn7HGRE_uBY-CgE")
	thumbprint = "QH3pRwq2ZSCeEYlrN-0MNKHxB8zeq-uB-mb5nTt7SLl"
	answer     = string(token) + "." + thumbprint
)

func published(t *testing.T) challenge.Directory {
	t.Helper()
	d := challenge.Directory(t.TempDir())
	if err := d.Publish(token, answer); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLookupFinds(t *testing.T) {
	d := published(t)
	for what, asked := range map[string]string{
		"the token": string(token),
		"in lower case, as WASD's front server sends": strings.ToLower(string(token)),
		"in upper case":                 strings.ToUpper(string(token)),
		"with the thumbprint behind it": answer,
		"that in lower case":            strings.ToLower(answer),
	} {
		got, err := d.Lookup(asked)
		if err != nil || string(got) != answer {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
	}
}

func TestLookupDoesNotFind(t *testing.T) {
	d := published(t)
	other := strings.Repeat("b", 32)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(string(d), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Repeat("c", 32), "not a key authorization")
	write(strings.Repeat("d", 32), strings.Repeat("d", 32)+".<script>")
	write(strings.Repeat("e", 32), strings.Repeat("e", 32)+"."+strings.Repeat("e", 4096))
	write("README", "x")
	if err := errors.Join(
		os.Symlink("/etc/passwd", filepath.Join(string(d), strings.Repeat("f", 32))),
		os.Mkdir(filepath.Join(string(d), strings.Repeat("g", 32)), 0o755),
		syscall.Mkfifo(filepath.Join(string(d), strings.Repeat("h", 32)), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	for what, asked := range map[string]string{
		"nothing":                     "",
		"another token":               other,
		"a prefix":                    string(token[:22]),
		"a parent directory":          "../" + string(token),
		"an absolute path":            "/etc/passwd",
		"another file":                "README",
		"a foreign text":              strings.Repeat("c", 32),
		"a foreign alphabet":          strings.Repeat("d", 32),
		"a long text":                 strings.Repeat("e", 32),
		"a symbolic link":             strings.Repeat("f", 32),
		"a directory":                 strings.Repeat("g", 32),
		"a FIFO":                      strings.Repeat("h", 32),
		"NUL":                         string(token) + "\x00",
		"a Kelvin sign for the K":     strings.Repeat("\u212a", 32),
		"ten thousand characters":     strings.Repeat("a", 10_000),
		"a dot":                       ".",
		"the thumbprint without head": "." + thumbprint,
	} {
		if got, err := d.Lookup(asked); !errors.Is(err, challenge.ErrUnknown) {
			t.Errorf("%s: got %q, %v; want ErrUnknown", what, got, err)
		}
	}
}

func TestLookupTellsAnUnreadableDirectoryFromAnUnknownToken(t *testing.T) {
	_, err := challenge.Directory(filepath.Join(t.TempDir(), "gone")).Lookup(string(token))
	if err == nil || errors.Is(err, challenge.ErrUnknown) {
		t.Errorf("got %v, want an error other than ErrUnknown", err)
	}
}

func TestPublishIsReadableByEverybodyAndWhole(t *testing.T) {
	d := published(t)
	info, err := os.Stat(filepath.Join(string(d), string(token)))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("got %v, %v; want 0644", info.Mode(), err)
	}
	if entries := names(t, d); len(entries) != 1 {
		t.Errorf("got %v, want the token alone", entries)
	}
}

func TestPublishRefuses(t *testing.T) {
	d := published(t)
	for what, bad := range map[string]acmecore.Token{
		"a twin that differs in case": acmecore.Token(strings.ToLower(string(token))),
		"a path":                      "../../../../../../../../tmp/xxxxxxxxxxxx",
		"a short one":                 "short",
	} {
		if err := d.Publish(bad, string(bad)+"."+thumbprint); err == nil {
			t.Errorf("%s: published", what)
		}
	}
	if entries := names(t, d); len(entries) != 1 {
		t.Errorf("got %v, want the first token alone", entries)
	}
}

func TestWithdrawAndSweepLeaveNothing(t *testing.T) {
	d := published(t)
	for range 2 { // the second finds nothing, which is no error
		if err := d.Withdraw(token); err != nil {
			t.Error(err)
		}
	}
	if err := d.Publish(token, answer); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"." + string(token) + "123", "README"} {
		if err := os.WriteFile(filepath.Join(string(d), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sweep(); err != nil {
		t.Fatal(err)
	}
	if entries := names(t, d); len(entries) != 1 || entries[0] != "README" {
		t.Errorf("got %v, want what is not ours alone", entries)
	}
}

func names(t *testing.T, d challenge.Directory) (list []string) {
	t.Helper()
	entries, err := fs.ReadDir(os.DirFS(string(d)), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}

func FuzzLookup(f *testing.F) {
	d := challenge.Directory(f.TempDir())
	if err := d.Publish(token, answer); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(token), strings.ToLower(string(token)), answer, "", "..", "a/b", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		got, err := d.Lookup(asked)
		head, _, _ := strings.Cut(asked, ".")
		want := strings.EqualFold(head, string(token)) && len(head) == len(token)
		if want != (err == nil) || err == nil && string(got) != answer {
			t.Errorf("Lookup(%q) = %q, %v", asked, got, err)
		}
	})
}
