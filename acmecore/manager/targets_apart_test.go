package manager_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// TestTargetsAreNotAmongWCMEsOwnFiles: a product that is a target's file too would be
// written by both in turn, and loaded by each pass.
func TestTargetsAreNotAmongWCMEsOwnFiles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what, dir, more string
		want            string // "" where it is none of them
	}{
		{"the products", "ssl", `format = "split"`, "its files would be those that wCME itself keeps in"},
		{"a product for the key", "ssl", "format = \"split\"\nfile = \"{host}.crt\"\nkey_file = \"cert_{name}.pem\"", "its files would be those that wCME itself keeps in"},
		{"other files beside them", "ssl", `format = "haproxy"`, ""},
		{"the challenges", "www", "", "www is for wCME's own files"},
		{"below the keys", "priv/orders", "", "priv is for wCME's own files"},
		{"through a link", "link", "", "www is for wCME's own files"},
	} {
		s := newSetting(t, "")
		if err := os.Symlink("www", s.path("link")); err != nil {
			t.Fatal(err)
		}
		s.write(fmt.Sprintf("report.opcom = [\"none\"]\n[[install]]\nname = \"own\"\ndir = %q\n%s\n", s.path(row.dir), row.more), "etc", "wcme.toml")
		s.record(recordOfOne)
		s.keep(s.key(), 1, "www.example.test")
		s.publish()
		m := s.unrecovered()
		refused := func(err error) bool { return err != nil && strings.Contains(err.Error(), row.want) }
		if err := m.Check(); row.want == "" && err != nil || row.want != "" && !refused(err) {
			t.Errorf("%s: got %v, want %q", row.what, err, row.want)
		}
		run, err := m.Manage(t.Context(), control.ManageRequest{Now: true}, nil)
		if err != nil || len(run.Certificates) != 1 {
			t.Fatalf("%s: got %+v, %v", row.what, run, err)
		}
		if got := run.Certificates[0]; row.want == "" && got.Outcome != acmecore.Repaired ||
			row.want != "" && (got.Outcome != acmecore.NotServed || !strings.Contains(got.Problem, row.want) || len(got.Files) > 0) {
			t.Errorf("%s: a pass: got %+v", row.what, got)
		}
	}
}
