package lab

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// Pair is where a certificate with its chain is, and where its key.
type Pair struct {
	Certificate string
	Key         string // "" for the file Certificate, which has both
}

// Sample is what a Sampler has seen.
type Sample struct {
	Looks    int      // at pairs that were there
	Failures []string // a pair that was none, or was not there any more
}

// Sampler opens pairs all the time, as a web server does that is loaded at a bad
// moment (invariant I1): whatever is done to them meanwhile, at each moment they
// are there, whole, and belong together.
type Sampler struct {
	find    func() []Pair
	end     func()
	stop    chan struct{}
	stopped chan struct{}

	mu     sync.Mutex // held during a look
	seen   Sample
	there  map[Pair]bool // that it has found once
	looked chan struct{} // closed, and made anew, after each look
}

// samplePause is how long after a look the next one is.
const samplePause = 2 * time.Millisecond

// StartSampler begins to look at the pairs. It ends with the test, unless it was
// stopped. A pair counts from the first moment when it is there.
func StartSampler(tb TB, pairs ...Pair) *Sampler {
	return StartSamplerOf(tb, func() []Pair { return pairs })
}

// StartSamplerOf is StartSampler for pairs that are found anew at each look.
func StartSamplerOf(tb TB, find func() []Pair) *Sampler {
	s := &Sampler{find: find, stop: make(chan struct{}), stopped: make(chan struct{}), there: make(map[Pair]bool), looked: make(chan struct{})}
	s.end = sync.OnceFunc(func() { close(s.stop) })
	go s.run()
	tb.Cleanup(func() { s.Stop() })
	return s
}

// Stop ends the looks and returns what was seen.
func (s *Sampler) Stop() Sample {
	s.end()
	<-s.stopped
	return s.Seen()
}

// Seen returns what was seen so far.
func (s *Sampler) Seen() Sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Sample{Looks: s.seen.Looks, Failures: slices.Clone(s.seen.Failures)}
}

// Looked is closed when the next look has been taken.
func (s *Sampler) Looked() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked
}

// Aside calls f while nobody looks, and forgets what was there: f may remove pairs.
func (s *Sampler) Aside(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	clear(s.there)
}

func (s *Sampler) run() {
	defer close(s.stopped)
	ticks := time.NewTicker(samplePause)
	defer ticks.Stop()
	for {
		s.look()
		select {
		case <-s.stop:
			return
		case <-ticks.C:
		}
	}
}

func (s *Sampler) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pair := range s.find() {
		err := pair.check()
		if errors.Is(err, fs.ErrNotExist) && !s.there[pair] {
			continue
		}
		s.there[pair] = true
		s.seen.Looks++
		if err != nil {
			s.seen.Failures = append(s.seen.Failures, err.Error())
		}
	}
	close(s.looked)
	s.looked = make(chan struct{})
}

// check opens the pair once. Two files are read one after the other: that the key
// is another's counts when the certificate was in its place before and after the
// key was read.
func (p Pair) check() error {
	for {
		certificate, before, err := readNow(p.Certificate)
		if err != nil {
			return err
		}
		key, after := certificate, before
		if p.Key != "" {
			if key, _, err = readNow(p.Key); err != nil {
				return err
			}
			if after, err = os.Stat(p.Certificate); err != nil {
				return err
			}
		}
		_, err = tls.X509KeyPair(certificate, key)
		if err == nil {
			return nil
		}
		if unchanged(before, after) || !hasKey(key) {
			return fmt.Errorf("%s %s: %w", p.Certificate, p.Key, err)
		}
	}
}

// readNow returns what is in the file, and which file that is.
func readNow(path string) ([]byte, fs.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(file)
	return text, info, err
}

func unchanged(before, after fs.FileInfo) bool {
	return os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()) && before.Size() == after.Size()
}

// hasKey tells a whole key from a part of one, which is a failure in any case.
func hasKey(text []byte) bool {
	return bytes.Contains(text, []byte("-----END ")) && bytes.Contains(text, []byte("PRIVATE KEY-----"))
}
