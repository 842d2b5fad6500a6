package lab_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// place is a directory with pairs, which a test changes rightly or wrongly.
type place struct {
	*testing.T
	dir      string
	one, two lab.Identity
}

func newPlace(t *testing.T) *place {
	return &place{T: t, dir: t.TempDir(), one: identity(t), two: identity(t)}
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

// write writes a file in its place.
func (p *place) write(name string, texts ...[]byte) {
	p.Helper()
	var all []byte
	for _, text := range texts {
		all = append(all, text...)
	}
	if err := os.WriteFile(p.path(name), all, 0o600); err != nil {
		p.Error(err)
	}
}

func (p *place) rename(from, to string) {
	p.Helper()
	if err := os.Rename(p.path(from), p.path(to)); err != nil {
		p.Error(err)
	}
}

// replace writes a file beside its place and renames it.
func (p *place) replace(name string, texts ...[]byte) {
	p.Helper()
	p.write("."+name, texts...)
	p.rename("."+name, name)
}

// version makes a directory with a pair.
func (p *place) version(name string, id lab.Identity) {
	p.Helper()
	if err := os.Mkdir(p.path(name), 0o700); err != nil {
		p.Fatal(err)
	}
	p.write(name+"/cert.pem", read(p.T, id.Certificate))
	p.write(name+"/key.pem", read(p.T, id.Key))
}

// current switches the link to a version.
func (p *place) current(version string) {
	p.Helper()
	if err := os.Symlink(version, p.path(".current")); err != nil {
		p.Error(err)
	}
	p.rename(".current", "current")
}

// combined is what is in a file with a certificate and its key.
func (p *place) combined(id lab.Identity) []byte {
	return append(read(p.T, id.Certificate), read(p.T, id.Key)...)
}

// looks waits until the sampler has looked n times more.
func looks(t *testing.T, s *lab.Sampler, n int) {
	t.Helper()
	want, late := s.Seen().Looks+n, time.After(time.Minute)
	for {
		looked := s.Looked()
		if s.Seen().Looks >= want {
			return
		}
		select {
		case <-looked:
		case <-late:
			t.Fatalf("after a minute: %+v", s.Seen())
		}
	}
}

// TestSamplerSees what is wrong for a moment (invariant I1), and nothing else.
func TestSamplerSees(t *testing.T) {
	t.Parallel()
	combined := func(p *place) lab.Pair { return lab.Pair{Certificate: p.path("both.pem")} }
	split := func(p *place) lab.Pair { return lab.Pair{Certificate: p.path("cert.pem"), Key: p.path("key.pem")} }
	linked := func(p *place) lab.Pair {
		return lab.Pair{Certificate: p.path("current/cert.pem"), Key: p.path("current/key.pem")}
	}
	begin := func(p *place) {
		p.write("both.pem", p.combined(p.one))
		p.write("cert.pem", read(p.T, p.one.Certificate))
		p.write("key.pem", read(p.T, p.one.Key))
		p.version("1", p.one)
		p.current("1")
	}
	for _, row := range []struct {
		what   string
		pair   func(*place) lab.Pair
		change func(p *place, look func())
		want   string
	}{
		{"a combined file that is renamed", combined, func(p *place, look func()) {
			for range 50 {
				p.replace("both.pem", p.combined(p.two))
				p.replace("both.pem", p.combined(p.one))
			}
		}, ""},
		{"a combined file that is written in its place", combined, func(p *place, look func()) {
			text := p.combined(p.two)
			p.write("both.pem", text[:len(text)-40])
			look()
			p.write("both.pem", text)
		}, "both.pem"},
		{"a combined file that is gone for a moment", combined, func(p *place, look func()) {
			p.rename("both.pem", "old.pem")
			look()
			p.rename("old.pem", "both.pem")
		}, "both.pem: no such file"},
		{"two files, one after the other", split, func(p *place, look func()) {
			p.replace("cert.pem", read(p.T, p.two.Certificate))
			look()
			p.replace("key.pem", read(p.T, p.two.Key))
		}, "private key does not match public key"},
		{"two files, one of them in parts", split, func(p *place, look func()) {
			p.write("key.pem", read(p.T, p.one.Key)[:50])
			look()
			p.write("key.pem", read(p.T, p.one.Key))
		}, "key.pem"},
		{"a link that is switched", linked, func(p *place, look func()) {
			for i := range 200 {
				version := fmt.Sprint("new-", i)
				p.version(version, []lab.Identity{p.two, p.one}[i%2])
				p.current(version)
			}
		}, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			sampler := lab.StartSampler(t, row.pair(p))
			sampler.Aside(func() { begin(p) })
			look := func() { looks(t, sampler, 2) } // the first may have begun before
			look()
			row.change(p, look)
			look()
			seen := sampler.Stop()
			if got := strings.Join(seen.Failures, "\n"); (row.want == "") != (got == "") || !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestSamplerWaitsForWhatIsNotThereYet(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	finds := make(chan struct{}, 1)
	sampler := lab.StartSamplerOf(t, func() []lab.Pair {
		select {
		case finds <- struct{}{}:
		default:
		}
		return []lab.Pair{{Certificate: p.path("both.pem")}}
	})
	<-finds
	<-finds
	if seen := sampler.Seen(); seen.Looks != 0 || len(seen.Failures) > 0 {
		t.Errorf("before it is there: got %+v, want nothing", seen)
	}
	p.replace("both.pem", p.combined(p.one))
	looks(t, sampler, 1)
	sampler.Aside(func() {
		if err := os.Remove(p.path("both.pem")); err != nil {
			t.Error(err)
		}
	})
	<-finds
	<-finds
	if seen := sampler.Stop(); len(seen.Failures) > 0 {
		t.Errorf("removed while nobody looked: got %q", seen.Failures)
	}
}
