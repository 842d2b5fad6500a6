package manager_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/keys"
)

func (s *setting) list() []acmecore.Certificate {
	s.Helper()
	list, err := s.unrecovered().List(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return list
}

func TestListReadsFactsFromTheFiles(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "ca = \"letsencrypt-staging\"\n")
	if list := s.list(); list == nil || len(list) != 0 {
		t.Errorf("without a record: got %v, want an empty list", list)
	}
	s.record("names = [\"WWW.example.test.\", \"example.test\"]\n")
	chain := s.keep(s.key(), 10, "www.example.test", "example.test")
	list := s.list()
	if len(list) != 1 {
		t.Fatalf("got %d certificates, want 1", len(list))
	}
	got, sum := list[0], sha256.Sum256(chain[0])
	if got.ID != id || got.CA != "letsencrypt-staging" || got.Key != acmecore.EC256 || got.Serial != "abc" ||
		got.Fingerprint != hex.EncodeToString(sum[:]) || got.Issuer != "Test CA" || got.Version != "000001" || got.Problem != "" {
		t.Errorf("got %+v", got)
	}
	if len(got.Names) != 2 || got.Names[0] != "www.example.test" || got.Names[1] != "example.test" {
		t.Errorf("names: got %v", got.Names)
	}
	if days := got.DaysLeft(time.Now()); days != 79 {
		t.Errorf("days left: got %d, want 79", days)
	}
	if _, offset := got.NotAfter.Zone(); offset != 0 {
		t.Errorf("not after: got %v, want UTC", got.NotAfter)
	}
}

func TestListOrdersByIDAndLeavesOtherFilesOut(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	for _, name := range []string{"c.example.test", "a.example.test", "b.example.test"} {
		if err := s.root.PutRecord(acmecore.Name(name).ID(), []byte("names = [\""+name+"\"]\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{"README", "a_example_test.toml~", ".a_example_test.toml.swp", "A_EXAMPLE.TOML"} {
		s.write("not ours", "etc", "certificates", other)
	}
	got := ""
	for _, c := range s.list() {
		got += string(c.ID) + " "
	}
	if want := "a_example_test b_example_test c_example_test "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestListShowsWhatIsWrong damages a certificate that is valid.
func TestListShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		damage func(*setting)
		state  acmecore.State
		want   string // within the problem; "" for none
	}{
		{"nothing", func(*setting) {}, acmecore.Valid, ""},
		{"it was never obtained", func(s *setting) { s.remove("priv", "certificates", string(id)) }, acmecore.Missing, ""},
		{"it is nearly over", func(s *setting) { s.keep(s.key(), 61, "www.example.test") }, acmecore.Due, ""},
		{"it is over", func(s *setting) { s.keep(s.key(), 91, "www.example.test") }, acmecore.Expired, ""},

		{"the record is no TOML", func(s *setting) { s.record("names = [") }, acmecore.Unusable, "www_example_test.toml:1:"},
		{"the record is empty", func(s *setting) { s.record("") }, acmecore.Unusable, "none given"},
		{"the record has no host name", func(s *setting) { s.record("names = [\"a b\"]") }, acmecore.Unusable, "\"a b\""},
		{"the record has an unknown key", func(s *setting) { s.record(recordOfOne + "acme = true") }, acmecore.Unusable, "there is no key \"acme\""},
		{"the record has an unknown CA", func(s *setting) { s.record(recordOfOne + "ca = \"nobody\"") }, acmecore.Unusable, "\"nobody\""},
		{"the record is binary", func(s *setting) { s.record("\x00\x01\xff") }, acmecore.Unusable, "www_example_test.toml:1:"},
		{"the record is a directory", func(s *setting) {
			s.remove("etc", "certificates", string(id)+".toml")
			if err := os.Mkdir(s.path("etc", "certificates", string(id)+".toml"), 0o755); err != nil {
				s.Fatal(err)
			}
		}, acmecore.Unusable, "it is no file"},
		{"the record has a name more", func(s *setting) { s.record("names = [\"www.example.test\", \"more.example.test\"]") },
			acmecore.Unusable, "lacks the name more.example.test"},
		{"the record has a name less", func(s *setting) {
			s.keep(s.key(), 0, "www.example.test", "more.example.test")
		}, acmecore.Valid, ""},

		{"the version is gone", func(s *setting) { s.remove("priv", "certificates", string(id), "000001") }, acmecore.Missing, ""},
		{"the link leads elsewhere", func(s *setting) {
			s.remove("priv", "certificates", string(id), "current")
			if err := os.Symlink("../../../etc", s.path("priv", "certificates", string(id), "current")); err != nil {
				s.Fatal(err)
			}
		}, acmecore.Unusable, "which is no version"},
		{"the chain is gone", func(s *setting) { s.remove(s.current("fullchain.pem")...) }, acmecore.Unusable, "no such file"},
		{"the chain is empty", func(s *setting) { s.write("", s.current("fullchain.pem")...) }, acmecore.Unusable, "holds no certificate"},
		{"the chain is garbage", func(s *setting) { s.write("\x00garbage", s.current("fullchain.pem")...) }, acmecore.Unusable, "holds no certificate"},
		{"the chain is cut", func(s *setting) {
			text := s.read(s.current("fullchain.pem")...)
			s.write(text[:len(text)/2], s.current("fullchain.pem")...)
		}, acmecore.Unusable, "holds no certificate"},
		{"the chain has another thing in it", func(s *setting) {
			other := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("something")})
			s.write(s.read(s.current("fullchain.pem")...)+string(other), s.current("fullchain.pem")...)
		}, acmecore.Unusable, "its current version: x509"},
		{"the key is gone", func(s *setting) { s.remove(s.current("key.pem")...) }, acmecore.Unusable, "key.pem: no such file"},
		{"the key is garbage", func(s *setting) { s.write("garbage", s.current("key.pem")...) }, acmecore.Unusable, "no PEM block PRIVATE KEY"},
		{"the key is another one's", func(s *setting) {
			text, err := keys.Encode(s.key())
			if err != nil {
				s.Fatal(err)
			}
			s.write(string(text), s.current("key.pem")...)
		}, acmecore.Unusable, "is not the certificate's"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t, "")
			s.record(recordOfOne)
			s.keep(s.key(), 1, "www.example.test")
			row.damage(s)
			list := s.list()
			if len(list) != 1 {
				t.Fatalf("got %d certificates, want 1", len(list))
			}
			got := list[0]
			if state := got.State(time.Now()); state != row.state {
				t.Errorf("state: got %q, want %q", state, row.state)
			}
			if (got.Problem == "") != (row.want == "") || !strings.Contains(got.Problem, row.want) {
				t.Errorf("problem: got %q, want %q", got.Problem, row.want)
			}
			if strings.Contains(got.Problem, "\n") || strings.Contains(got.Problem, "PRIVATE KEY-----") {
				t.Errorf("problem: got %q, want one line without a key", got.Problem)
			}
		})
	}
}

func TestListEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.record(recordOfOne)
	ctx, cancel := contextEnded()
	defer cancel()
	if list, err := s.unrecovered().List(ctx); err == nil {
		t.Errorf("got %v, want an error", list)
	}
}

// TestInterruptedReadingSaysSo: the words cross the control socket when the
// overseer ends.
func TestInterruptedReadingSaysSo(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.record("names = [\"www.example.test\"]\n")
	m := s.unrecovered()
	ended, end := context.WithCancel(t.Context())
	end()
	_, listed := m.List(ended)
	_, checked := m.CheckCA(ended, "")
	for what, err := range map[string]error{"list": listed, "check": checked} {
		if acmecore.KindOf(err) != acmecore.Busy || !strings.HasSuffix(err.Error(), ": interrupted") || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, hint %q", what, err, acmecore.HintOf(err))
		}
	}
}
