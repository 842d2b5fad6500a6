package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

// own is a file that wCME alone writes.
type own struct {
	what   string
	path   string // below the state directory
	put    func(root *store.Root) error
	get    func(root *store.Root) (there bool, err error)
	parsed bool // the store knows its form
	gone   bool // that it is missing is an error
}

const run = "20261121T002000-3f9a"

func owns() []own {
	text := []byte(`{"text":"secret"}`)
	opaque := func(get func(root *store.Root) ([]byte, error)) func(root *store.Root) (bool, error) {
		return func(root *store.Root) (bool, error) {
			found, err := get(root)
			return found != nil, err
		}
	}
	return []own{
		{"a standing", "priv/standing/www_example_org.json",
			func(root *store.Root) error {
				return root.PutStanding("www_example_org", acmecore.Standing{LastRun: run})
			},
			func(root *store.Root) (bool, error) {
				standing, err := root.Standing("www_example_org")
				return standing.LastRun != "", err
			}, true, false},
		{"a run", "log/runs/" + run + ".json",
			func(root *store.Root) error { return root.PutRun(acmecore.Run{ID: run}) },
			func(root *store.Root) (bool, error) {
				found, err := root.Run(run)
				return found.ID != "", err
			}, true, true},
		{"a message", "priv/spool/20261121-mail",
			func(root *store.Root) error { return root.Spool().Put("20261121-mail", text) },
			opaque(func(root *store.Root) ([]byte, error) { return root.Spool().Get("20261121-mail") }), false, true},
		{"what was told", "priv/spool/told.json",
			func(root *store.Root) error { return root.Spool().SetTold(text) },
			opaque(func(root *store.Root) ([]byte, error) { return root.Spool().Told() }), false, false},
		{"a snapshot", "priv/replaced/www_example_org/nginx.json",
			func(root *store.Root) error { return root.PutReplaced("www_example_org", "nginx", text) },
			opaque(func(root *store.Root) ([]byte, error) { return root.Replaced("www_example_org", "nginx") }), false, false},
		{"a pace", "priv/pace/ca_example-0d5eb258bf2b.json",
			func(root *store.Root) error { return root.PutPace("https://ca.example/directory", text) },
			opaque(func(root *store.Root) ([]byte, error) { return root.Pace("https://ca.example/directory") }), false, false},
		{"a note of a load", "priv/load.json",
			func(root *store.Root) error { return root.NoteLoad(text) },
			opaque((*store.Root).LoadNoted), false, false},
	}
}

// damage replaces a file.
type damage struct {
	what   string
	form   bool // only who knows the form can see it
	damage func(path string) error
}

func damages() []damage {
	content := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	instead := func(make func(string) error) func(string) error {
		return func(path string) error { return errors.Join(os.Remove(path), make(path)) }
	}
	return []damage{
		{"S02 zero length", false, content("")},
		{"S02 cut in the middle", true, func(path string) error { return os.Truncate(path, 10) }},
		{"S02 garbage", true, content("\xff\x00secret")},
		{"S02 the content of another file", true, content("-----BEGIN PRIVATE KEY-----\nsecret\n")},
		{"S02 other JSON", true, content(`{"version":"secret","id":["secret"]}`)},
		{"S02 JSON of another form", true, content(`["secret"]`)},
		{"S02 100 MB", false, func(path string) error { return os.Truncate(path, 100<<20) }},
		{"S02 a directory in its place", false, instead(func(path string) error { return os.MkdirAll(path+"/full", 0o700) })},
		{"S02 a FIFO", false, instead(func(path string) error { return syscall.Mkfifo(path, 0o600) })},
		{"S02 a socket", false, instead(listenOnce)},
		{"S07 a link to /etc/shadow", false, instead(func(path string) error { return os.Symlink("/etc/shadow", path) })},
		{"S07 a link to /dev/zero", false, instead(func(path string) error { return os.Symlink("/dev/zero", path) })},
		{"S07 a link to itself", false, instead(func(path string) error { return os.Symlink(path, path) })},
	}
}

// listenOnce leaves a socket, which must have a short name at first.
func listenOnce(path string) error {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	short := filepath.Join(dir, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return err
	}
	listener.SetUnlinkOnClose(false)
	return errors.Join(os.Rename(short, path), listener.Close())
}

func TestS02ADamagedFileIsSetAsideAndTheRestWorks(t *testing.T) {
	for _, file := range owns() {
		t.Run(file.what, func(t *testing.T) {
			t.Parallel()
			for _, row := range damages() {
				if row.form && !file.parsed {
					continue
				}
				checkDamage(t, file, row)
			}
		})
	}
}

func checkDamage(t *testing.T, file own, row damage) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), file.path)
	if err := errors.Join(file.put(root), row.damage(path)); err != nil {
		t.Fatalf("%s: %v", row.what, err)
	}
	there, err := file.get(root)
	if there || !errors.Is(err, store.ErrDamaged) || acmecore.HintOf(err) == "" || strings.Contains(err.Error(), "secret") {
		t.Errorf("%s: got %v, %v; want an ErrDamaged with a hint and without the content", row.what, there, err)
	}
	aside, _ := filepath.Glob(path + ".bad-*")
	if _, err := os.Lstat(path); len(aside) != 1 || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: set aside as %q, and the file: %v", row.what, aside, err)
	}
	if there, err := file.get(root); there || (err != nil) != file.gone || errors.Is(err, store.ErrDamaged) {
		t.Errorf("%s: then got %v, %v; want that it is missing", row.what, there, err)
	}
	if err := file.put(root); err != nil {
		t.Errorf("%s: cannot be written any more: %v", row.what, err)
	}
	if there, err := file.get(root); !there || err != nil {
		t.Errorf("%s: written again, got %v, %v", row.what, there, err)
	}
}

// TestRightsS02ADeviceIsSetAside is for root, who alone can make one.
func TestRightsS02ADeviceIsSetAside(t *testing.T) {
	const zero = 1<<8 | 5
	for _, file := range owns() {
		checkDamage(t, file, damage{"S02 a device", false, func(path string) error {
			return errors.Join(os.Remove(path), syscall.Mknod(path, syscall.S_IFCHR|0o600, zero))
		}})
	}
}

func TestS02AMissingFileIsNoDamage(t *testing.T) {
	for _, file := range owns() {
		root := setUp(t)
		if there, err := file.get(root); there || (err != nil) != file.gone || errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s, never written: got %v, %v", file.what, there, err)
		}
		if err := errors.Join(file.put(root), os.RemoveAll(filepath.Join(root.Dir(), filepath.Dir(file.path), filepath.Base(file.path)))); err != nil {
			t.Fatal(err)
		}
		if there, err := file.get(root); there || (err != nil) != file.gone || errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s, removed: got %v, %v", file.what, there, err)
		}
	}
}

// TestS02AFlippedBitIsAnotherStandingOrDamage flips one bit of each byte.
func TestS02AFlippedBitIsAnotherStandingOrDamage(t *testing.T) {
	root := setUp(t)
	path := filepath.Join(root.Dir(), "priv/standing/a_example.json")
	if err := root.PutStanding("a_example", aStanding()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		flipped := bytes.Clone(text)
		flipped[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := root.Standing("a_example")
		if err != nil && !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrNewer) {
			t.Errorf("byte %d, %q as %q: got %v", i, text[i], flipped[i], err)
		}
	}
}

// TestModesOfWhatIsWritten: keys are in snapshots, tokens perhaps in messages.
func TestModesOfWhatIsWritten(t *testing.T) {
	for _, file := range owns() {
		root := setUp(t)
		if err := file.put(root); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root.Dir(), file.path)
		want, wantDir := fs.FileMode(0o600), fs.FileMode(0o700)
		if strings.HasPrefix(file.path, "log/") {
			want, wantDir = 0o640, 0o750
		}
		info, err := os.Stat(path)
		dir, dirErr := os.Stat(filepath.Dir(path))
		if err := errors.Join(err, dirErr); err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want || dir.Mode().Perm() != wantDir {
			t.Errorf("%s: got %v in %v, want %v in %v", file.what, info.Mode(), dir.Mode().Perm(), want, wantDir)
		}
	}
}

// TestRecordsAndConfigurationAreNotWaitedFor: a FIFO would wait for its writer. Such
// a file is the administrator's, and is left alone.
func TestRecordsAndConfigurationAreNotWaitedFor(t *testing.T) {
	root := setUp(t)
	record := filepath.Join(root.Dir(), "etc/certificates/a_example.toml")
	configuration := filepath.Join(root.Dir(), "etc/wcme.toml")
	if err := errors.Join(syscall.Mkfifo(record, 0o600), os.Remove(configuration), syscall.Mkfifo(configuration, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := root.Record("a_example"); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
		t.Errorf("record: got %v", err)
	}
	if _, _, err := root.Configuration(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("configuration: got %v", err)
	}
	for _, path := range []string{record, configuration} {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("was moved: %v", err)
		}
	}
}

func TestARecordMayBeALink(t *testing.T) {
	root := setUp(t)
	target := filepath.Join(t.TempDir(), "a.toml")
	if err := errors.Join(os.WriteFile(target, []byte("names"), 0o600), os.Symlink(target, filepath.Join(root.Dir(), "etc/certificates/a_example.toml"))); err != nil {
		t.Fatal(err)
	}
	if _, text, err := root.Record("a_example"); err != nil || string(text) != "names" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestASweepTakesWhatIsHalfMadeEverywhere(t *testing.T) {
	root := setUp(t)
	if err := root.Sweep(); err != nil {
		t.Errorf("a new state directory: %v", err)
	}
	var half []string
	for _, file := range owns() {
		if err := file.put(root); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root.Dir(), filepath.Dir(file.path), "."+filepath.Base(file.path)+"12345")
		half = append(half, path)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, parent := range []string{"accounts", "certificates", "hooks", "orders", "refused", "replaced"} { // as durable.Remove leaves it
		path := filepath.Join(root.Dir(), "priv", parent, ".a_example.gone")
		half = append(half, path)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.Sweep(); err != nil {
		t.Error(err)
	}
	for _, path := range half {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left", path)
		}
	}
	for _, file := range owns() {
		if there, err := file.get(root); !there || err != nil {
			t.Errorf("%s was swept away: %v", file.what, err)
		}
	}
}

func aStanding() acmecore.Standing {
	at := time.Date(2026, 11, 21, 0, 20, 0, 0, time.UTC)
	return acmecore.Standing{
		RenewalInfo: acmecore.RenewalInfo{Fingerprint: "3f", Start: at, End: at.Add(time.Hour), Asked: at, Next: at, Explanation: "https://ca.example/why"},
		Failures:    []acmecore.Failure{{At: at, Kind: acmecore.Limited, Cause: "too many", Until: at, Refused: []acmecore.Name{"a.example"}}},
		Loaded:      map[string]string{"nginx": "3f"},
		Unserved:    []acmecore.Failure{{At: at, Kind: acmecore.Internal, Cause: "no load"}},
		Served:      []acmecore.Proof{{Endpoint: acmecore.Endpoint{Name: "a.example", Address: "::1", Port: 443}, At: at, Answer: acmecore.Serves}},
		LastRun:     run,
	}
}
