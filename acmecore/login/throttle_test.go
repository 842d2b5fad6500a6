package login_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/login"
)

func from(address string) acmecore.Claim {
	c := claim("")
	c.Address = address
	return c
}

// TestW09TenThousandLogIns has attackers try without a pause, from one address, from
// a few and from many, while alice tries to log in from her own every ten seconds.
func TestW09TenThousandLogIns(t *testing.T) {
	for _, row := range []struct {
		what      string
		attackers int
		known     bool // alice has logged in from that address before
	}{
		{"one attacker", 1, false},
		{"three attackers", 3, false},
		{"two hundred attackers, who have tried before", 200, false},
		{"ten thousand attackers, each once", 10_000, true},
	} {
		t.Run(row.what, func(t *testing.T) { attack(t, row.attackers, row.known) })
	}
}

func attack(t *testing.T, attackers int, known bool) {
	r := newRig(t)
	r.add("alice", acmecore.RoleAdmin) // from 192.0.2.7
	alice := "198.51.100.1"
	if known {
		alice = "192.0.2.7"
	}
	r.wait(time.Hour)
	begun, out := r.now, time.Duration(0)
	var all []time.Time
	byAddress := make(map[string][]time.Time)
	try := func(address, word string) (in bool) {
		before := r.hashes
		answer, err := r.Account(t.Context(), from(address), byPassword("alice", word))
		if r.hashes > before {
			all, byAddress[address] = append(all, r.now), append(byAddress[address], r.now)
		} else if acmecore.KindOf(err) != acmecore.Limited || acmecore.HintOf(err) == "" {
			t.Fatalf("neither tried nor limited: %v", err)
		}
		return answer.Cookie != ""
	}
	for i := range 10_000 {
		r.wait(60 * time.Millisecond)
		if i == 5000 {
			r.restart() // the counters survive it
		}
		n := i % attackers
		if try(fmt.Sprintf("10.%d.%d.%d", n>>16, n>>8&255, n&255), "guess") {
			t.Fatal("a guess is right")
		}
		if i%167 != 166 || r.now.Sub(begun) < time.Minute {
			continue
		}
		out += 10 * time.Second
		if try(alice, password) {
			out = 0
		}
		if out > time.Minute {
			t.Fatalf("alice is kept out for %s, %s after the attack began", out, r.now.Sub(begun))
		}
	}
	mustBeAtMost(t, "all", all, 30)
	for address, tries := range byAddress {
		mustBeAtMost(t, address, tries, 10)
	}
}

// mustBeAtMost checks that within no minute there were more.
func mustBeAtMost(t *testing.T, what string, tries []time.Time, most int) {
	t.Helper()
	for i := range len(tries) - most {
		if gap := tries[i+most].Sub(tries[i]); gap < time.Minute {
			t.Fatalf("%s: %d tries within %s", what, most+1, gap)
		}
	}
}

func TestIPv6IsCountedByTheNetworkOfACustomer(t *testing.T) {
	r := newRig(t)
	r.add("alice", acmecore.RoleAdmin)
	r.wait(time.Hour)
	refused := 0
	for i := range 50 {
		if _, err := r.Account(t.Context(), from(fmt.Sprintf("2001:db8:0:%x::%x", i, i+1)), byPassword("alice", "guess")); err != nil {
			refused++
		}
	}
	if refused != 40 {
		t.Errorf("%d of 50 refused, want 40", refused)
	}
	for _, odd := range []string{"", "unknown", "192.0.2.300", "::1%lo", "\x00"} {
		r.Account(t.Context(), from(odd), byPassword("alice", "guess"))
	}
}

// TestW10WorkIsTheSame counts it: one hash for each try, whether the user exists, has a
// password, or has a name that nobody can have.
func TestW10WorkIsTheSame(t *testing.T) {
	r := newRig(t)
	r.add("alice", acmecore.RoleAdmin)
	_, _, err := r.roster.Add(t.Context(), "bob", acmecore.RoleView)
	r.must(err)
	var first acmecore.AccountAnswer
	for i, name := range []string{"alice", "bob", "carol", "", "../../etc/passwd", "<script>", string(make([]byte, 10_000))} {
		r.wait(time.Minute)
		before := r.hashes
		answer := r.wrong("password", claim(""), byPassword(name, "guess"))
		if r.hashes != before+1 {
			t.Errorf("%.20q: %d hashes, want 1", name, r.hashes-before)
		}
		if i == 0 {
			first = answer
		}
		if fmt.Sprint(answer) != fmt.Sprint(first) {
			t.Errorf("%.20q: got %+v, want %+v", name, answer, first)
		}
	}
}

// TestW09TwoHashesAtOnce lets twenty-five log in at once, in virtual time.
func TestW09TwoHashesAtOnce(t *testing.T) { synctest.Test(t, twoHashesAtOnce) }

func twoHashesAtOnce(t *testing.T) {
	r := newRig(t)
	r.add("alice", acmecore.RoleAdmin)
	r.wait(time.Hour)
	var mu sync.Mutex
	now, most := 0, 0
	r.SetKey(func(password, salt []byte, cost login.Cost) []byte {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		return login.Argon2id(password, salt, cost)
	})
	var all sync.WaitGroup
	for i := range 25 {
		all.Go(func() { r.Account(t.Context(), from(fmt.Sprintf("192.0.2.%d", i+10)), byPassword("alice", "guess")) })
	}
	all.Wait()
	if most != 2 {
		t.Errorf("%d hashes at once, want 2", most)
	}
}

// BenchmarkLogIn is the time of a real try, for a user who is there and one who is not.
func BenchmarkLogIn(b *testing.B) {
	for _, name := range []string{"alice", "nobody"} {
		b.Run(name, func(b *testing.B) {
			files := &memory{files: make(map[string]string)}
			now := time.Now()
			desk := login.New(login.Options{Files: files, Now: func() time.Time { return now }})
			secret, _, err := login.NewRoster(files, nil).Add(b.Context(), "alice", acmecore.RoleAdmin)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := desk.Account(b.Context(), claim(""), acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: secret, NewPassword: password}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				now = now.Add(10 * time.Second)
				desk.Account(b.Context(), claim(""), byPassword(name, "guess"))
			}
		})
	}
}
