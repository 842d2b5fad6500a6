package schedule_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"wcme/acmecore/schedule"
)

const (
	orders = 300
	per    = 3 * time.Hour
)

// take takes tokens until there is none, and returns how many there were and how
// long it takes until there is one.
func take(t *testing.T, pace schedule.Pace, now time.Time) (schedule.Pace, int, time.Duration) {
	t.Helper()
	for taken := 0; ; taken++ {
		after, wait := pace.Take(now, orders, per)
		if wait != 0 {
			return after, taken, wait
		}
		if pace = after; taken > orders {
			t.Fatalf("more than %d orders at once", orders)
		}
	}
}

// TestK11PaceOfManyOrders: 10,000 certificates of the same second are ordered at a
// steady pace, each as soon as the wait is over.
func TestK11PaceOfManyOrders(t *testing.T) {
	var pace schedule.Pace
	now := birth
	for number := 1; number <= 10000; {
		after, wait := pace.Take(now, orders, per)
		pace, now = after, now.Add(wait)
		if wait == 0 {
			number++
			continue
		}
		if wait > 36*time.Second {
			t.Fatalf("order %d waits for %v, want at most 36 s", number, wait)
		}
		if again, wait := pace.Take(now, orders, per); wait != 0 {
			t.Fatalf("order %d waits for %v more: %v", number, wait, again)
		}
	}
	if got, want := now.Sub(birth), (10000-orders)*36*time.Second; got < want-time.Second || got > want+time.Second {
		t.Errorf("it took %v, want %v", got, want)
	}
}

// TestPace: how many orders there are at once, and how long the next one waits.
func TestPace(t *testing.T) {
	const second = time.Second
	for name, row := range map[string]struct {
		pace  schedule.Pace
		taken int
		wait  time.Duration
	}{
		"full at first":                  {schedule.Pace{}, 300, 36 * second},
		"empty":                          {schedule.Pace{At: birth}, 0, 36 * second},
		"half a token":                   {schedule.Pace{Tokens: 0.5, At: birth}, 0, 18 * second},
		"an hour later":                  {schedule.Pace{At: birth.Add(-time.Hour)}, 100, 36 * second},
		"K01 a clock set on by 400 days": {schedule.Pace{At: birth.Add(-400 * day)}, 300, 36 * second},
		"K02 one set back by 40 days":    {schedule.Pace{Tokens: 2, At: birth.Add(40 * day)}, 2, 36 * second},
		"K03 one set back to 1970":       {schedule.Pace{At: time.Unix(math.MaxUint32, 0)}, 0, 36 * second},
		"K06 one set back by a second":   {schedule.Pace{Tokens: 1, At: birth.Add(second)}, 1, 36 * second},
		"damaged: too many":              {schedule.Pace{Tokens: 1e300, At: birth}, 300, 36 * second},
		"damaged: a debt":                {schedule.Pace{Tokens: -1e300, At: birth}, 0, 36 * second},
		"damaged: no number":             {schedule.Pace{Tokens: math.NaN(), At: birth}, 0, 36 * second},
		"damaged: no end":                {schedule.Pace{Tokens: math.Inf(1), At: birth}, 300, 36 * second},
		"damaged: of the beginning":      {schedule.Pace{At: time.Unix(math.MinInt64/4, 0)}, 300, 36 * second},
	} {
		t.Run(name, func(t *testing.T) {
			after, taken, wait := take(t, row.pace, birth)
			if taken != row.taken || (wait-row.wait).Abs() > time.Millisecond {
				t.Errorf("%d orders, then a wait of %v, want %d and %v", taken, wait, row.taken, row.wait)
			}
			if !after.At.Equal(birth) {
				t.Errorf("the bucket is of %s", after.At)
			}
		})
	}
}

// TestPaceWithoutALimit never waits.
func TestPaceWithoutALimit(t *testing.T) {
	for _, row := range []struct {
		orders int
		per    time.Duration
	}{{0, per}, {-1, per}, {orders, 0}, {orders, -1}} {
		if _, wait := (schedule.Pace{At: birth}).Take(birth, row.orders, row.per); wait != 0 {
			t.Errorf("%d in %v: a wait of %v", row.orders, row.per, wait)
		}
	}
}

// TestPaceIsKept over restarts, as JSON.
func TestPaceIsKept(t *testing.T) {
	pace, _ := schedule.Pace{}.Take(birth, orders, per)
	text, err := json.Marshal(pace)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"tokens":299,"at":"2026-10-01T12:00:00Z"}`; string(text) != want {
		t.Errorf("it is kept as %s, want %s", text, want)
	}
	var read schedule.Pace
	if err := json.Unmarshal(text, &read); err != nil || read != pace {
		t.Errorf("read %v (%v), want %v", read, err, pace)
	}
}

// TestPaceWhileTheClockJumps: a jump gives a full bucket at most, and nobody waits
// longer than it takes to fill one.
func TestPaceWhileTheClockJumps(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	var pace schedule.Pace
	now := birth
	for range 2000 {
		var wait time.Duration
		if pace, _, wait = take(t, pace, now); wait <= 0 || wait > per {
			t.Fatalf("a wait of %v", wait)
		}
		now = now.Add(time.Duration(chance.Int64N(int64(200*day))) - 100*day)
	}
}
