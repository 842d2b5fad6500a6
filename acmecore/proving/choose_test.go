package proving_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/proving"
)

// TestWhereDNSComesFirst: beside a wildcard, and where the configuration names the domain.
func TestWhereDNSComesFirst(t *testing.T) {
	t.Parallel()
	hook := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(hook, []byte("#!/bin/true\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	const (
		record    = `names = ["*.example.test", "example.test", "a.b.example.test", "www.example.org", "xexample.test"]` + "\n"
		alone     = `names = ["example.test"]` + "\n"
		anywhere  = "[[dns]]\nname = \"home\"\nserver = \"192.0.2.53\"\n"
		domain    = anywhere + "for = [\"example.test\"]\n"
		usual     = "[http-01 dns-01]"
		dnsFirst  = "[dns-01 http-01]"
		noDNS     = "[http-01]"
		byHookFor = `for = ["example.test"]`
	)
	hooked := func(key, methods string) string {
		return fmt.Sprintf("[[hook]]\nname = \"provider\"\nrun = [%q]\nprotocol = \"uacme\"\nmethods = %s\n%s\n", hook, methods, key)
	}
	http, failed := acmecore.Standing{Proved: map[acmecore.Name]acmecore.Method{"example.test": acmecore.HTTP01}},
		acmecore.Standing{Failures: []acmecore.Failure{failed(map[acmecore.Name]acmecore.Method{"example.test": acmecore.DNS01})}}
	for _, row := range []struct {
		what, configuration, record string
		name                        acmecore.Name
		standing                    acmecore.Standing
		want                        string
	}{
		{"the domain of a wildcard", anywhere, record, "example.test", acmecore.Standing{}, dnsFirst},
		{"a name below it", anywhere, record, "a.b.example.test", acmecore.Standing{}, dnsFirst},
		{"the wildcard", anywhere, record, "*.example.test", acmecore.Standing{}, "[dns-01]"},
		{"a name of another domain", anywhere, record, "www.example.org", acmecore.Standing{}, usual},
		{"a name that ends like it", anywhere, record, "xexample.test", acmecore.Standing{}, usual},
		{"no wildcard", anywhere, alone, "example.test", acmecore.Standing{}, usual},
		{"beside a wildcard, and http-01 worked", anywhere, record, "example.test", http, usual},
		{"beside a wildcard, and dns-01 failed", anywhere, record, "example.test", failed, usual},
		{"beside a wildcard, and the administrator has a list", "challenge.methods = [\"http-01\", \"dns-01\"]\n" + anywhere, record, "example.test", acmecore.Standing{}, usual},
		{"a list of the record's", domain, alone + "challenge = [\"http-01\", \"dns-01\"]\n", "example.test", acmecore.Standing{}, usual},
		{"[[dns]] for the domain", domain, alone, "example.test", acmecore.Standing{}, dnsFirst},
		{"[[dns]] for the domain, and http-01 worked", domain, alone, "example.test", http, usual},
		{"[[dns]] for another domain", domain, record, "www.example.org", acmecore.Standing{}, noDNS},
		{"[[hook]] for the domain", hooked(byHookFor, `"dns-01"`), alone, "example.test", acmecore.Standing{}, dnsFirst},
		{"[[hook]] for all", hooked("", `"dns-01"`), alone, "example.test", acmecore.Standing{}, usual},
		{"[[hook]] for the domain, and [[dns]] for all", anywhere + hooked(byHookFor, `"http-01"`), alone, "example.test", acmecore.Standing{}, usual},
		{"[[hook]] of both for the domain", hooked(byHookFor, `["dns-01", "http-01"]`), alone, "example.test", acmecore.Standing{}, usual},
		{"[[hook]] for the domain, for what nothing else answers", hooked(byHookFor, `"tls-alpn-01"`), alone, "example.test", acmecore.Standing{}, "[tls-alpn-01 http-01]"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			ways, err := waysOf(newSetting(t, row.configuration).prover(), row.record, proving.Learned(row.standing, nil))
			if err != nil {
				t.Fatal(err)
			}
			methods, err := ways.Methods(row.name)
			if got := fmt.Sprint(methods); got != row.want || err != nil {
				t.Errorf("got %s, %v; want %s", got, err, row.want)
			}
		})
	}
}
