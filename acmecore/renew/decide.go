package renew

import (
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/schedule"
)

// work is what is to be done to a certificate, and when it is to be looked at
// again if that is nothing.
type work struct {
	obtain  bool
	install bool
	load    []string // actions, in order
	verify  bool
	wait    time.Time // for the next attempt, where there is something to do; zero otherwise
	full    bool      // it waits for room in what the CA allows
	reason  acmecore.Reason
	text    string // why, in a sentence
	next    time.Time
}

func (w work) some() bool { return w.obtain || w.delivers() }

func (w work) delivers() bool { return w.install || len(w.load) > 0 || w.verify }

// asked is why something is done that is not due.
const asked = "somebody asked for it"

// decide finds the first thing that is not as it should be.
func (s Situation) decide(now time.Time, request Request, forced bool) work {
	if s.Passing && !forced {
		return work{next: now.Add(schedule.MaxSleep)}
	}
	renewal := s.Rules.Renewal(s.Certificate, s.Standing.RenewalInfo)
	if s.Begun && renewal.At.After(now) {
		renewal = acmecore.Renewal{Reason: acmecore.BecauseAsked, Text: "an order for it was begun, and did not come to its end"}
	}
	try := s.NextTry(now)
	w := work{reason: renewal.Reason, text: renewal.Text, next: later(renewal.At, try)}
	due := !renewal.At.After(now)
	switch {
	case forced:
		w.obtain, w.reason, w.text = true, acmecore.BecauseAsked, asked
	case due && s.Full.Until.After(now):
		w.wait, w.full = later(s.Full.Until, try), true
		w.next = w.wait
	case due && (request.Now || !try.After(now) || request.Everything && s.aboutTime(try, now)):
		w.obtain = true
	case due:
		w.wait = try
	case len(s.Standing.Failures) > 0: // it was obtained nevertheless, or is not needed any more
		w.next = sooner(w.next, later(try, now))
	}
	if !w.obtain {
		s.decideDelivery(now, request, &w)
	}
	return w
}

// aboutTime tells whether a daily pass may take a try that is due a little later:
// the next daily pass would have it wait for another day.
func (s Situation) aboutTime(try, now time.Time) bool {
	tries := s.tries() // there are some: a try is due after one
	last := tries[len(tries)-1]
	if last.Kind == acmecore.Limited || last.Until.After(now) {
		return false // the CA asked for patience, to the second
	}
	return try.Sub(now) < time.Hour && now.Sub(last.At) > 4*time.Hour
}

// decideDelivery finds what the current version still lacks in the targets, the
// servers and before visitors' eyes.
func (s Situation) decideDelivery(now time.Time, request Request, w *work) {
	if !s.usable(now) {
		return
	}
	misplaced, unloaded, unseen := s.misplaced(), s.unloaded(), s.unseen()
	if len(misplaced)+len(unloaded) == 0 && !unseen {
		return
	}
	w.reason, w.text = acmecore.BecauseLacking, s.lack(misplaced, unloaded)
	if try := schedule.NextLoad(counting(s.Standing.Unserved), now); try.After(now) && !request.Now {
		w.wait, w.next = try, sooner(w.next, try)
		return
	}
	w.install, w.load, w.verify = len(misplaced) > 0, unloaded, s.Watched
	if w.install {
		w.load = s.Loads
	}
}

// maxKilled is how many loads in a row that a kill has ended are made up for at once.
const maxKilled = 3

// counting leaves out the last attempts where a kill has ended them, unless they are
// too many: then it is an action that kills wcme each time.
func counting(failures []acmecore.Failure) []acmecore.Failure {
	ended := len(failures)
	for ended > 0 && failures[ended-1].Kind == acmecore.Busy {
		ended--
	}
	if len(failures)-ended > maxKilled {
		return failures
	}
	return failures[:ended]
}

// usable tells whether there is something to deliver, and somebody still wants it.
func (s Situation) usable(now time.Time) bool {
	if len(s.Certificate.Names) == 0 {
		return false
	}
	state := s.Certificate.State(now)
	return state == acmecore.Valid || state == acmecore.Due
}

func (s Situation) misplaced() (targets []string) {
	for _, placed := range s.Placed {
		if !placed.Current {
			targets = append(targets, placed.Target)
		}
	}
	return targets
}

// unloaded names the actions that have not loaded the certificate.
func (s Situation) unloaded() (actions []string) {
	for _, action := range s.Loads {
		if s.Standing.Loaded[action] != s.Certificate.Fingerprint {
			actions = append(actions, action)
		}
	}
	return actions
}

// unseen tells whether a visitor was, at the last look, not shown the certificate.
func (s Situation) unseen() bool {
	return s.Watched && s.Standing.Seen != s.Certificate.Fingerprint
}

// lack says in words what the certificate still lacks.
func (s Situation) lack(misplaced, unloaded []string) string {
	switch {
	case len(misplaced) > 0:
		return "its files are not up to date in " + strings.Join(misplaced, ", ")
	case len(unloaded) > 0:
		return "it is not loaded yet by " + strings.Join(unloaded, ", ")
	}
	return "it is not served yet"
}

// unserved returns the first proof of a place where visitors do not meet the
// certificate; none where that place cannot be reached from here.
func unserved(proofs []acmecore.Proof, fingerprint string) (missing acmecore.Proof, found bool) {
	for _, proof := range proofs {
		met := proof.Answer == acmecore.Serves && proof.Fingerprint == fingerprint
		if !met && proof.Answer != acmecore.Unreached {
			return proof, true
		}
	}
	return acmecore.Proof{}, false
}

// problemOf says what visitors see instead.
func problemOf(missing acmecore.Proof) string {
	if missing.Address == "" {
		return string(missing.Name) + ": " + missing.Problem
	}
	return fmt.Sprintf("%s at %s, port %d: %s", missing.Name, missing.Address, missing.Port, missing.Problem)
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
