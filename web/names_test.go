package web_test

import (
	"testing"

	"wcme/acmecore"
	"wcme/web"
)

// TestNamesOfCertificates are what people gave, not what files are called.
func TestNamesOfCertificates(t *testing.T) {
	t.Parallel()
	for id, want := range map[acmecore.ID]string{
		"www_example_org": "www.example.org", "wildcard_example_org": "*.example.org",
		"192_0_2_1": "192.0.2.1", "2001_db8__1": "2001:db8::1", "0__1": "::1",
		"x_y__z": "x_y__z", "wildcard_": "wildcard_", "999_1_1_1": "999_1_1_1",
	} {
		if got := web.HostOf(id); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
		if name, err := acmecore.ParseName(want); err == nil && name.ID() != id {
			t.Errorf("%s: its name %s has the ID %s", id, name, name.ID())
		}
	}
}
