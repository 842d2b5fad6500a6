package order_test

import (
	"fmt"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// The directories of Let's Encrypt, as it documents them.
const (
	production = "https://acme-v02.api.letsencrypt.org/directory"
	staging    = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// hosts are so many names.
func hosts(count int, others ...acmecore.Name) (names []acmecore.Name) {
	for i := range count {
		names = append(names, acmecore.Name(fmt.Sprintf("host%d.example.org", i)))
	}
	return append(names, others...)
}

// TestCheckProfile: what is known not to be given is refused before the CA is asked, with
// what would work instead.
func TestCheckProfile(t *testing.T) {
	for name, row := range map[string]struct {
		directory, profile string
		names              []acmecore.Name
		cause, hint        string // "" where the CA is asked
	}{
		"classic":                   {production, "classic", hosts(100), "", ""},
		"none":                      {production, "", hosts(100), "", ""},
		"a wildcard":                {production, "shortlived", hosts(1, "*.example.org"), "", ""},
		"25 names":                  {production, "tlsserver", hosts(25), "", ""},
		"26 names":                  {production, "tlsserver", hosts(26), `host0.example.org: it is one of 26 names, where the CA gives 25 with the profile "tlsserver"`, `make 2 certificates of them, or take the profile "classic", which has up to 100 names`},
		"26 names in staging":       {staging, "tlsserver", hosts(26), "where the CA gives 25", "make 2 certificates"},
		"51 names":                  {production, "shortlived", hosts(51), `where the CA gives 25 with the profile "shortlived"`, "make 3 certificates of them"},
		"addresses":                 {production, "shortlived", hosts(1, "203.0.114.1", "2a00::1"), "", ""},
		"an address":                {production, "classic", hosts(1, "203.0.114.1"), `203.0.114.1: the CA gives no addresses with the profile "classic"`, `the profile "shortlived" takes addresses: --profile shortlived`},
		"an address, no profile":    {staging, "", []acmecore.Name{"2a00::1"}, "2a00::1: the CA gives no addresses without a profile", "--profile shortlived"},
		"an address, tlsserver":     {production, "tlsserver", []acmecore.Name{"203.0.114.1"}, "the CA gives no addresses", "--profile shortlived"},
		"an address and 30 names":   {production, "", hosts(30, "203.0.114.1"), "the CA gives no addresses", `--profile shortlived, with at most 25 names; make 2 certificates of them`},
		"26, with an address":       {production, "shortlived", hosts(25, "203.0.114.1"), "it is one of 26 names", "make 2 certificates of them"},
		"a private address":         {production, "shortlived", []acmecore.Name{"192.168.1.86"}, "192.168.1.86: it is an address of private networks", "a CA of your own"},
		"a private IPv6 address":    {production, "shortlived", []acmecore.Name{"fd00::1"}, "private networks", "a CA of your own"},
		"this very host":            {staging, "shortlived", []acmecore.Name{"127.0.0.1"}, "private networks", "a CA of your own"},
		"a profile that is new":     {production, "tlsclient2", hosts(100, "203.0.114.1"), "", ""},
		"another CA":                {"https://ca.example.org/directory", "tlsserver", hosts(100, "192.168.1.86"), "", ""},
		"another CA of such a name": {"https://acme-v02.api.letsencrypt.org.example.org/directory", "tlsserver", hosts(26), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := order.CheckProfile(row.directory, row.profile, row.names)
			if row.cause == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			mustRead(t, err, outcome{kind: acmecore.Invalid, words: []string{row.cause}, hint: row.hint})
		})
	}
}
