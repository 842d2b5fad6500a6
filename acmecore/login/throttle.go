package login

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"wcme/acmecore"
)

// The limits of what may be tried within tryTime: an address as often as maxAddress,
// all together as often as maxAll. Of these, strangers cannot take the last ones, nor
// can those who have failed of late: someone who logs in from where that was done
// before, or for the first time, is not kept out by others who try in vain.
const (
	tryTime     = time.Minute
	maxAddress  = 10
	maxAll      = 30
	maxStranger = 25
	maxFailed   = 15
)

// How long it is remembered that an address has failed, and that somebody has logged
// in from it, and how many addresses that is remembered of.
const (
	failedTime = 15 * time.Minute
	knownTime  = 30 * 24 * time.Hour
	maxKnown   = 1000
)

// tries is what is remembered of them, also over a restart.
type tries struct {
	Last   []try                `json:"last"`   // those of the last minute
	Failed map[string]time.Time `json:"failed"` // by network, when it last did
	Known  map[string]time.Time `json:"known"`
}

// try is one, from a network; for a user where it was of a second factor.
type try struct {
	At      time.Time `json:"at"`
	Network string    `json:"network"`
	User    string    `json:"user,omitempty"`
}

// throttle lets so many tries through.
type throttle struct {
	files Files
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	read    bool
	tries   tries
	refused int // since a try was let through
}

func newThrottle(files Files, now func() time.Time, log *slog.Logger) *throttle {
	return &throttle{files: files, now: now, log: log}
}

// take lets a try from the address through, or returns an error of kind Limited. It
// returns how many were refused before.
func (t *throttle) take(address string) (refused int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	network := networkOf(address)
	t.prepare()
	if wait := t.wait(network); wait > 0 {
		t.refused++
		return 0, limited(wait)
	}
	t.tries.Last = append(t.tries.Last, try{At: t.now(), Network: network})
	refused, t.refused = t.refused, 0
	t.keep()
	return refused, nil
}

// takeCode is take for a second factor of the user, of which so many are let through
// as from an address: whoever guesses has the password already.
func (t *throttle) takeCode(address, user string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.prepare()
	of, oldest := 0, t.now()
	for _, try := range t.tries.Last {
		if try.User == user {
			of++
			oldest = earlier(oldest, try.At)
		}
	}
	wait := t.wait(networkOf(address))
	if of >= maxCodes {
		wait = max(wait, oldest.Add(tryTime).Sub(t.now()))
	}
	if wait > 0 {
		return limited(wait)
	}
	t.tries.Last = append(t.tries.Last, try{At: t.now(), Network: networkOf(address), User: user})
	t.keep()
	return nil
}

// maxCodes are tried for a user within tryTime. So, it takes weeks to guess one of a
// million, three of which are good at any time; and the log says it from the
// first one on.
const maxCodes = 5

// wait is how long the network must wait before a try; 0 when it need not.
func (t *throttle) wait(network string) (wait time.Duration) {
	most := maxAll
	if _, known := t.tries.Known[network]; !known {
		most = maxStranger
		if _, failed := t.tries.Failed[network]; failed {
			most = maxFailed
		}
	}
	own := 0
	for i := len(t.tries.Last) - 1; i >= 0; i-- { // the newest first
		if t.tries.Last[i].Network == network {
			own++
		}
		if own == maxAddress || len(t.tries.Last)-i == most {
			return t.tries.Last[i].At.Add(tryTime).Sub(t.now())
		}
	}
	return 0
}

// end notes what came of a try.
func (t *throttle) end(address string, right bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.prepare()
	network := networkOf(address)
	if !right {
		t.tries.Failed[network] = t.now()
		t.keep()
		return
	}
	delete(t.tries.Failed, network)
	t.tries.Known[network] = t.now()
	if len(t.tries.Known) > maxKnown {
		delete(t.tries.Known, oldest(t.tries.Known))
	}
	t.keep()
}

// prepare reads the tries, once, and forgets what is over. A clock that was put back
// leaves nothing from its future.
func (t *throttle) prepare() {
	if !t.read {
		found, err := read[tries](t.files, triesFile)
		if err != nil {
			t.log.Error("log-ins that were tried before are not remembered", "error", err, "hint", acmecore.HintOf(err))
		}
		t.read, t.tries = true, found
		if len(found.Last) > maxAll {
			t.tries.Last = found.Last[len(found.Last)-maxAll:]
		}
	}
	now := t.now()
	kept := t.tries.Last[:0]
	for _, try := range t.tries.Last {
		if age := now.Sub(try.At); age >= 0 && age < tryTime {
			kept = append(kept, try)
		}
	}
	t.tries.Last = kept
	t.tries.Failed = forget(t.tries.Failed, now, failedTime)
	t.tries.Known = forget(t.tries.Known, now, knownTime)
}

func forget(networks map[string]time.Time, now time.Time, life time.Duration) map[string]time.Time {
	if networks == nil {
		networks = make(map[string]time.Time)
	}
	for network, at := range networks {
		if age := now.Sub(at); age < 0 || age >= life {
			delete(networks, network)
		}
	}
	return networks
}

func oldest(networks map[string]time.Time) (which string) {
	for network, at := range networks {
		if which == "" || at.Before(networks[which]) {
			which = network
		}
	}
	return which
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// keep writes the tries. They are as few as the throttle lets through.
func (t *throttle) keep() {
	if err := write(t.files, triesFile, t.tries); err != nil {
		t.log.Error("log-ins that were tried are not kept", "error", err)
	}
}

// networkOf is what tries are counted by: an IPv4 address, and of IPv6 the network that
// one customer has (RFC 6177).
func networkOf(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	parsed = parsed.Unmap().WithZone("")
	bits := 32
	if parsed.Is6() {
		bits = 56
	}
	prefix, err := parsed.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// limited is the error of a try that must wait.
func limited(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &acmecore.Error{Kind: acmecore.Limited, Op: "log in", Cause: errors.New("too many log-ins were tried within a minute"),
		Hint: fmt.Sprintf("wait %d seconds, and try again", seconds)}
}
