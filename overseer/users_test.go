package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore/store"
	"wcme/deploy/lab"
)

// own is a user that every Debian has; here it is the overseer's. Its group is
// called the same, and is the dedicated one.
const own = "daemon"

func TestSocketGroups(t *testing.T) {
	t.Parallel()
	const web, wcme, other = 33, 900, 4
	for _, row := range []struct {
		what      string
		script    account
		dedicated int
		want      []int
	}{
		{"no script", account{uid: -1, gid: -1}, wcme, nil},
		{"no dedicated group", account{uid: web, gid: web, groups: []int{web}}, -1, []int{web}},
		{"a member of the dedicated group", account{uid: web, gid: web, groups: []int{web, other, wcme}}, wcme, []int{web, wcme}},
		{"no member of it", account{uid: web, gid: web, groups: []int{web, other}}, wcme, []int{web, wcme}},
		{"the dedicated group is the user's own", account{uid: web, gid: wcme, groups: []int{wcme}}, wcme, []int{wcme}},
	} {
		if got := row.script.socketGroups(row.dedicated); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.what, got, row.want)
		}
	}
}

// asked is what the program opensocket is asked for, as JSON.
type asked struct {
	Path             string
	Name             string
	UID, GID, Member int // of the script's user: its group, and another one that it is a member of
	Dedicated        string
}

// openSocket is a program: opensocket JSON opens the socket as an overseer of its
// user does, and prints its group and what was logged.
func openSocket() {
	var a asked
	if err := json.Unmarshal([]byte(os.Args[1]), &a); err != nil {
		panic(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	script := account{name: a.Name, uid: a.UID, gid: a.GID, groups: []int{a.GID, a.Member}}
	if _, err := listen(a.Path, script, a.Dedicated, log); err != nil {
		panic(err)
	}
	info, err := os.Stat(a.Path)
	if err != nil {
		panic(err)
	}
	fmt.Printf("group %d, mode %04o\n", info.Sys().(*syscall.Stat_t).Gid, info.Mode().Perm())
}

// TestRightsToGiveTheSocketAway opens the socket as root and as a user of its own,
// for a script of several users.
func TestRightsToGiveTheSocketAway(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	overseer := mustAccount(t, own)
	web := mustAccount(t, lab.WebUser)
	for i, row := range []struct {
		what      string
		uid       int
		member    int
		dedicated string
		want      int
		warning   string
	}{
		{"root, a script in the dedicated group", 0, overseer.gid, own, web.gid, ""},
		{"root, a script outside of it", 0, web.gid, own, web.gid, ""},
		{"root, no dedicated group", 0, web.gid, "no-such-group", web.gid, ""},
		{"a user of its own, a script in its group", overseer.uid, overseer.gid, own, overseer.gid, ""},
		{"a user of its own, a script outside of it", overseer.uid, web.gid, own, overseer.gid, "adduser www-data daemon, and restart the web server"},
		{"a user of its own, no dedicated group", overseer.uid, web.gid, "no-such-group", overseer.gid, "run the overseer as root, or as a user of the group 33 or of a group no-such-group"},
		{"a user of its own, a dedicated group of others", overseer.uid, web.gid, "root", overseer.gid, "run the overseer as root"},
	} {
		dir := filepath.Join(c.dir, fmt.Sprint(i))
		if err := errors.Join(os.Mkdir(dir, 0o755), os.Chown(dir, row.uid, row.uid)); err != nil {
			t.Fatal(err)
		}
		ask, err := json.Marshal(asked{Path: filepath.Join(dir, "s"), Name: web.name, UID: web.uid, GID: web.gid,
			Member: row.member, Dedicated: row.dedicated})
		if err != nil {
			t.Fatal(err)
		}
		output, err := c.command(row.uid, "opensocket", string(ask)).CombinedOutput()
		got := string(output)
		if want := fmt.Sprintf("group %d, mode 0660\n", row.want); err != nil || !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %v, %s; want %s", row.what, err, got, want)
		}
		warned := strings.Contains(got, `level=WARN msg="the web server's user cannot reach the socket" user=www-data`)
		if warned != (row.warning != "") || !strings.Contains(got, row.warning) {
			t.Errorf("%s: got %s, want the warning %q", row.what, got, row.warning)
		}
	}
}

func mustAccount(t *testing.T, name string) account {
	t.Helper()
	a, err := scriptUser(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestRightsOfAStateDirectoryThatIsGiven: root sets it up for another user, who
// then has everything, and whose group has nothing but what everybody has.
func TestRightsOfAStateDirectoryThatIsGiven(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	overseer := mustAccount(t, own)
	root := setUp(t, filepath.Join(c.dir, "state"))
	token := filepath.Join(root.Challenges(), "token")
	if err := os.WriteFile(token, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := readTree(root.Dir())
	if err != nil {
		t.Fatal(err)
	}
	done, err := give(root, own)
	if want := "gave " + root.Dir() + " to the user daemon, and www to its group"; err != nil || strings.Join(done, "\n") != want {
		t.Errorf("got %q, %v; want %q", done, err, want)
	}
	if done, err := give(root, own); err != nil || len(done) != 0 {
		t.Errorf("again: got %q, %v; want nothing", done, err)
	}
	if after, err := readTree(root.Dir()); err != nil || before.difference(after) != "" {
		t.Errorf("modes and contents: got %s, %v; want them as they were", before.difference(after), err)
	}
	for path, gid := range map[string]int{".": overseer.gid, "www": overseer.gid, "www/token": overseer.gid,
		"log": 0, "priv": 0, "priv/accounts": 0, "etc/wcme.toml": 0} {
		checkOwner(t, filepath.Join(root.Dir(), path), overseer.uid, gid)
	}
	// The owner can work there, alone.
	for _, who := range []struct {
		uid, want int
	}{{overseer.uid, exitDone}, {strangerUID, exitFailed}} {
		output, err := c.command(who.uid, "wcme", "list", "--root", root.Dir()).CombinedOutput()
		if exitStatus(err) != who.want {
			t.Errorf("wcme list of %d: got %v, %s; want status %d", who.uid, err, output, who.want)
		}
	}
}

// TestRightsOfWhatRootMakes: a verb of root's leaves nothing behind that the
// directory's owner could not use.
func TestRightsOfWhatRootMakes(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	overseer := mustAccount(t, own)
	root := setUp(t, filepath.Join(c.dir, "state"))
	if _, err := give(root, own); err != nil {
		t.Fatal(err)
	}
	output, err := c.command(0, "wcme", "manage", "--root", root.Dir()).CombinedOutput()
	if exitStatus(err) != exitNothing {
		t.Fatalf("wcme manage as root: got %v, %s", err, output)
	}
	checkOwner(t, filepath.Join(root.Dir(), "priv", "lock"), overseer.uid, -1)

	daemon := c.command(0, "wcme", "overseer", "--root", root.Dir())
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	awaitSocket(t, lab.Socket(root.Dir()))
	if err := errors.Join(daemon.Process.Signal(syscall.SIGTERM), daemon.Wait()); err != nil {
		t.Fatal(err)
	}
	checkOwner(t, filepath.Join(root.Dir(), "log", "overseer.log"), overseer.uid, -1)
	output, err = c.command(overseer.uid, "wcme", "manage", "--root", root.Dir()).CombinedOutput()
	if exitStatus(err) != exitNothing {
		t.Errorf("wcme manage as the owner, afterwards: got %v, %s", err, output)
	}
}

// TestRightsAreNotGivenToWhatLiesElsewhere: the owner of a state directory may put
// links into it, and then wait for root.
func TestRightsAreNotGivenToWhatLiesElsewhere(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	root := setUp(t, filepath.Join(c.dir, "state"))
	target := filepath.Join(c.dir, "shadow")
	if err := os.WriteFile(target, []byte("root's"), 0o600); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(c.dir, "outside")
	if err := os.Mkdir(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(target, filepath.Join(root.Dir(), "etc", "file")),
		os.Symlink(outside, filepath.Join(root.Dir(), "etc", "directory"))); err != nil {
		t.Fatal(err)
	}
	if _, err := give(root, own); err != nil {
		t.Errorf("symbolic links: %v", err)
	}
	checkOwner(t, filepath.Join(root.Dir(), "etc", "file"), mustAccount(t, own).uid, -1) // the link itself
	if err := os.Link(target, filepath.Join(root.Dir(), "etc", "hard")); err != nil {
		t.Fatal(err)
	}
	if _, err := give(root, own); err == nil || !strings.Contains(err.Error(), "etc/hard has another name") {
		t.Errorf("a hard link: got %v, want that it is refused", err)
	}
	checkOwner(t, target, 0, 0)
	checkOwner(t, outside, 0, 0)
}

// TestGiveIsForHostsWithSuchAUser: elsewhere setup changes no owner.
func TestGiveIsForHostsWithSuchAUser(t *testing.T) {
	t.Parallel()
	root := setUp(t, filepath.Join(lab.TempDir(t), "state"))
	if done, err := give(root, "no-such-user"); err != nil || len(done) != 0 {
		t.Errorf("got %q, %v; want nothing", done, err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if done, err := give(root, me.Username); err != nil || len(done) != 0 {
		t.Errorf("to oneself: got %q, %v; want nothing", done, err)
	}
}

func setUp(t *testing.T, dir string) *store.Root {
	t.Helper()
	if _, err := store.Setup(dir, nil); err != nil {
		t.Fatal(err)
	}
	root, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// checkOwner does not look at the group where that is -1.
func checkOwner(t *testing.T, path string, uid, gid int) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	found := info.Sys().(*syscall.Stat_t)
	if int(found.Uid) != uid || gid >= 0 && int(found.Gid) != gid {
		t.Errorf("%s: got %d:%d, want %d:%d", path, found.Uid, found.Gid, uid, gid)
	}
}
