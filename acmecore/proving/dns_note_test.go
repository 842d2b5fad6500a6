package proving_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/deploy/lab/zone"
)

// TestRecordIsRemovedWhenTheKeyCanBeReadAgain, and left where the server refuses.
func TestRecordIsRemovedWhenTheKeyCanBeReadAgain(t *testing.T) {
	t.Parallel()
	n := zone.Serve(t)
	s := newSetting(t, n.Table())
	publish := func(letter string) {
		ways, release, err := prepare(t.Context(), s.recovered(), byDNS, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if err := ways.Publish(t.Context(), txtResponse("example.test", letter)); err != nil {
			t.Fatal(err)
		}
	}
	publish("a")
	s.write(n.Table()+"tsig_key_file = \"etc/absent.key\"\n", "etc", "wcme.toml")
	s.recovered() // it logs that the file is not there
	n.Has("_acme-challenge.example.test. value-a")
	s.write(n.Table(), "etc", "wcme.toml")
	s.recovered()
	n.Has()
	publish("b")
	n.Refuse()
	s.recovered()
	if tokens, err := s.root.TXTsNoted(); err != nil || len(tokens) > 0 {
		t.Errorf("what the server refuses is tried for ever: %v, %v", tokens, err)
	}
}

// TestAliasToANameOfTheOrderIsRefused: its zone's owner would choose what we write there.
func TestAliasToANameOfTheOrderIsRefused(t *testing.T) {
	t.Parallel()
	n := zone.Serve(t)
	_, _, err := prepare(t.Context(), newSetting(t, n.Table()).recovered(), byDNS, "alias.example.test", "d420.auth.example.test")
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "leads to a name that is proved itself") {
		t.Errorf("got %v", err)
	}
}
