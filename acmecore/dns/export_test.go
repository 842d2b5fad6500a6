package dns

import "time"

// Wait makes each try that long.
func (f *Finder) Wait(try time.Duration) { f.tryTime = try }

// Hurry makes each try short that asks one of these servers, HOST:PORT, which stay silent.
func (f *Finder) Hurry(try time.Duration, silent ...string) {
	f.short, f.grace = make(map[string]time.Duration), try
	for _, server := range silent {
		f.short[server] = try
	}
}

// Wait does so, too.
func (u *Updater) Wait(try time.Duration) { u.tryTime = try }
