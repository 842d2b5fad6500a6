package schedule_test

import (
	"math"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// FuzzRenewal: whatever the times are, a moment that is not after the certificate's
// end, and a reason.
func FuzzRenewal(f *testing.F) {
	f.Add(int64(1790000000), int64(1797776000), int64(1795000000), int64(1795100000), int64(0), int64(0), true)
	f.Add(int64(math.MinInt64), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MinInt64), int64(math.MaxInt64), int64(-1), false)
	f.Add(int64(-62135596800), int64(253402300799), int64(-62135596800), int64(253402300799), int64(1), int64(86400), true)
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, notBefore, notAfter, start, end, before, jitter int64, followed bool) {
		c := acmecore.Certificate{Version: "1", Fingerprint: "f", NotBefore: time.Unix(notBefore, 0), NotAfter: time.Unix(notAfter, 0)}
		info := acmecore.RenewalInfo{Fingerprint: "f", Start: time.Unix(start, 0), End: time.Unix(end, 0), Followed: followed}
		rules := schedule.Rules{Before: time.Duration(before), Jitter: time.Duration(jitter), Location: berlin}
		got := rules.Renewal(c, info)
		if got.Reason == "" || got.Text == "" || got.At != rules.Renewal(c, info).At {
			t.Errorf("got %v", got)
		}
		real := func(at time.Time) bool { return at.Year() > 1 && at.Year() < 10000 }
		if real(c.NotAfter) && real(c.NotBefore) && got.At.After(c.NotAfter) {
			t.Errorf("renewed at %s, after its end at %s, because %s", got.At, c.NotAfter, got.Text)
		}
		next := rules.NextDaily(info.Start)
		if real(info.Start) && (!next.After(info.Start) || next.After(info.Start.Add(37*time.Hour))) {
			t.Errorf("after %s comes %s", info.Start, next)
		}
		if d := schedule.Until(info.Start, info.End); d < schedule.MinSleep || d > schedule.MaxSleep {
			t.Errorf("a sleep of %v", d)
		}
	})
}

// FuzzNextTry: whatever failed, nobody waits for more than two days.
func FuzzNextTry(f *testing.F) {
	f.Add(int64(1790000000), int64(1790000000), int64(1790000060), int64(1797776000), "unreachable", 1)
	f.Add(int64(0), int64(math.MaxInt64), int64(math.MinInt64), int64(math.MaxInt64), "limited", 300)
	f.Add(int64(1790000000), int64(1790086400), int64(253402300799), int64(0), "refused", 12)
	f.Fuzz(func(t *testing.T, now, at, until, notAfter int64, kind string, count int) {
		clock := time.Unix(now, 0)
		if clock.Year() < 1900 || clock.Year() > 9990 {
			return // no clock shows that
		}
		c := acmecore.Certificate{Version: "1", NotBefore: clock.Add(-day), NotAfter: time.Unix(notAfter, 0)}
		var list []acmecore.Failure
		for range min(max(count, 1), 20) {
			list = schedule.Note(list, acmecore.Failure{At: time.Unix(at, 0), Until: time.Unix(until, 0), Kind: acmecore.Kind(kind), Refused: []acmecore.Name{"a.example"}})
		}
		for what, next := range map[string]time.Time{"try": schedule.NextTry(list, c, clock), "load": schedule.NextLoad(list, clock)} {
			if next.After(clock.Add(2 * day)) {
				t.Errorf("at %s the next %s is at %s", clock, what, next)
			}
		}
		pace := schedule.Pace{Tokens: float64(until), At: time.Unix(at, 0)}
		if after, wait := pace.Take(clock, count, time.Duration(notAfter)); wait < 0 || wait > max(time.Duration(notAfter), 0) || count > 0 && notAfter > 0 && after.Tokens > float64(count) {
			t.Errorf("%v became %v, and waits %v", pace, after, wait)
		}
	})
}
