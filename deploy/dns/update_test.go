package dns_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/dns"
)

// TestRightsUpdatesOfBIND: only root may listen on port 53.
func TestRightsUpdatesOfBIND(t *testing.T) {
	t.Parallel()
	b := newBIND(t)
	finder := dns.NewFinder(dns.Settings{Resolvers: []string{b.primary}, Patience: time.Minute})
	place := func(t *testing.T, name acmecore.Name) dns.Place {
		t.Helper()
		found, err := finder.Place(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	updater := func(key dns.Key) *dns.Updater {
		return &dns.Updater{Server: b.updates, Key: key}
	}
	right := dns.Key{Name: "wcme.example.org", Algorithm: "hmac-sha256", Secret: b.key}

	t.Run("two values, one after the other removed", func(t *testing.T) {
		before := b.zone("example.org")
		u, at := updater(right), place(t, "*.example.org")
		for _, value := range []string{"base", "wildcard", "wildcard"} {
			if err := u.Add(t.Context(), at, value); err != nil {
				t.Fatal(err)
			}
		}
		if got := b.values(at.Record); !slices.Equal(got, []string{"base", "wildcard"}) {
			t.Errorf("got %q", got)
		}
		for i, rest := range [][]string{{"wildcard"}, nil, nil} {
			if err := u.Remove(t.Context(), at, []string{"base", "wildcard", "wildcard"}[i]); err != nil {
				t.Fatal(err)
			}
			if got := b.values(at.Record); !slices.Equal(got, rest) {
				t.Errorf("got %q, want %q", got, rest)
			}
		}
		if after := b.zone("example.org"); !slices.Equal(after, before) {
			t.Errorf("the zone was %q, and is %q", before, after)
		}
	})

	t.Run("the secondary is waited for", func(t *testing.T) {
		u, at := updater(right), place(t, "www.example.org")
		if err := u.Add(t.Context(), at, "v"); err != nil {
			t.Fatal(err)
		}
		sights, err := finder.Await(t.Context(), at, "v")
		if err != nil || len(sights) != 2 || !sights[0].Saw || !sights[1].Saw {
			t.Errorf("got %+v, %v", sights, err)
		}
		if got, want := b.serial(b.secondary), b.serial(b.primary); got != want {
			t.Errorf("seen while the secondary had the serial %d, and the primary %d", got, want)
		}
		if err := u.Remove(t.Context(), at, "v"); err != nil {
			t.Error(err)
		}
	})

	t.Run("by an alias into another zone", func(t *testing.T) {
		at := place(t, "away.example.org")
		if at.Record != "away.acme.example.net" || at.Zone != "acme.example.net" {
			t.Fatalf("got %+v", at)
		}
		u := updater(right)
		if err := u.Ready(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if err := u.Add(t.Context(), at, "v"); err != nil {
			t.Fatal(err)
		}
		if _, err := finder.Await(t.Context(), at, "v"); err != nil {
			t.Error(err)
		}
		if err := u.Remove(t.Context(), at, "v"); err != nil {
			t.Error(err)
		}
	})

	t.Run("readiness changes nothing", func(t *testing.T) {
		before := b.serial(b.primary)
		if err := updater(right).Ready(t.Context(), place(t, "example.org")); err != nil {
			t.Error(err)
		}
		if after := b.serial(b.primary); after != before {
			t.Errorf("the serial was %d, and is %d", before, after)
		}
	})

	for _, row := range []struct {
		what, says, hint string
		key              dns.Key
		now              time.Duration
		name             acmecore.Name
	}{
		{"a key that the server does not know", "BADKEY", "tsig_name", dns.Key{Name: "nobody", Algorithm: right.Algorithm, Secret: right.Secret}, 0, "example.org"},
		{"another algorithm", "BADKEY", "tsig_name", dns.Key{Name: right.Name, Algorithm: "hmac-sha384", Secret: right.Secret}, 0, "example.org"},
		{"another secret", "BADSIG", "tsig_name", dns.Key{Name: right.Name, Algorithm: right.Algorithm, Secret: "b3RoZXI="}, 0, "example.org"},
		{"a clock that is late", "its clock is 1h0m", "clocks", right, -time.Hour, "example.org"},
		{"no key", "without a TSIG key (REFUSED)", "grant KEY name", dns.Key{}, 0, "example.org"},
		{"a key without the right", `with the TSIG key "stranger" (REFUSED)`, "grant stranger name _acme-challenge.example.org TXT", dns.Key{Name: "stranger", Algorithm: "hmac-sha512", Secret: "c3RyYW5nZXI="}, 0, "example.org"},
		{"a name that the policy does not have", "(REFUSED)", "grant wcme.example.org name _acme-challenge.mail.example.org TXT", right, 0, "mail.example.org"},
	} {
		t.Run(row.what, func(t *testing.T) {
			u := updater(row.key)
			if row.now != 0 {
				u.Now = func() time.Time { return time.Now().Add(row.now) }
			}
			err := u.Ready(t.Context(), place(t, row.name))
			if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), row.hint) {
				t.Errorf("got %v (%q), want %q, and %q", err, acmecore.HintOf(err), row.says, row.hint)
			}
		})
	}

	t.Run("a zone that is not delegated", func(t *testing.T) {
		u := &dns.Updater{Server: b.secondary, Key: right}
		err := u.Ready(t.Context(), place(t, "www.undelegated.test"))
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "it has the zone undelegated.test, which is not delegated") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a secondary for the primary", func(t *testing.T) {
		u := &dns.Updater{Server: b.secondary, Key: right}
		if err := u.Ready(t.Context(), place(t, "example.org")); acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("got %v (%q)", err, acmecore.HintOf(err))
		}
	})
	t.Run("an alias that leads nowhere", func(t *testing.T) {
		at := place(t, "gone.example.org")
		if err := updater(right).Ready(t.Context(), at); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("got %v", err)
		}
	})
}
