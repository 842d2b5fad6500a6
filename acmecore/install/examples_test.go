package install_test

import (
	"os"
	"path/filepath"
	"testing"

	"wcme/acmecore/install"
)

// qmail is the mail server of the tutorial that the original's users follow: one
// file, chain and key, of the user qmaild.
var qmail = install.Target{Name: "qmail", File: "servercert.pem", Mode: 0o700}

// pmdf is wuCME's neighbour: the chain, which every user may read, and the key,
// which nobody else may, copied to where a mail server looks for them.
var pmdf = install.Target{Name: "pmdf", Format: install.Split, File: "wucme_c_{name}.pem", KeyFile: "wucme_k_{name}.pem", Mode: 0o644, KeyMode: 0o600}

func TestQmailHasOneFileWithItsOwnMode(t *testing.T) {
	t.Parallel()
	target := qmail
	target.Dir = t.TempDir()
	for _, pair := range pairs()[:2] {
		put(t, target, pair)
		current(t, target, pair)
		path := filepath.Join(target.Dir, "servercert.pem")
		if got, err := os.ReadFile(path); string(got) != join(pair.FullChain, pair.Key) {
			t.Errorf("got %q, %v, want the chain with the key appended", got, err)
		}
		if _, _, mode := rightsOf(t, path); mode != 0o700 {
			t.Errorf("mode: got %v, want 0700", mode)
		}
	}
}

func TestPMDFHasTwoFilesWithDifferentProtections(t *testing.T) {
	t.Parallel()
	target := pmdf
	target.Dir = t.TempDir()
	for _, pair := range pairs()[:2] {
		put(t, target, pair)
		current(t, target, pair)
		for name, want := range map[string]struct {
			content string
			mode    os.FileMode
		}{"wucme_c_www_example_test.pem": {string(pair.FullChain), 0o644}, "wucme_k_www_example_test.pem": {string(pair.Key), 0o600}} {
			path := filepath.Join(target.Dir, name)
			if got, err := os.ReadFile(path); string(got) != want.content {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
			if _, _, mode := rightsOf(t, path); mode != want.mode {
				t.Errorf("%s: got %v, want %v", name, mode, want.mode)
			}
		}
	}
}
