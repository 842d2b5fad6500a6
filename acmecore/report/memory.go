package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"wcme/acmecore"
)

// How long, and how much, is remembered.
const (
	repetition   = 24 * time.Hour      // a trouble that goes on is told again after it
	forgetGood   = 7 * 24 * time.Hour  // a renewal is not told twice within it
	forgetBad    = 90 * 24 * time.Hour // a trouble that nobody closes
	clockStep    = time.Hour           // by which a clock may go back without a repetition
	maxMemory    = 50_000              // entries; the oldest are forgotten first
	memoryFormat = 1
)

// memory is what was told, so that it is not told again.
type memory struct {
	Format int `json:"format"`
	// Serial counts the changes. It tells a repetition after a kill, which found no
	// change recorded, from the same trouble once more.
	Serial int `json:"serial"`
	// Told has for each subject the sums of what was told of it.
	Told map[string]map[string]entry `json:"told"`
	// unsaved says that it is not recorded as it is.
	unsaved bool
}

// entry is an event that was told.
type entry struct {
	Kind acmecore.EventKind `json:"kind"`
	At   time.Time          `json:"at"`
}

// parseMemory reads what was recorded; nothing is an empty memory. With an error
// too, the memory is empty and can be used.
func parseMemory(recorded []byte) (*memory, error) {
	empty := &memory{Format: memoryFormat, Told: map[string]map[string]entry{}}
	if len(recorded) == 0 {
		return empty, nil
	}
	read := memory{}
	if err := json.Unmarshal(recorded, &read); err != nil {
		return empty, fmt.Errorf("read what was told: %w", err)
	}
	if read.Format != memoryFormat {
		return empty, fmt.Errorf("read what was told: format %d is not known", read.Format)
	}
	if read.Told == nil {
		read.Told = empty.Told
	}
	return &read, nil
}

// clone returns a memory that can be changed without changing m.
func (m *memory) clone() *memory {
	told := make(map[string]map[string]entry, len(m.Told))
	for subject, entries := range m.Told {
		told[subject] = maps.Clone(entries)
	}
	return &memory{Format: memoryFormat, Serial: m.Serial, Told: told}
}

// sumOf names what makes an event of a subject the same as another. The cause of a
// renewal is the certificate, whichever run tells of it.
func sumOf(e acmecore.Event) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", e.Kind, e.Subject, e.Cause))
	return hex.EncodeToString(sum[:12])
}

// take tells whether the event is news, and remembers it if so. An end closes all
// troubles of its subject, and is news if there were any.
func (m *memory) take(e acmecore.Event, now time.Time) bool {
	subject, sum := acmecore.Inert(e.Subject), sumOf(e)
	if e.Kind == acmecore.EventRecovered {
		return m.close(subject)
	}
	if told, found := m.Told[subject][sum]; found && !told.isOver(now) {
		return false
	}
	if m.Told[subject] == nil {
		m.Told[subject] = map[string]entry{}
	}
	m.Told[subject][sum] = entry{Kind: e.Kind, At: now}
	return true
}

// isOver tells whether an entry no longer keeps its event from being told. One from
// the future was made by a clock that was wrong.
func (e entry) isOver(now time.Time) bool {
	silence := repetition
	if e.Kind == acmecore.EventRenewed {
		silence = forgetGood
	}
	age := now.Sub(e.At)
	return age >= silence || age < -clockStep
}

// close forgets the troubles of a subject, and tells whether there were any.
func (m *memory) close(subject string) bool {
	before := len(m.Told[subject])
	maps.DeleteFunc(m.Told[subject], func(_ string, e entry) bool { return e.isTrouble() })
	return len(m.Told[subject]) < before
}

// isTrouble tells whether the event has an end, which is told too.
func (e entry) isTrouble() bool {
	return e.Kind != acmecore.EventRenewed && e.Kind != acmecore.EventCrashed
}

// encode returns the memory as it is recorded, without what is of no use any more.
func (m *memory) encode(now time.Time) ([]byte, error) {
	m.forget(func(e entry) bool { return now.Sub(e.At) >= e.lasts() })
	var times []time.Time
	for _, entries := range m.Told {
		for _, e := range entries {
			times = append(times, e.At)
		}
	}
	if excess := len(times) - maxMemory; excess > 0 {
		slices.SortFunc(times, time.Time.Compare)
		last := times[excess-1]
		m.forget(func(e entry) bool {
			if excess == 0 || e.At.After(last) {
				return false
			}
			excess--
			return true
		})
	}
	return json.Marshal(m)
}

// lasts is how long the entry is of use.
func (e entry) lasts() time.Duration {
	if e.isTrouble() {
		return forgetBad
	}
	return forgetGood
}

// forget removes entries, and subjects that have none left.
func (m *memory) forget(whether func(entry) bool) {
	for subject, entries := range m.Told {
		maps.DeleteFunc(entries, func(_ string, e entry) bool { return whether(e) })
		if len(entries) == 0 {
			delete(m.Told, subject)
		}
	}
}
