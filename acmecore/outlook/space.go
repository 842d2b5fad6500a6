package outlook

import (
	"sync"
	"time"

	"wcme/acmecore"
)

// spaceTime is how old the space that is left on disks may be.
const spaceTime = time.Minute

// Space is what was last seen to be left on disks. The zero value has seen none.
type Space struct {
	mu      sync.Mutex
	at      time.Time
	disks   []acmecore.Disk
	looking bool
}

// Note notes how disks are at the time now.
func (s *Space) Note(disks []acmecore.Disk, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.disks, s.looking = now, disks, false
}

// Lately returns the disks as they were last seen; none before the first Note. It tells
// whether that is too long ago, to one of all who ask until the next Note, which is then
// the caller's to give.
func (s *Space) Lately(now time.Time) (disks []acmecore.Disk, look bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.looking && now.Sub(s.at).Abs() > spaceTime {
		s.looking, look = true, true
	}
	return s.disks, look
}
