package badca_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// want is the expected outcome of a case. The zero value is success in spite of the
// fault.
type want struct {
	kind   acmecore.Kind // of the first attempt's error; the second one, at a good CA, succeeds
	words  string        // in that error
	orders int           // newOrder requests allowed in an attempt; 0 means 1
	kept   bool          // what was delivered is kept
}

// The bounds of an attempt. A sending that was refused for its nonce is counted apart: the
// CA has not heard it (RFC 8555 section 6.5).
const (
	mostRequests = 60
	mostDoubted  = 8 * 5 // of one request: eight in a row, and that five times, with waits in between
)

// unknownToPebble is what Pebble says of one certificate in 256, those with a zero byte
// before their serial number in DER (X.690 section 8.3.2), which it looks for without.
const unknownToPebble = "could not find an order for the given certificate"

// outcome is what came of one attempt.
type outcome struct {
	err      error
	requests []badca.Request
	began    time.Time
	ended    time.Time
}

// attempt does the work once, and checks what holds after any.
func (s *site) attempt(work func(*site) error, wanted want) outcome {
	s.Helper()
	before := s.state()
	s.rig.ca.Forget()
	o := outcome{began: s.rig.clock.now()}
	o.err = work(s)
	o.requests, o.ended = s.rig.ca.Requests(), s.rig.clock.now()
	o.polite(s, max(wanted.orders, 1))
	s.kept(before, o.err)
	inert(s, o.err)
	return o
}

// polite checks I7.
func (o outcome) polite(s *site, orders int) {
	s.Helper()
	counts, doubted := make(map[badca.Class]int), make(map[badca.Class]int)
	created := 0
	for i, request := range o.requests {
		if request.Problem == "badNonce" {
			// An authorization and an order are looked at more than once, and there may
			// be more than one order.
			times := 1
			if request.Class == lab.ClassNewOrder {
				times = orders
			}
			if doubted[request.Class]++; doubted[request.Class] == times*mostDoubted+1 && request.Class != lab.ClassAuthz && request.Class != lab.ClassOrder {
				s.Errorf("%s was sent more than %d times", request.Class, times*mostDoubted)
			}
		} else {
			counts[request.Class]++
		}
		if request.Problem == "alreadyReplaced" || strings.Contains(request.Detail, unknownToPebble) { // RFC 9773 section 5: it is placed again, as one that replaces none
			orders++
		}
		if request.Class == lab.ClassNewAccount && request.Status == http.StatusCreated {
			created++
		}
		wait := min(waited(request), 5*time.Minute)
		for _, next := range o.requests[i+1:] {
			again := next.Path == request.Path || request.Status >= 400
			if early := wait - next.At.Sub(request.At); again && early > time.Second/2 {
				s.Errorf("%s %s: asked %s before the Retry-After %q of %s was over", next.Class, next.Path, early, request.RetryAfter, request.Class)
			}
		}
	}
	switch heard := len(o.requests) - o.doubted(); {
	case heard > mostRequests:
		s.Errorf("%d requests in an attempt, want at most %d: %v", heard, mostRequests, counts)
	case counts[lab.ClassNewOrder] > orders:
		s.Errorf("%d orders in an attempt, want at most %d", counts[lab.ClassNewOrder], orders)
	case created > 1:
		s.Errorf("%d accounts were made", created)
	}
}

// count is how many requests of a class there were.
func (o outcome) count(class badca.Class) (n int) {
	for _, request := range o.requests {
		if request.Class == class {
			n++
		}
	}
	return n
}

// doubted is how many of the requests were refused for their nonces.
func (o outcome) doubted() (n int) {
	for _, request := range o.requests {
		if request.Problem == "badNonce" {
			n++
		}
	}
	return n
}

// waited is what an answer asks to wait; 0 where it does not ask, or for the past.
func waited(r badca.Request) time.Duration {
	if seconds, err := strconv.Atoi(r.RetryAfter); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if date, err := http.ParseTime(r.RetryAfter); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

// state is what a failed attempt must not change: account keys and the certificate in
// service, by path.
func (s *site) state() map[string]string {
	s.Helper()
	found := make(map[string]string)
	for _, top := range []string{"priv/accounts", "ssl", "www"} {
		err := filepath.WalkDir(filepath.Join(s.dir, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || top == "priv/accounts" && !strings.HasSuffix(path, "key.pem") {
				return err
			}
			text, err := os.ReadFile(path)
			found[path] = fmt.Sprintf("%x", sha256.Sum256(text))
			return err
		})
		if err != nil {
			s.Fatal(err)
		}
	}
	return found
}

// kept checks I1, I2 and I4.
func (s *site) kept(before map[string]string, failed error) {
	s.Helper()
	after := s.state()
	for path, digest := range before {
		mayChange := strings.Contains(path, "/pending/") || failed == nil && !strings.Contains(path, "/accounts/")
		if !mayChange && after[path] != digest {
			s.Errorf("%s was changed", path)
		}
	}
	for path := range after {
		if _, known := before[path]; !known && strings.HasPrefix(path, filepath.Join(s.dir, "www")) {
			s.Errorf("a challenge is left: %s", path)
		}
	}
	if pair, err := s.pair(); !errors.Is(err, fs.ErrNotExist) && (err != nil || pair.Leaf.VerifyHostname(string(host)) != nil) {
		s.Errorf("the certificate in service: %v", err)
	}
}

// inert checks that nothing of an error can do harm on a terminal, in a log or on a
// page, and that it is not long: the CA's own words take 1 kB of it at most.
func inert(s *site, err error) {
	s.Helper()
	if err == nil {
		return
	}
	text, hint := err.Error(), acmecore.HintOf(err)
	strange := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.ContainsFunc(text+hint, strange) {
		s.Errorf("the error is not inert: %q", text)
	}
	if len(text) > 1536 || len(hint) > 512 {
		s.Errorf("the error has %d bytes, its hint %d: %s", len(text), len(hint), text[:200])
	}
}

// matches compares the first attempt with what was wanted.
func (o outcome) matches(s *site, wanted want) {
	s.Helper()
	switch {
	case wanted.kind == "" && o.err != nil:
		s.Errorf("got %s (%q, hint %q), want success", acmecore.KindOf(o.err), o.err, acmecore.HintOf(o.err))
	case wanted.kind != "" && o.err == nil:
		s.Errorf("it succeeded, want %s: %s", wanted.kind, wanted.words)
	case wanted.kind != "" && (acmecore.KindOf(o.err) != wanted.kind || !strings.Contains(o.err.Error(), wanted.words)):
		s.Errorf("got %s (%q), want %s: %q", acmecore.KindOf(o.err), o.err, wanted.kind, wanted.words)
	case wanted.kind != "" && wanted.kind != acmecore.Internal && acmecore.HintOf(o.err) == "":
		s.Errorf("no hint: %q", o.err)
	}
	if limited := new(order.LimitedError); errors.As(o.err, &limited) {
		o.postponed(s, limited.Until)
	}
}

// postponed checks that the next attempt is not before the CA wants it, and within a
// day.
func (o outcome) postponed(s *site, until time.Time) {
	s.Helper()
	last := o.requests[len(o.requests)-1]
	least := min(waited(last), 24*time.Hour)
	if early := last.At.Add(least).Sub(until); early > time.Second || until.Sub(last.At) > 24*time.Hour+time.Second {
		s.Errorf("postponed until %s by an answer of %s with Retry-After %q", until, last.At, last.RetryAfter)
	}
}
