package manager

import (
	"os"
	"sync"
	"time"
)

// zone is the host's time zone. Go reads it once, at the first look; an overseer
// runs for years, in which a host may move or a country change its law.
type zone struct {
	mu   sync.Mutex
	file os.FileInfo // that here was read from
	here *time.Location
}

// zoneFile is the time zone of a host whose TZ says nothing (tzfile(5)).
const zoneFile = "/etc/localtime"

// location returns the time zone as the host has it now.
func (z *zone) location() *time.Location {
	if _, said := os.LookupEnv("TZ"); said {
		return time.Local
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	file, err := os.Stat(zoneFile)
	if err != nil {
		return time.Local
	}
	if z.here != nil && os.SameFile(file, z.file) && file.ModTime().Equal(z.file.ModTime()) && file.Size() == z.file.Size() {
		return z.here
	}
	text, err := os.ReadFile(zoneFile)
	if err != nil {
		return time.Local
	}
	here, err := time.LoadLocationFromTZData("Local", text)
	if err != nil {
		return time.Local
	}
	z.file, z.here = file, here
	return here
}
