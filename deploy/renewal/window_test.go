package renewal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// askedAgain is a little more than what Pebble wants between two questions.
const askedAgain = 6*time.Hour + time.Minute

// bare is a site without servers, and with www.
func bare(t *testing.T, tables ...string) *site {
	t.Helper()
	s := found(t)
	s.trust(lab.PebbleOptions{AlwaysValid: true, Profiles: map[string]time.Duration{"ninety": 90 * day}})
	s.configure(tables...)
	s.start()
	s.run("certify", www.Name)
	return s
}

// window is what a CA says of a certificate (RFC 9773 section 4.2).
func window(from, to time.Time, explanation string) string {
	return fmt.Sprintf(`{"suggestedWindow": {"start": %q, "end": %q}, "explanationURL": %q}`,
		from.Format(time.RFC3339), to.Format(time.RFC3339), explanation)
}

// suggest makes the CA say it of the certificate that there is now.
func (s *site) suggest(info string) {
	s.Helper()
	leaf := s.read(filepath.Join(s.root, "ssl", "cert_"+string(www.ID())+".pem"))
	body, err := json.Marshal(map[string]string{"Certificate": leaf, "ARIResponse": info})
	if err != nil {
		s.Fatal(err)
	}
	answer, err := s.pebble.Client.Post(s.pebble.Management+"/set-renewal-info/", "application/json", bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.Fatalf("the CA does not take a window: %s", answer.Status)
	}
}

// TestWindowOfTheCA is K10: a window that moves, that has an explanation, and that is
// in the past.
func TestWindowOfTheCA(t *testing.T) {
	t.Parallel()
	s := bare(t)
	s.rest()
	c := s.listed(www.ID())
	third := c.NotAfter.Add(-30 * day)
	if early := third.Sub(c.Renewal.At); c.Renewal.Reason != acmecore.BecauseWindow || early.Abs() > day+time.Minute {
		t.Errorf("planned: got %+v, want it in Pebble's window, a day around %v", c.Renewal, third)
	}

	const why = "https://ca.example.test/why"
	from := s.clock.Now().Add(20 * day)
	s.suggest(window(from, from.Add(day), why))
	s.clock.Advance(askedAgain)
	s.await("the explanation", func() error {
		if c = s.listed(www.ID()); c.Renewal.Explanation != why {
			return errors.New("it is not there")
		}
		return nil
	})
	if in := c.Renewal.At.Sub(from); in < -time.Second || in >= day {
		t.Errorf("planned: got %+v, want a moment in the day from %v", c.Renewal, from)
	}

	s.rest()
	orders := s.orders()
	s.suggest(window(s.clock.Now().Add(-2*day), s.clock.Now().Add(-day), why))
	s.clock.Advance(askedAgain)
	run := s.awaitRun("the renewal", became(www.ID(), acmecore.Renewed))
	if got := treated(run, www.ID()); got.Reason != acmecore.BecauseWindow || got.State != acmecore.Valid {
		t.Errorf("got %+v, want that it was renewed for the window, while it was valid", got)
	}
	s.rest()
	after := s.listed(www.ID())
	if got := s.orders() - orders; got != 1 || after.Serial == c.Serial || after.Renewal.Explanation != "" || after.Renewal.At.Before(after.NotAfter.Add(-31*day-time.Minute)) {
		t.Errorf("got %d orders, and %+v; want one, and another window", got, after)
	}
}

// TestWindowThatIsAlwaysPast is K10 too: a CA that has lost its mind does not have a
// certificate renewed more than once a day.
func TestWindowThatIsAlwaysPast(t *testing.T) {
	t.Parallel()
	s := bare(t)
	s.rest()
	past := s.clock.Now().Add(-day)
	s.between.Answer(lab.ClassRenewalInfo, lab.Reply(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, window(past.Add(-day), past, "")))
	s.clock.Advance(askedAgain)
	s.awaitRun("the first renewal", became(www.ID(), acmecore.Renewed))
	orders := s.orders()
	for range 3 {
		s.rest()
		s.clock.Advance(askedAgain)
	}
	s.rest() // nothing was due
	if got := s.orders() - orders; got != 0 {
		t.Errorf("orders in 18 hours: got %d, want none", got)
	}
	s.clock.Advance(askedAgain)
	s.nudge()
	s.awaitRun("the second renewal", became(www.ID(), acmecore.Renewed))
}
