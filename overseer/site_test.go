package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/keys"
	"wcme/acmecore/store"
	"wcme/deploy/lab"
)

// site is a host on which wCME, as `make` builds it, is set up: a state
// directory, a CA, and a web server that answers challenges.
type site struct {
	testing.TB
	programs lab.Programs
	root     string
	webroot  string // has a copy of each pending challenge
	web      *webServer
	pebble   *lab.Pebble
	sampling sync.Mutex // held during a look, or while nobody must look
}

// newSite sets everything up but the account.
func newSite(tb testing.TB) *site {
	tb.Helper()
	dir := lab.TempDir(tb)
	s := &site{TB: tb, programs: lab.MustBuild(tb), root: filepath.Join(dir, "state"), webroot: filepath.Join(dir, "webroot")}
	if err := os.Mkdir(s.webroot, 0o755); err != nil {
		tb.Fatal(err)
	}
	s.web = startWebServer(tb, s.root)
	s.pebble = lab.MustPebble(tb, s.programs, lab.PebbleOptions{Dir: dir, HTTPPort: s.web.Port})
	s.run("setup", "--web-user", "")
	text := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\nchallenge.webroot = [%q]\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		s.webroot, s.pebble.Directory, s.pebble.Roots)
	if err := os.WriteFile(filepath.Join(s.root, "etc", "wcme.toml"), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s *site) command(args ...string) *exec.Cmd {
	return s.programs.Command(context.Background(), s.root, args[0], args[1:]...)
}

// run runs a verb that must succeed, and returns what it said.
func (s *site) run(args ...string) string {
	s.Helper()
	output, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.Fatalf("wcme %q: %v\n%s", args, err, output)
	}
	return string(output)
}

// orders and accounts are how many the CA has been asked for so far. Right after a kill it
// may not have come to the last one yet.
func (s *site) orders() int   { return strings.Count(s.pebble.Log(), "Added order ") }
func (s *site) accounts() int { return strings.Count(s.pebble.Log(), " accounts in memory") }

// kept returns the order in flight of a certificate, and whether its URL is
// known and its certificate not the current one yet.
func (s *site) kept(id acmecore.ID) (order store.Order, unfinished bool) {
	s.Helper()
	dir := filepath.Join(s.root, "priv", "orders", string(id))
	text, err := os.ReadFile(filepath.Join(dir, "order.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return order, false
	}
	if err == nil {
		err = json.Unmarshal(text, &order)
	}
	if err != nil {
		s.Fatal(err)
	}
	key, keyErr := os.ReadFile(filepath.Join(dir, "key.pem"))
	current, _ := os.ReadFile(filepath.Join(s.root, "priv", "certificates", string(id), "current", "key.pem"))
	return order, keyErr == nil && order.URL != "" && !bytes.Equal(key, current)
}

// placed counts the orders that a run has placed, by what it said.
func placed(said string) int { return strings.Count(said, "  placed for ") }

// checkWhole looks at everything in the state directory that has its final name,
// as it may be found at any moment: it is what its name says, whole, and no key
// is anybody else's to read.
func (s *site) checkWhole() {
	s.Helper()
	err := filepath.WalkDir(s.root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.Type().IsRegular() {
			err = checkFile(path)
		}
		if err != nil {
			s.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil {
		s.Error(err)
	}
	versions, err := filepath.Glob(filepath.Join(s.root, "priv", "certificates", "*", "[0-9]*"))
	current, errCurrent := filepath.Glob(filepath.Join(s.root, "priv", "certificates", "*", "current"))
	if err := errors.Join(err, errCurrent); err != nil {
		s.Fatal(err)
	}
	for _, dir := range append(versions, current...) {
		if _, err := tls.LoadX509KeyPair(filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "key.pem")); err != nil {
			s.Errorf("%s: %v", dir, err)
		}
	}
}

// checkFile reads a file as whoever uses it does. What has a temporary name may
// be half written, but not open to others if a key can be in it.
func checkFile(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && bytes.Contains(text, []byte("PRIVATE")) && info.Mode().Perm() != 0o600 {
		return fmt.Errorf("a key is in it, and its mode is %v", info.Mode())
	}
	name := filepath.Base(path)
	switch {
	case strings.HasPrefix(name, "."), strings.Contains(path, "/.draft-"):
		return nil
	case name == "key.pem":
		_, err = keys.Decode(text)
	case strings.HasPrefix(name, "fullchain_"):
		_, err = tls.X509KeyPair(text, text)
	case strings.HasSuffix(name, ".json"):
		err = json.Unmarshal(text, new(any))
	case strings.HasSuffix(name, ".toml") && strings.Contains(path, "/certificates/"):
		_, err = config.ParseCertificate(path, text)
	case strings.HasSuffix(name, ".pem") && !bytes.HasSuffix(text, []byte("-----END CERTIFICATE-----\n")):
		err = errors.New("the last certificate in it has no end")
	}
	return err
}

// checkClean looks at the state directory after a run that has ended well: it
// has nothing that a run only needs on its way.
func (s *site) checkClean() {
	s.Helper()
	err := filepath.WalkDir(s.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch dir := filepath.Dir(path); {
		case strings.HasPrefix(entry.Name(), ".wcme-alive.json"): // an overseer's, written anew each minute
		case strings.HasPrefix(entry.Name(), "."),
			dir == filepath.Join(s.root, "www"),
			dir == filepath.Join(s.root, "priv", "orders"),
			entry.Name() == "pending":
			s.Errorf("left behind: %s", path)
		}
		return nil
	})
	if err != nil {
		s.Error(err)
	}
	copies, err := os.ReadDir(s.webroot)
	if err != nil || len(copies) > 0 {
		s.Errorf("left behind in the webroot: %v, %v", copies, err)
	}
}
