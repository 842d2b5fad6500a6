package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// TimeOfDay is a time of the clock on the wall.
type TimeOfDay struct{ Hour, Minute int }

// UnmarshalText takes HH:MM, from 00:00 to 23:59.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	parsed, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != len("15:04") {
		return refusal("time", string(text), "is no time of the day, from 00:00 to 23:59")
	}
	t.Hour, t.Minute = parsed.Hour(), parsed.Minute()
	return nil
}

// MarshalText is its reverse.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// String reads HH:MM.
func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute) }

// Duration is a length of time, or none at all.
type Duration struct {
	time.Duration
	said bool
}

// lasting returns a Duration that was said.
func lasting(d time.Duration) Duration { return Duration{d, true} }

// Said tells whether there is one: "0s" is said, "" is not.
func (d Duration) Said() bool { return d.said }

// UnmarshalText takes whole numbers of days (of 24 hours), hours, minutes and
// seconds, as in "30d" or "1h30m", and nothing at all.
func (d *Duration) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Duration{}
		return nil
	}
	length, err := parseDuration(string(text))
	if err != nil {
		return refusal("time", string(text), "is no length of time, such as 30d, 36h, 10m or 45s")
	}
	*d = lasting(length)
	return nil
}

// unit is what a letter stands for.
type unit struct {
	letter byte
	length time.Duration
}

// units are those of a Duration, the longest first.
func units() []unit {
	return []unit{{'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}
}

// parseDuration takes each unit at most once, in their order.
func parseDuration(text string) (sum time.Duration, err error) {
	for _, unit := range units() {
		digits, rest, found := strings.Cut(text, string(unit.letter))
		if !found || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		number, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || number > int64((math.MaxInt64-sum)/unit.length) {
			return 0, errors.New("is no number of them")
		}
		sum, text = sum+time.Duration(number)*unit.length, rest
	}
	if text != "" {
		return 0, errors.New("is no length of time")
	}
	return sum, nil
}

// MarshalText is its reverse.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String reads as UnmarshalText takes it.
func (d Duration) String() string {
	switch {
	case !d.said:
		return ""
	case d.Duration < time.Second:
		return "0s"
	}
	var text strings.Builder
	rest := d.Duration
	for _, unit := range units() {
		if n := rest / unit.length; n > 0 {
			fmt.Fprintf(&text, "%d%c", n, unit.letter)
			rest -= n * unit.length
		}
	}
	return text.String()
}

// within finds a length that was said and is out of bounds.
func (d Duration) within(least, most time.Duration) error {
	if !d.said || least <= d.Duration && d.Duration <= most {
		return nil
	}
	return fmt.Errorf("%s is not from %s to %s", d, lasting(least), lasting(most))
}

// Orders is how many orders there may be in a length of time.
type Orders struct {
	Count int
	Per   time.Duration
}

// The bounds of Orders.
const (
	maxOrders    = 100_000
	longestOrder = 7 * 24 * time.Hour
)

// UnmarshalText takes COUNT/TIME, as in "300/3h".
func (o *Orders) UnmarshalText(text []byte) error {
	number, length, _ := strings.Cut(string(text), "/")
	count, err := strconv.Atoi(number)
	per, perErr := parseDuration(length)
	if err != nil || perErr != nil || count < 1 || count > maxOrders || per < time.Minute || per > longestOrder {
		return refusal("orders", string(text), "is no number of orders and the time they are spread over (1m to 7d), such as 300/3h")
	}
	*o = Orders{count, per}
	return nil
}

// MarshalText is its reverse.
func (o Orders) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// String reads as UnmarshalText takes it.
func (o Orders) String() string { return fmt.Sprintf("%d/%s", o.Count, lasting(o.Per)) }

// The bounds of lengths of time.
const (
	mostJitter    = 6 * time.Hour
	leastBefore   = time.Hour
	mostBefore    = 365 * 24 * time.Hour
	leastValidity = time.Hour
	mostValidity  = 10 * 365 * 24 * time.Hour
	leastTimeout  = time.Second
	mostTimeout   = time.Hour
	leastPatience = time.Second
	mostPatience  = 5 * time.Minute
)

// mostFailover is how many attempts may have to fail; more are not remembered.
const mostFailover = 10

// checkMoments finds lengths of time that are out of bounds.
func (c *Config) checkMoments(in document) error {
	if err := c.Renew.Jitter.within(0, mostJitter); err != nil {
		return invalid(in.at("renew", "jitter"), err)
	}
	if err := c.Renew.Before.within(leastBefore, mostBefore); err != nil {
		return invalid(in.at("renew", "before"), err)
	}
	if n := c.Renew.Failover; n < 1 || n > mostFailover {
		return invalid(in.at("renew", "failover"), fmt.Errorf("%d is not from 1 to %d", n, mostFailover))
	}
	if err := c.Verify.Patience.within(leastPatience, mostPatience); err != nil {
		return invalid(in.at("verify", "patience"), err)
	}
	return nil
}
