package acmecore_test

import (
	"slices"
	"testing"
	"time"

	"wcme/acmecore"
)

// TestConcern has a row for each; of several the worst counts.
func TestConcern(t *testing.T) {
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	lasting := func(life, left time.Duration) acmecore.Certificate {
		return acmecore.Certificate{Version: "000001", NotBefore: now.Add(left - life), NotAfter: now.Add(left), Service: acmecore.ServiceServed}
	}
	with := func(c acmecore.Certificate, change func(*acmecore.Certificate)) acmecore.Certificate {
		change(&c)
		return c
	}
	late := func(by time.Duration) func(*acmecore.Certificate) {
		return func(c *acmecore.Certificate) { c.Renewal.At = now.Add(-by) }
	}
	troubled := func(c *acmecore.Certificate) { c.Trouble = "refused" }
	good, short := lasting(90*day, 60*day), lasting(6*day, 3*day)
	for _, row := range []struct {
		what string
		c    acmecore.Certificate
		want acmecore.Concern
	}{
		{"in service", good, ""},
		{"due, and planned", with(lasting(90*day, 20*day), late(-day)), ""},
		{"nobody has planned anything", with(good, func(c *acmecore.Certificate) { c.Service = "" }), ""},
		{"due a day ago: the next pass renews it", with(good, late(day)), ""},
		{"due for three days", with(good, late(3*day)), acmecore.ConcernLate},
		{"of six days, due for ten hours", with(short, late(10*time.Hour)), ""},
		{"of six days, due for fifteen hours", with(short, late(15*time.Hour)), acmecore.ConcernLate},
		{"failing", with(good, troubled), acmecore.ConcernFailing},
		{"failing and late", with(with(good, troubled), late(9*day)), acmecore.ConcernFailing},
		{"not installed", with(good, func(c *acmecore.Certificate) { c.Service = acmecore.ServiceMissing }), acmecore.ConcernUnserved},
		{"not loaded", with(good, func(c *acmecore.Certificate) { c.Service = acmecore.ServiceUnloaded }), acmecore.ConcernUnserved},
		{"not served, and failing", with(with(good, troubled), func(c *acmecore.Certificate) { c.Service = acmecore.ServiceUnseen }), acmecore.ConcernUnserved},
		{"loaded", with(good, func(c *acmecore.Certificate) { c.Service = acmecore.ServiceLoaded }), ""},
		{"never obtained", acmecore.Certificate{}, acmecore.ConcernMissing},
		{"unusable, and expired", with(lasting(90*day, -day), func(c *acmecore.Certificate) { c.Problem = "x" }), acmecore.ConcernUnusable},
		{"expired", with(lasting(90*day, 0), troubled), acmecore.ConcernExpired},
	} {
		if got := row.c.Concern(now); got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
		if row.want != "" && !slices.Contains(acmecore.Concerns(), row.want) {
			t.Errorf("%q is not among all", row.want)
		}
	}
}
