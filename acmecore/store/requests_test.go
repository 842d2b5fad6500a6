package store_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
	"wcme/acmecore/store"
)

// requestBy makes a request for a.example.
func requestBy(t *testing.T, key crypto.Signer) *keys.Request {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"a.example"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := keys.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestAVersionMayBeWithoutItsKey(t *testing.T) {
	root := setUp(t)
	key, chain := pair(t)
	request := requestBy(t, key)
	issue := acmecore.Issue{Order: "https://ca.example/order/1", At: time.Now()}
	if _, err := root.KeepRequested("a_example", request.DER, chain, issue); err != nil {
		t.Fatal(err)
	}
	keyText, fullchain, version, err := root.Pair("a_example")
	if err != nil || keyText != nil || fullchain == nil || version != "000001" {
		t.Fatalf("got a key of %d bytes, a chain of %d, %q, %v", len(keyText), len(fullchain), version, err)
	}
	if _, err := root.Key("a_example"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("key: got %v", err)
	}
	versions, err := root.Versions("a_example")
	if err != nil || len(versions) != 1 || versions[0].Problem != "" {
		t.Errorf("versions: got %+v, %v", versions, err)
	}
	if _, err := root.PublishProducts("a_example"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.Stat(filepath.Join(root.Dir(), "ssl", "fullchain_a_example.pem"))
	if err != nil || whole.Mode().Perm() != 0o644 {
		t.Errorf("the chain: got %v, %v, want mode 0644", whole.Mode(), err)
	}
	text, _ := os.ReadFile(filepath.Join(root.Dir(), "ssl", "fullchain_a_example.pem"))
	if strings.Contains(string(text), "PRIVATE") || !strings.Contains(string(text), "CERTIFICATE") {
		t.Errorf("the chain is\n%s", text)
	}
	if !root.Settled("a_example") {
		t.Error("it is not settled")
	}
}

// TestAVersionThatLostItsKeyIsDamaged: only a request in its place says that it is
// elsewhere, and only one of the certificate's key is one.
func TestAVersionThatLostItsKeyIsDamaged(t *testing.T) {
	root := setUp(t)
	key, chain := pair(t)
	if _, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{}); err != nil {
		t.Fatal(err)
	}
	current := filepath.Join(root.CertificateDir("a_example"), "current")
	if err := os.Remove(filepath.Join(current, "key.pem")); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := root.Pair("a_example"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pair: got %v", err)
	}
	other, _ := pair(t)
	if err := os.WriteFile(filepath.Join(current, "request.pem"), requestBy(t, other).PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	versions, err := root.Versions("a_example")
	if err != nil || !strings.Contains(versions[0].Problem, "another key than its request") {
		t.Errorf("versions: got %+v, %v", versions, err)
	}
}

func TestAJournalOfARequestIsGoneOnWithByTheSameOneAlone(t *testing.T) {
	root := setUp(t)
	key, _ := pair(t)
	request := requestBy(t, key)
	order := store.Order{Directory: "https://ca.example/", Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256, Request: request.DER}
	journal, err := root.OpenJournal("a_example", order)
	if err != nil || journal.Key() != nil {
		t.Fatalf("got %v, a key: %v", err, journal.Key() != nil)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	if !root.Begun("a_example") {
		t.Error("it is not begun")
	}
	again, err := root.OpenJournal("a_example", order)
	if err != nil || again.URL() != "https://ca.example/order/1" {
		t.Errorf("the same one: got %q, %v", again.URL(), err)
	}
	other, _ := pair(t)
	order.Request = requestBy(t, other).DER
	fresh, err := root.OpenJournal("a_example", order)
	if err != nil || fresh.URL() != "" {
		t.Errorf("another request: got %q, %v", fresh.URL(), err)
	}
	order.Request = nil
	own, err := root.OpenJournal("a_example", order)
	if err != nil || own.Key() == nil {
		t.Errorf("no request any more: got %v", err)
	}
}

func TestAJournalBeginsWithTheKeyThatIsGiven(t *testing.T) {
	root := setUp(t)
	given, _ := pair(t)
	order := store.Order{Directory: "https://ca.example/", Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256, Given: given, Imported: true}
	begin := func(order store.Order) *store.Journal {
		t.Helper()
		journal, err := root.OpenJournal("a_example", order)
		if err != nil {
			t.Fatal(err)
		}
		return journal
	}
	journal := begin(order)
	if !keys.Equal(journal.Key().Public(), given.Public()) {
		t.Error("it has another key")
	}
	path := filepath.Join(root.Dir(), "priv", "orders", "a_example", "key.pem")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	if err := journal.SetURL("https://ca.example/order/1"); err != nil {
		t.Fatal(err)
	}
	current, _ := pair(t)
	renewal := order
	renewal.Given, renewal.Imported = current, false // as who goes on knows of the current key alone
	if again := begin(renewal); again.URL() == "" || !keys.Equal(again.Key().Public(), given.Public()) {
		t.Errorf("gone on with: got %q", again.URL())
	}
	second, _ := pair(t)
	order.Given = second
	if fresh := begin(order); fresh.URL() != "" || !keys.Equal(fresh.Key().Public(), second.Public()) {
		t.Errorf("another key that was brought: got %q", fresh.URL())
	}
}

// TestAnOrderWithTheKeyBeforeIsNotFinished, although its key is the current version's.
func TestAnOrderWithTheKeyBeforeIsNotFinished(t *testing.T) {
	root := setUp(t)
	key, chain := pair(t)
	if _, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{Order: "https://ca.example/order/1", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	journal, err := root.OpenJournal("a_example", store.Order{Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256, Given: key})
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"", "https://ca.example/order/2"} {
		if err := errors.Join(journal.SetURL(url), root.DropFinished("a_example", key)); err != nil {
			t.Fatal(err)
		}
		if ids, _ := root.InFlight(); len(ids) != 1 {
			t.Errorf("order %q: in flight: %v, want it", url, ids)
		}
	}
	if err := errors.Join(journal.SetURL("https://ca.example/order/1"), root.DropFinished("a_example", key)); err != nil {
		t.Fatal(err)
	}
	if ids, _ := root.InFlight(); len(ids) != 0 {
		t.Errorf("the order of the current version: in flight: %v", ids)
	}
}

func TestAnOrderIsTakenFromOthers(t *testing.T) {
	root := setUp(t)
	for id, url := range map[acmecore.ID]string{"a_example": "https://ca.example/order/1", "a_example_rsa2048": "https://ca.example/order/2"} {
		journal, err := root.OpenJournal(id, store.Order{Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256})
		if err != nil {
			t.Fatal(err)
		}
		if err := journal.SetURL(url); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.Supersede("https://ca.example/order/1", "a_example", "a_example_rsa2048", "none_example"); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[acmecore.ID]string{"a_example": "", "a_example_rsa2048": "https://ca.example/order/2"} {
		journal, err := root.OpenJournal(id, store.Order{Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256})
		if err != nil || journal.URL() != want {
			t.Errorf("%s: got %q, %v, want %q", id, journal.URL(), err, want)
		}
	}
}

// TestARequestIsAFileOfItsOwn: another one leaves that which the record names alone.
func TestARequestIsAFileOfItsOwn(t *testing.T) {
	root := setUp(t)
	key, _ := pair(t)
	first, second := requestBy(t, key), requestBy(t, key)
	paths := []string{store.RequestPath("a_example", first.DER), store.RequestPath("a_example", second.DER)}
	if paths[0] == paths[1] {
		t.Fatalf("both would be %s", paths[0])
	}
	for range 2 {
		if err := errors.Join(root.PutRequest("a_example", first), root.PutRequest("a_example", second)); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []*keys.Request{first, second} {
		got, err := root.Request(paths[i])
		if err != nil || string(got.DER) != string(want.DER) {
			t.Errorf("request %d: %v", i+1, err)
		}
		if info, err := os.Stat(filepath.Join(root.Dir(), paths[i])); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("request %d: got %v, %v", i+1, info, err)
		}
	}
	_, err := root.Request("etc/certificates/none.csr")
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), "certify --csr FILE") {
		t.Errorf("none: got %v (%s)", err, acmecore.HintOf(err))
	}
}

func TestRequestsThatNoRecordNamesAreSwept(t *testing.T) {
	root := setUp(t)
	key, _ := pair(t)
	dir := filepath.Join(root.Dir(), "etc", "certificates")
	put := func(id acmecore.ID) (name string) {
		t.Helper()
		request := requestBy(t, key)
		if err := root.PutRequest(id, request); err != nil {
			t.Fatal(err)
		}
		return filepath.Base(store.RequestPath(id, request.DER))
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	named, old, aside, unparsed, others := put("a_example"), put("a_example"), put("a_example"), put("c_example"), put("b_example")
	write("a_example.toml", "names = ['a.example']\ncsr = 'etc/certificates/"+named+"'\n")
	write("a_example.toml.removed-2", "csr = 'etc/certificates/"+aside+"'\n")
	write("c_example.toml", "csr = 'etc/certificates/"+unparsed)
	changed := put("a_example")
	write(changed, string(requestBy(t, key).PEM()))
	write("a_example.csr", string(requestBy(t, key).PEM()))
	write("a_example-0123456789abcdef.csr", "garbage")
	write("0123456789abcdef.csr", "garbage")
	stay := []string{named, aside, unparsed, changed, "a_example.csr", "a_example-0123456789abcdef.csr", "0123456789abcdef.csr"}
	there := func(what string, is bool, names ...string) {
		t.Helper()
		for _, name := range names {
			if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != is {
				t.Errorf("%s: %s is there: %v, want %v", what, name, err == nil, is)
			}
		}
	}
	if err := root.SweepRequests("a_example"); err != nil {
		t.Fatal(err)
	}
	there("of one certificate", true, append(stay, others)...)
	there("of one certificate", false, old)
	if err := os.Symlink("nowhere", filepath.Join(dir, "d_example.toml")); err != nil {
		t.Fatal(err)
	}
	if err := root.Sweep(); err != nil {
		t.Fatal(err)
	}
	there("of all", true, stay...)
	there("of all", false, others)
	// One that cannot be read may name any.
	again := put("a_example")
	if err := os.Mkdir(filepath.Join(dir, "e_example.toml"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := root.SweepRequests("a_example"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a record that is a directory: got %v", err)
	}
	there("a record that is a directory", true, again)
}

func TestKeysOfRevokedVersionsAreKnown(t *testing.T) {
	root := setUp(t)
	var public []crypto.PublicKey
	for _, revocation := range []acmecore.Revocation{
		{At: time.Now(), Reason: acmecore.RevokedKeyCompromise}, {At: time.Now(), Reason: acmecore.RevokedKeyCompromise},
		{At: time.Now(), Reason: acmecore.RevokedSuperseded}, {},
	} {
		key, chain := pair(t)
		version, err := root.KeepVersion("a_example", key, chain, acmecore.Issue{})
		if err == nil && !revocation.At.IsZero() {
			err = root.NoteRevoked("a_example", version, revocation)
		}
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, key.Public())
	}
	chain := filepath.Join(root.CertificateDir("a_example"), "000002", "fullchain.pem")
	if err := os.WriteFile(chain, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, true, false, false} {
		if got := root.IsCompromised(public[i]); got != want {
			t.Errorf("version %d: got %v, want %v", i+1, got, want)
		}
	}
}

// TestOrdersInFlightAreDroppedByTheirKeys, those at other CAs too, and no others.
func TestOrdersInFlightAreDroppedByTheirKeys(t *testing.T) {
	root := setUp(t)
	if dropped, err := root.DropOrdersBy("a_example", func(crypto.PublicKey) bool { return true }); dropped || err != nil {
		t.Errorf("none: got %v, %v", dropped, err)
	}
	open := func(id acmecore.ID, ca string) crypto.PublicKey {
		t.Helper()
		journal, err := root.OpenJournal(id, store.Order{Directory: ca, Names: []acmecore.Name{"a.example"}, Key: acmecore.EC256})
		if err == nil && journal.URL() == "" {
			err = journal.SetURL(ca + "/order")
		}
		if err != nil {
			t.Fatal(err)
		}
		return journal.Key().Public()
	}
	const one, two = "https://one.example.test", "https://two.example.test"
	atOne, atTwo, other := open("a_example", one), open("a_example", two), open("a_example_rsa2048", one)
	by := func(bad ...crypto.PublicKey) func(crypto.PublicKey) bool {
		return func(key crypto.PublicKey) bool {
			return slices.ContainsFunc(bad, func(b crypto.PublicKey) bool { return keys.Equal(b, key) })
		}
	}
	dropped, err := root.DropOrdersBy("a_example", by(atOne, other))
	if !dropped || err != nil {
		t.Errorf("the one aside: got %v, %v", dropped, err)
	}
	if dropped, err := root.DropOrdersBy("a_example", by(atOne, other)); dropped || err != nil {
		t.Errorf("once more: got %v, %v", dropped, err)
	}
	if !keys.Equal(open("a_example", two), atTwo) || keys.Equal(open("a_example", one), atOne) || !keys.Equal(open("a_example_rsa2048", one), other) {
		t.Error("another one was dropped, or none")
	}
}

func TestAccountKeysAreKnown(t *testing.T) {
	root := setUp(t)
	const directory = "https://ca.example/directory"
	pending, err := root.PendingAccountKey(directory)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := pair(t)
	if !root.IsAccountKey(pending.Public()) || root.IsAccountKey(other.Public()) {
		t.Error("a pending one")
	}
	if err := root.KeepAccount(acmecore.Account{Directory: directory, URL: "https://ca.example/account/1"}); err != nil {
		t.Fatal(err)
	}
	if !root.IsAccountKey(pending.Public()) || root.IsAccountKey(other.Public()) {
		t.Error("a registered one")
	}
}
