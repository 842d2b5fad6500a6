package order_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
)

// answers is a transport whose answers a test makes; the others are the CA's.
type answers struct {
	memory
	of map[class]func(*http.Request) (*http.Response, error)
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	kind, _ := parsePath(r.URL.Path)
	if answer := a.of[kind]; answer != nil {
		return answer(r)
	}
	return a.memory.RoundTrip(r)
}

// body is an answer with a body of any kind.
func body(content io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Body: content}
}

// endless is a body without an end; it counts what is read of it.
type endless struct {
	read, closed atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	e.read.Add(int64(len(p)))
	return copy(p, bytes.Repeat([]byte(`{"a":`), len(p)/5+1)), nil
}

func (e *endless) Close() error { e.closed.Add(1); return nil }

// TestEndlessBodiesAreCut at 1 MiB, whatever they answer.
func TestEndlessBodiesAreCut(t *testing.T) {
	for _, kind := range classes {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newMemoryOutside(t)
			content := new(endless)
			s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){
				kind: func(*http.Request) (*http.Response, error) { return body(content), nil },
			}}
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"the CA's answer is larger than 1048576 bytes"}, hint: "tell the CA"})
			if got := content.read.Load(); got > 2<<20 {
				t.Errorf("%d bytes were read", got)
			}
			if content.closed.Load() == 0 {
				t.Error("the body is still open")
			}
		})
	}
}

// TestEndlessErrorsAreCut: an error's body is no better than another.
func TestEndlessErrorsAreCut(t *testing.T) {
	t.Parallel()
	s := newMemoryOutside(t)
	s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){
		newOrder: func(*http.Request) (*http.Response, error) {
			answer := body(new(endless))
			answer.StatusCode = 500
			return answer, nil
		},
	}}
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"larger than 1048576 bytes"}})
}

// TestGigabyteOverTheNetwork: the connection is closed long before its end.
func TestGigabyteOverTheNetwork(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	var sent atomic.Int64
	s.ca.on(directory, always, func(_ *authority, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1073741824")
		for chunk := bytes.Repeat([]byte(" "), 64<<10); sent.Load() < 1<<30; {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"larger than 1048576 bytes"}})
	if got := sent.Load(); got > 64<<20 {
		t.Errorf("%d bytes were sent", got)
	}
}

// TestGzipBombIsNotUnpacked: nobody asked for gzip, and nobody unpacks it.
func TestGzipBombIsNotUnpacked(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	for range 64 {
		packer.Write(make([]byte, 1<<20))
	}
	packer.Close()
	s.ca.on(directory, always, func(_ *authority, w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("Accept-Encoding is %q, want none", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	})
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"no ACME directory"}, hint: "is this the URL"})
}

// TestHeadersAreBounded: a header of 1 MB, and one of 10,000 lines.
func TestHeadersAreBounded(t *testing.T) {
	for name, lines := range map[string]int{"1 MB": 1, "10,000 lines": 10000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(directory, always, func(_ *authority, w http.ResponseWriter, r *http.Request) {
				for range lines {
					w.Header().Add("X-Padding", strings.Repeat("x", 1<<20/lines))
				}
			})
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"headers exceeded"}})
		})
	}
}

// slow is a body that comes byte by byte, once a second, for ever.
type slow struct{ ctx context.Context }

func (s slow) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		return copy(p, " "), nil
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}

func (slow) Close() error { return nil }

// TestPatienceIsWhatTheErrorSays of an answer that does not come.
func TestPatienceIsWhatTheErrorSays(t *testing.T) {
	for patience, words := range map[time.Duration]string{0: "no answer within 60 s", 90 * time.Second: "no answer within 90 s", 300 * time.Millisecond: "no answer within 0.3 s"} {
		synctest.Test(t, func(t *testing.T) {
			s := newMemory(t)
			s.options.Patience = patience
			s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){
				directory: func(r *http.Request) (*http.Response, error) { return body(slow{r.Context()}), nil },
			}}
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{words}, hint: "way out"})
		})
	}
}

// TestSlowAnswersHaveAMinute, from the first byte sent to the last one read.
func TestSlowAnswersHaveAMinute(t *testing.T) {
	silent := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	dribbling := func(r *http.Request) (*http.Response, error) { return body(slow{r.Context()}), nil }
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){"silent": silent, "dribbling": dribbling} {
		for _, kind := range classes {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newMemory(t)
					s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){kind: answer}}
					began := time.Now()
					s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"no answer within 60 s"}, hint: "way out"})
					want := time.Minute
					if kind != directory && kind != newOrder { // five times, with the waits in between
						want = 5*time.Minute + 15*time.Second
					}
					if got := time.Since(began); got < want || got > want+time.Second {
						t.Errorf("it took %v, want %v", got, want)
					}
				})
			})
		}
	}
}
