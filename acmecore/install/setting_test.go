package install_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/install"
	"wcme/acmecore/keys"
)

const (
	id   = acmecore.ID("www_example_test")
	host = acmecore.Name("www.example.test")
)

// pairs are four certificates for one name, made once.
var pairs = sync.OnceValue(func() (made []install.Pair) {
	for serial := range int64(4) {
		made = append(made, makePair(serial+1))
	}
	return made
})

// makePair makes a certificate with two issuers, and its key.
func makePair(serial int64) install.Pair {
	var chain []byte
	var parent *x509.Certificate
	var signer crypto.Signer
	for level, name := range []string{"Root", "Intermediate", string(host)} {
		key := must(keys.Generate(acmecore.EC256))
		template := &x509.Certificate{SerialNumber: big.NewInt(0x1000 + serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.9e9+serial, 0), IsCA: level < 2, BasicConstraintsValid: true}
		if level == 2 {
			template.DNSNames = []string{name}
		}
		if parent == nil {
			parent, signer = template, key
		}
		der := must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer))
		parent, signer = must(x509.ParseCertificate(der)), key
		chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), chain...)
	}
	return install.Pair{ID: id, Names: []acmecore.Name{host, "example.test"}, Key: must(keys.Encode(signer)), FullChain: chain}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// child is what the test's own program does when it is started as a child: a Put or
// a PutBack, which it may be killed in.
type child struct {
	Target   install.Target
	Pair     install.Pair
	Snapshot *install.Snapshot
	KillAt   int    // the number of a step, from 1
	Mount    string // options of a tmpfs over Target.Dir, in a mount namespace of its own
	Fill     bool   // fill the tmpfs up
	ReadOnly bool   // and mount it so
	FileSize uint64 // RLIMIT_FSIZE
	Files    uint64 // RLIMIT_NOFILE
	UID      int    // to become
}

// said is what a child says at its end.
type said struct {
	Changed     []string
	Error, Hint string
	Kind        acmecore.Kind
	Left        string // in Target.Dir
	Placed      acmecore.Placed
}

func TestMain(m *testing.M) {
	if os.Getenv("INSTALL_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // strace counts system calls by thread
	var c child
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		panic(err)
	}
	answer := must(json.Marshal(c.act()))
	for range 2 { // the first may be the write that is to fail
		if _, err := os.Stdout.Write(answer); err == nil {
			return
		}
	}
	panic("nobody to say it to")
}

// run starts a child, under a command when one is given. It returns false when the
// child was killed.
func (c child) run(t *testing.T, under ...string) (answer said, ended bool) {
	t.Helper()
	arguments := append(under, must(os.Executable()))
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Env = append(os.Environ(), "INSTALL_TEST_CHILD=yes", "GORACE=atexit_sleep_ms=0")
	command.Stdin = bytes.NewReader(must(json.Marshal(wire(c))))
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if c.Mount != "" {
		command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	}
	output, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return said{}, false
	}
	if err != nil {
		t.Fatalf("child: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("child: %v in %q", err, output)
	}
	return answer, true
}

// wire leaves out what is no JSON.
func wire(c child) any {
	type target struct {
		Name, Dir, File, KeyFile, Owner, Group string
		Format                                 install.Format
		Mode, KeyMode                          fs.FileMode
		Plain                                  bool
	}
	t := c.Target
	return struct {
		child
		Target target
	}{c, target{t.Name, t.Dir, t.File, t.KeyFile, t.Owner, t.Group, t.Format, t.Mode, t.KeyMode, t.Plain}}
}

func (c *child) act() (answer said) {
	c.limit()
	steps := 0
	step := func(_, _ string) {
		if steps++; steps == c.KillAt {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	var err error
	if c.Snapshot != nil {
		c.Snapshot.Step = step
		err = c.Snapshot.PutBack()
	} else {
		c.Target.Step = step
		answer.Changed, err = c.Target.Put(c.Pair)
	}
	if err != nil {
		answer.Error, answer.Hint, answer.Kind = err.Error(), acmecore.HintOf(err), acmecore.KindOf(err)
	}
	answer.Left = strings.Join(list(c.Target.Dir), " ")
	answer.Placed = c.Target.Look(c.Pair)
	return answer
}

// list returns the names in a directory and below, sorted.
func list(dir string) (names []string) {
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && path != dir {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	slices.Sort(names)
	return names
}

// halfMade returns what a sweep would find in a directory and below.
func halfMade(dir string) []string {
	return slices.DeleteFunc(list(dir), func(name string) bool { return !durable.IsHalfMade(filepath.Base(name)) })
}

// paths are those of a target's files, the key's own last.
func paths(target install.Target) (paths []string) {
	return target.Look(pairs()[0]).Files
}

// disagree reads the target's files as a server does, and says how they are no pair.
func disagree(target install.Target) error {
	files := paths(target)
	certificate, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	key, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		return err
	}
	if target.Format == install.DER {
		certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
		key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	}
	_, err = tls.X509KeyPair(certificate, key)
	return err
}

// put puts, and fails the test on an error.
func put(t *testing.T, target install.Target, pair install.Pair) []string {
	t.Helper()
	changed, err := target.Put(pair)
	if err != nil {
		t.Fatalf("put: %v (hint: %s)", err, acmecore.HintOf(err))
	}
	return changed
}

// current fails the test when the target is not current.
func current(t *testing.T, target install.Target, pair install.Pair) {
	t.Helper()
	if seen := target.Look(pair); !seen.Current || seen.Problem != "" {
		t.Errorf("look: got %+v, want current", seen)
	}
}

// rightsOf are those of a file, not of a link to it.
func rightsOf(t *testing.T, path string) (uid, gid int, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	system := info.Sys().(*syscall.Stat_t)
	return int(system.Uid), int(system.Gid), info.Mode()
}

// fails checks an error: its kind, a hint, and words in it.
func fails(t *testing.T, err error, kind acmecore.Kind, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := acmecore.KindOf(err); got != kind {
		t.Errorf("kind of %q: got %s, want %s", err, got, kind)
	}
	if acmecore.HintOf(err) == "" {
		t.Errorf("%q has no hint", err)
	}
	for _, word := range words {
		if !strings.Contains(fmt.Sprint(err, " ", acmecore.HintOf(err)), word) {
			t.Errorf("%q (hint: %q) lacks %q", err, acmecore.HintOf(err), word)
		}
	}
}

// write makes a file with a mode, whatever the umask.
func write(t *testing.T, path string, content []byte, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}
