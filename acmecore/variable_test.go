package acmecore_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
)

func TestCheckVariable(t *testing.T) {
	for _, c := range []struct{ name, says string }{
		{"TOKEN", ""},
		{"_x9", ""},
		{"CF_Token", ""},
		{"", "is no name"},
		{"9x", "is no name"},
		{"A-B", "is no name"},
		{"A=B", "is no name"},
		{"é", "is no name"},
		{"A\x00", "is no name"},
		{"PATH", "is not for you"},
		{"HOME", "is not for you"},
		{"LD_PRELOAD", "is not for you"},
		{"BASH_ENV", "is not for you"},
		{"BASH_FUNC_x", "is not for you"},
		{"WCME_RUN", "is not for you"},
	} {
		err := acmecore.CheckVariable(c.name)
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%q: got %v, want no error", c.name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || acmecore.KindOf(err) != acmecore.Invalid):
			t.Errorf("%q: got %v, want an error that says %q", c.name, err, c.says)
		}
	}
}
