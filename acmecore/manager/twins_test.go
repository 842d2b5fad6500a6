package manager_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
)

const twin = id + "_rsa2048"

// both asks for both kinds of key.
func both(names ...acmecore.Name) control.CertifyRequest {
	return control.CertifyRequest{Names: names, Keys: []acmecore.KeyType{acmecore.EC256, acmecore.RSA2048}}
}

// managed are the certificates of the list, each with its kind of key and its problem.
func (s *setting) managed() (list []string) {
	s.Helper()
	for _, c := range s.list() {
		list = append(list, fmt.Sprintf("%s:%s:%s", c.ID, c.Key, c.Problem))
	}
	return list
}

func TestBothKindsOfKeyAreACertificateEach(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	certified, err := m.Certify(t.Context(), both("www.example.test"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if certified.ID != id || !slices.Equal(certified.Twins, []acmecore.ID{twin}) {
		t.Errorf("got %+v", certified)
	}
	if got := fmt.Sprint(s.managed()); got != "[www_example_test:ec256: www_example_test_rsa2048:rsa2048:]" {
		t.Errorf("managed: got %s", got)
	}
	for _, id := range []acmecore.ID{id, twin} {
		text := []byte(s.read("ssl", "fullchain_"+string(id)+".pem"))
		if _, err := tls.X509KeyPair(text, text); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	record := s.read("etc", "certificates", string(id)+".toml")
	if !strings.Contains(record, "key = ['ec256', 'rsa2048']") {
		t.Errorf("record: got\n%s", record)
	}
	s.gone("etc", "certificates", string(twin)+".toml")
	// Nothing is due, and nothing ordered again.
	heard := new(steps)
	if _, err := m.Certify(t.Context(), request("www.example.test"), heard.of("again", nil)); err != nil || heard.has("again", "placed") {
		t.Errorf("again: %v, %q", err, heard.list)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{}, nil)
	if err != nil || run.Managed != 2 || run.Count(acmecore.Renewed) != 0 {
		t.Errorf("a pass: got %+v, %v", run, err)
	}
}

// TestATwinIsOneForItself: it is renewed, restored and revoked without the other.
func TestATwinIsOneForItself(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if _, err := m.Certify(t.Context(), both("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{Force: []acmecore.ID{twin}}, nil)
	if err != nil || run.Count(acmecore.Renewed) != 1 {
		t.Errorf("renewed: got %+v, %v", run, err)
	}
	versions := func(id acmecore.ID) int { list, _ := s.root.Versions(id); return len(list) }
	if versions(id) != 1 || versions(twin) != 2 {
		t.Errorf("versions: got %d and %d, want 1 and 2", versions(id), versions(twin))
	}
	back, err := m.Restore(t.Context(), control.RestoreRequest{ID: twin}, nil)
	if err != nil || back.Version != "000001" || back.ID != twin || back.TwinOf != id {
		t.Errorf("restored: got %+v, %v", back, err)
	}
	details, err := m.Details(t.Context(), twin)
	if err != nil || details.Certificate.Key != acmecore.RSA2048 || !strings.HasSuffix(details.Kept.Record, string(id)+".toml.removed") {
		t.Errorf("details: got %+v, %v", details.Kept, err)
	}
	revoked, err := m.Revoke(t.Context(), control.RevokeRequest{ID: twin, Reason: 4}, nil)
	if err != nil || !revoked.Revoked || s.list()[0].Revoked {
		t.Errorf("revoked: got %+v, %v", revoked, err)
	}
}

func TestAKindThatLeavesTheRecordIsManagedNoMore(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if _, err := m.Certify(t.Context(), both("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	heard := new(steps)
	if _, err := m.Certify(t.Context(), control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, Keys: []acmecore.KeyType{acmecore.EC256}}, heard.of("run", nil)); err != nil {
		t.Fatal(err)
	}
	if !heard.has("run", "it is not managed any more, because rsa2048") || heard.has("run", "placed") {
		t.Errorf("got %q", heard.list)
	}
	if got := fmt.Sprint(s.managed()); got != "[www_example_test:ec256:]" {
		t.Errorf("managed: got %s", got)
	}
	s.read("ssl", "fullchain_"+string(twin)+".pem")
	if _, err := m.Details(t.Context(), twin); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("details: got %v", err)
	}
}

func TestRemovingOneKindOrAll(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if _, err := m.Certify(t.Context(), both("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	if err := m.Remove(t.Context(), control.RemoveRequest{ID: twin}, nil); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.managed()); got != "[www_example_test:ec256:]" {
		t.Errorf("the twin is removed: got %s", got)
	}
	if _, err := m.Certify(t.Context(), both("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.root.OpenJournal(twin, order("www.example.test")); err != nil {
		t.Fatal(err)
	}
	heard := new(steps)
	if err := m.Remove(t.Context(), control.RemoveRequest{ID: id}, heard.of("remove", nil)); err != nil {
		t.Fatal(err)
	}
	if got := s.managed(); len(got) != 0 || !heard.has("remove", "its keys and versions stay here") {
		t.Errorf("the base is removed: got %v, %q", got, heard.list)
	}
	for _, id := range []acmecore.ID{id, twin} {
		s.read("priv", "certificates", string(id), "current", "key.pem")
		s.gone("priv", "orders", string(id))
	}
	s.read("etc", "certificates", string(id)+".toml.removed")
}

// TestAnIDThatTwoWouldHave: a record of its own has it, and the other one is refused.
func TestAnIDThatTwoWouldHave(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if err := s.root.PutRecord(twin, []byte("names = [\"www.example.test.rsa2048\"]\n")); err != nil {
		t.Fatal(err)
	}
	_, err := m.Certify(t.Context(), both("www.example.test"), nil)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), string(twin)+", which is managed by a record of its own") {
		t.Errorf("the other one: got %v", err)
	}
	s.record("names = [\"www.example.test\"]\nkey = [\"ec256\", \"rsa2048\"]\n")
	if err := m.Check(); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), "a record of its own") {
		t.Errorf("check: got %v", err)
	}
	list := s.list()
	if len(list) != 2 || list[1].Names[0] != "www.example.test.rsa2048" {
		t.Errorf("got %+v", list)
	}
	// And the other way round.
	s.remove("etc", "certificates", string(twin)+".toml")
	_, err = m.Certify(t.Context(), request("www.example.test.rsa2048"), nil)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), "its files would be those of www.example.test") {
		t.Errorf("the name: got %v", err)
	}
}

// TestTwoKindsInOneTarget: both would be one file of HAProxy's.
func TestTwoKindsInOneTarget(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	whole := s.read("etc", "wcme.toml")
	dir := t.TempDir()
	configure := func(file string) error {
		s.write(whole+fmt.Sprintf("[[install]]\nname = \"haproxy\"\ndir = %q\nformat = \"haproxy\"\n%s", dir, file), "etc", "wcme.toml")
		return m.Reload()
	}
	if err := configure(""); err != nil {
		t.Fatal(err)
	}
	_, err := m.Certify(t.Context(), both("www.example.test"), nil)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), "www.example.test.pem") || !strings.Contains(acmecore.HintOf(err), "{key}") {
		t.Fatalf("got %v (%s)", err, acmecore.HintOf(err))
	}
	if entries, err := os.ReadDir(s.path("priv", "orders")); err != nil || len(entries) != 0 {
		t.Errorf("something was ordered: %v, %v", entries, err)
	}
	if err := configure("file = \"{host}.pem.{key}\"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Certify(t.Context(), both("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, " "); got != "www.example.test.pem.ecdsa www.example.test.pem.rsa" {
		t.Errorf("got %s", got)
	}
	if err := configure(""); acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(fmt.Sprint(err), string(twin)) {
		t.Errorf("a configuration by which they would be one: got %v", err)
	}
}

// TestWhatGoesWrongWithOneKind keeps the other from nothing, unless it would come to the
// same end.
func TestWhatGoesWrongWithOneKind(t *testing.T) {
	t.Parallel()
	s, m := withRefusingCA(t)
	heard := new(steps)
	_, err := m.Certify(t.Context(), both("www.example.test"), heard.of("run", nil))
	if acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(fmt.Sprint(err), string(id)) {
		t.Errorf("got %v", err)
	}
	if !heard.has("run", "not tried: it would come to the same end") {
		t.Errorf("got %q", heard.list)
	}
	s.gone("etc", "certificates", string(id)+".toml")
	s.gone("priv", "orders", string(twin))

	own, m := withCA(t)
	own.write("", "priv", "certificates", string(id)) // which cannot be a directory then
	_, err = m.Certify(t.Context(), both("www.example.test"), nil)
	if err == nil || !strings.Contains(fmt.Sprint(err), string(id)+": ") {
		t.Errorf("got %v, want an error of %s", err, id)
	}
	if key, err := own.root.Key(twin); err != nil || keys.TypeOf(key.Public()) != acmecore.RSA2048 {
		t.Errorf("the other kind: %v", err)
	}
}
