package login

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Who fails to log in chooses how often, and must fill neither the audit nor the disk:
// within an hour so many of a network are listed, and so many of all; further ones are
// counted, and told of by one entry when the hour is over or somebody has logged in.
const (
	failureTime = time.Hour
	maxOfOne    = 5
	maxListed   = 60
)

// failures are those of the hour.
type failures struct {
	whose string // of those that are counted

	mu       sync.Mutex
	begun    time.Time      // of the hour
	networks map[string]int // those of each that are listed
	listed   int            // all of them
	silent   silence
}

// silence are failures that are not listed.
type silence struct {
	since    time.Time      // the first one; zero while there is none
	networks map[string]int // how many of each network
	refused  int            // tries that the throttle has not let through
}

// take notes a failure from the network, and tells whether it is to be listed. before
// tells of those of the hour before that were not; "" when there is nothing to tell.
func (f *failures) take(network string, now time.Time) (listed bool, before string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before = f.turn(now)
	if f.listed < maxListed && f.networks[network] < maxOfOne {
		f.listed++
		f.networks[network]++
		return true, before
	}
	f.silent.begin(now)
	f.silent.networks[network]++
	return false, before
}

// refuse notes tries that came to nothing, because there were too many.
func (f *failures) refuse(tries int, now time.Time) (before string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before = f.turn(now)
	if tries > 0 {
		f.silent.begin(now)
		f.silent.refused += tries
	}
	return before
}

// turn begins another hour where one is over, or the clock was put back, and tells of
// those that were not listed.
func (f *failures) turn(now time.Time) (before string) {
	if age := now.Sub(f.begun); age >= 0 && age < failureTime {
		return ""
	}
	f.begun, f.networks, f.listed = now, make(map[string]int), 0
	return f.tell()
}

// told is what there is to tell of those that were not listed, once.
func (f *failures) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tell()
}

func (f *failures) tell() string {
	if f.silent.since.IsZero() {
		return ""
	}
	told := f.silent.words(f.whose)
	f.silent = silence{}
	return told
}

func (s *silence) begin(now time.Time) {
	if s.since.IsZero() {
		s.since, s.networks = now, make(map[string]int)
	}
}

// words names the network that most of them are from.
func (s *silence) words(whose string) string {
	all, most, from := 0, 0, ""
	for network, count := range s.networks {
		all += count
		if count > most || count == most && network < from {
			most, from = count, network
		}
	}
	var parts []string
	switch len(s.networks) {
	case 0:
	case 1:
		parts = append(parts, fmt.Sprintf("%d more %s, from %s", all, whose, from))
	default:
		parts = append(parts, fmt.Sprintf("%d more %s, from %d networks, %d of them from %s", all, whose, len(s.networks), most, from))
	}
	if s.refused > 0 {
		parts = append(parts, fmt.Sprintf("%d tries too many", s.refused))
	}
	return "refused since " + s.since.UTC().Format(time.RFC3339) + ": " + strings.Join(parts, ", and ")
}

// refused notes in the audit that somebody was refused, unless there are too many.
func (d *Desk) refused(f *failures, v visit, what, subject, outcome string) {
	listed, before := f.take(networkOf(v.claim.Address), d.now())
	d.auditSilence(before)
	if listed {
		d.audit(v.who(), what, subject, "refused: "+outcome)
	}
}

// auditSilence notes what is told of failures that are not listed.
func (d *Desk) auditSilence(told string) {
	if told != "" {
		d.audit("visitors", "log in", "", told)
	}
}
