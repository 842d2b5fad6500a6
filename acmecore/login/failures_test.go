package login_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

// entries are those of the audit from then on.
func (r *rig) entries(from int) []string {
	return strings.Split(strings.TrimSuffix(r.told.String()[from:], "\n"), "\n")
}

// TestFailuresDoNotFillTheAudit has attackers try for six hours, as often as the throttle
// lets them.
func TestFailuresDoNotFillTheAudit(t *testing.T) {
	const hours = 6
	for _, attackers := range []int{1, 10_000} {
		r := newRig(t)
		r.add("alice", acmecore.RoleAdmin)
		r.wait(time.Hour)
		from, tried := r.told.Len(), 0
		for i := range hours * 60 * 60 / 4 { // each four seconds twice
			r.wait(4 * time.Second)
			for range 2 {
				n := i % attackers
				if answer, err := r.Account(t.Context(), claimFrom(n), byPassword("alice", "guess")); err == nil && len(answer.Mistakes) > 0 {
					tried++
				}
			}
		}
		list := r.entries(from)
		if tried < hours*500 || len(list) > hours*(60+1) {
			t.Errorf("%d attackers: %d tries made %d entries", attackers, tried, len(list))
		}
		if attackers == 1 && len(list) > hours*(5+1) {
			t.Errorf("one attacker made %d entries", len(list))
		}
	}
}

func claimFrom(n int) acmecore.Claim { return from(fmt.Sprintf("10.%d.%d.7", n>>8, n&255)) }

// TestFailuresAreCounted: what is not listed is told when the hour is over, and when
// somebody logs in.
func TestFailuresAreCounted(t *testing.T) {
	r := newRig(t)
	r.add("alice", acmecore.RoleAdmin)
	r.wait(time.Hour)
	fail := func(address string, times int) {
		for range times {
			r.wait(10 * time.Second)
			r.wrong("password", from(address), byPassword("alice", "guess"))
		}
	}
	begin := r.told.Len()
	fail("198.51.100.1", 8)
	fail("203.0.113.1", 7)
	if list := r.entries(begin); len(list) != 10 {
		t.Fatalf("got %d entries, want five of each:\n%s", len(list), strings.Join(list, "\n"))
	}
	begin = r.told.Len()
	r.logIn("alice")
	list := r.entries(begin)
	if len(list) != 2 || list[0] != "visitors|log in||refused since 2026-11-21T06:47:00Z: 5 more log-ins, from 2 networks, 3 of them from 198.51.100.1/32" ||
		!strings.HasSuffix(list[1], "done, by password") {
		t.Errorf("after a log-in: got %q", list)
	}
	fail("203.0.113.1", 4)
	begin = r.told.Len()
	r.wait(time.Hour)
	fail("203.0.113.1", 1)
	list = r.entries(begin)
	if len(list) != 2 || !strings.HasSuffix(list[0], ": 4 more log-ins, from 203.0.113.1/32") || !strings.HasPrefix(list[1], "visitor at 203.0.113.1|log in|alice|refused") {
		t.Errorf("in the next hour: got %q", list)
	}
	for range 20 {
		r.Account(t.Context(), from("203.0.113.1"), byPassword("alice", "guess"))
	}
	begin = r.told.Len()
	r.wait(time.Hour)
	r.logIn("alice")
	if list = r.entries(begin); len(list) != 3 || !strings.HasSuffix(list[0], ": 5 more log-ins, from 203.0.113.1/32") || !strings.HasSuffix(list[1], ": 11 tries too many") {
		t.Errorf("after tries too many: got %q", list)
	}
}

// TestManyStrangersDoNotHideWhoHasThePassword: those who have it are counted by
// themselves.
func TestManyStrangersDoNotHideWhoHasThePassword(t *testing.T) {
	r := newRig(t)
	secret, _ := r.withCodes(r.add("alice", acmecore.RoleAdmin))
	r.wait(time.Hour)
	for n := range 200 {
		r.wait(10 * time.Second)
		r.wrong("password", claimFrom(n), byPassword("alice", "guess"))
	}
	r.wrong("code", claim(""), byCode(r.second("alice").Ticket, r.wrongCode(secret)))
	if told := r.told.String(); !strings.HasSuffix(told, "visitor at 192.0.2.7|log in|alice|refused: the password was right, the code was not\n") {
		t.Errorf("got %s", told[max(0, len(told)-300):])
	}
}

// TestALinkIsComparedOnce, however many users there are.
func TestALinkIsComparedOnce(t *testing.T) {
	r := newRig(t)
	for i := range 300 {
		_, _, err := r.roster.Add(t.Context(), fmt.Sprintf("user%d", i), acmecore.RoleView)
		r.must(err)
	}
	look := func() {
		r.refuse(acmecore.Stale, claim(""), acmecore.AccountRequest{Deed: acmecore.AccountLink, Link: "SECRETSECRETSECRETSECRET22"})
	}
	look()
	if made := testing.AllocsPerRun(20, look); made > 200 {
		t.Errorf("%.0f allocations for 300 users: the link is hashed for each of them", made)
	}
}
