package manager_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
)

func TestCheckCAReadsRoots(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	if authority, err := m.CheckCA(t.Context(), ""); err != nil || authority.CA != "lab" || authority.Terms == "" {
		t.Errorf("got %+v, %v", authority, err)
	}
	for _, row := range []struct {
		what, content string
		want          string
	}{
		{"no certificate in etc/cacert.pem", "nothing", "a file has no certificate in it"},
		{"an empty etc/cacert.pem", "", "a file has no certificate in it"},
	} {
		s.write(row.content, "etc", "cacert.pem")
		_, err := m.CheckCA(t.Context(), "")
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.want) || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, want %q", row.what, err, row.want)
		}
	}
}
