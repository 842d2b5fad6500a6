package acmecore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

func TestParseTokenTakesTheAlphabetOnly(t *testing.T) {
	good := strings.Repeat("aB3-_x", 4)
	for text, want := range map[string]bool{
		good:                        true,
		good[:22]:                   true,
		good[:21]:                   false,
		strings.Repeat("a", 128):    true,
		strings.Repeat("a", 129):    false,
		"":                          false,
		good + "/..":                false,
		good + ".":                  false,
		"../" + good:                false,
		good + "\x00":               false,
		good + "é":                  false,
		good + "=":                  false,
		strings.Repeat("a", 10_000): false,
	} {
		token, err := acmecore.ParseToken(text)
		if (err == nil) != want {
			t.Errorf("ParseToken(%.40q) = %.40q, %v; want accepted: %v", text, token, err, want)
		}
	}
}

func TestInertIsOneHarmlessLine(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"plain", "plain"},
		{"two\r\nlines", "two  lines"},
		{"\x1b[31mred", "?[31mred"},
		{"nul\x00", "nul?"},
		{"a\u202eb", "a?b"},
		{"bad \xff utf-8", "bad ? utf-8"},
		{"Grüße 例", "Grüße 例"},
		{"  around  ", "around"},
		{strings.Repeat("a", 2000), strings.Repeat("a", 1024) + "…"},
		{strings.Repeat("ä", 1000), strings.Repeat("ä", 512) + "…"},
	} {
		if got := acmecore.Inert(row.text); got != row.want {
			t.Errorf("Inert(%.40q) = %.40q, want %.40q", row.text, got, row.want)
		}
	}
}

func TestErrorTellsKindAndHintThroughWrapping(t *testing.T) {
	inner := &acmecore.Error{Kind: acmecore.Refused, Op: "prove", Subject: "a.example", Hint: "look", Cause: errors.New("no")}
	outer := fmt.Errorf("certify: %w", &acmecore.Error{Op: "order", Cause: errors.Join(errors.New("x"), inner)})
	if got := acmecore.KindOf(outer); got != acmecore.Refused {
		t.Errorf("kind: got %s, want refused", got)
	}
	if got := acmecore.HintOf(outer); got != "look" {
		t.Errorf("hint: got %q, want look", got)
	}
	if got := inner.Error(); got != "prove a.example: no" {
		t.Errorf("text: got %q", got)
	}
	if got := acmecore.KindOf(errors.New("x")); got != acmecore.Internal {
		t.Errorf("kind of a plain error: got %s, want internal", got)
	}
}

func TestStateAndDaysLeft(t *testing.T) {
	const day = 24 * time.Hour
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	lasting := func(life time.Duration) acmecore.Certificate {
		return acmecore.Certificate{Version: "000001", NotBefore: begin, NotAfter: begin.Add(life)}
	}
	broken := lasting(90 * day)
	broken.Problem = "x"
	for _, row := range []struct {
		what  string
		c     acmecore.Certificate
		at    time.Duration
		state acmecore.State
		days  int
	}{
		{"90-day certificate, first moment", lasting(90 * day), 0, acmecore.Valid, 90},
		{"90-day certificate, day 59", lasting(90 * day), 59 * day, acmecore.Valid, 31},
		{"90-day certificate, day 60", lasting(90 * day), 60 * day, acmecore.Due, 30},
		{"90-day certificate, last second", lasting(90 * day), 90*day - time.Second, acmecore.Due, 0},
		{"90-day certificate, its end", lasting(90 * day), 90 * day, acmecore.Expired, 0},
		{"90-day certificate, a second later", lasting(90 * day), 90*day + time.Second, acmecore.Expired, -1},
		{"90-day certificate, a day and a second later", lasting(90 * day), 91*day + time.Second, acmecore.Expired, -2},
		{"6-day certificate, day 2", lasting(6 * day), 2 * day, acmecore.Valid, 4},
		{"6-day certificate, day 3", lasting(6 * day), 3 * day, acmecore.Due, 3},
		{"unusable", broken, 0, acmecore.Unusable, 90},
	} {
		now := begin.Add(row.at)
		if got := row.c.State(now); got != row.state {
			t.Errorf("%s: state %s, want %s", row.what, got, row.state)
		}
		if got := row.c.DaysLeft(now); got != row.days {
			t.Errorf("%s: %d days left, want %d", row.what, got, row.days)
		}
	}
	if got := (acmecore.Certificate{}).State(begin); got != acmecore.Missing {
		t.Errorf("never obtained: state %s, want missing", got)
	}
}

// TestInterruptedInWords: what else went wrong stays as it is.
func TestInterruptedInWords(t *testing.T) {
	other := errors.New("disk full")
	if got := acmecore.InterruptedOr(other, "renew", "a"); got != other {
		t.Errorf("got %v, want %v", got, other)
	}
	if got := acmecore.InterruptedOr(nil, "renew", "a"); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
	got := acmecore.InterruptedOr(fmt.Errorf("ask: %w", context.Canceled), "renew", "a")
	if got.Error() != "renew a: interrupted" || acmecore.KindOf(got) != acmecore.Busy || !errors.Is(got, context.Canceled) || acmecore.HintOf(got) == "" {
		t.Errorf("got %v of kind %q, want that it was interrupted", got, acmecore.KindOf(got))
	}
}
