package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/report"
)

// spool is one in memory. What is in it outlives a reporter, as files do.
type spool struct {
	mu      sync.Mutex
	kept    map[string][]byte
	told    []byte
	puts    int
	broken  map[string]error // by method
	toldSet int
}

func newSpool() *spool { return &spool{kept: map[string][]byte{}, broken: map[string]error{}} }

// fail makes a method fail from now on, until it is given nil.
func (s *spool) fail(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken[method] = err
}

func (s *spool) Put(name string, message []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !regexp.MustCompile(`^[0-9A-Za-z-]{1,80}$`).MatchString(name) {
		return errors.New("a name that no store takes: " + name)
	}
	if len(message) > 1<<20 {
		return fmt.Errorf("a message of %d bytes, which no store takes", len(message))
	}
	if s.broken["Put"] != nil {
		return s.broken["Put"]
	}
	s.puts++
	s.kept[name] = bytes.Clone(message)
	return nil
}

func (s *spool) List() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.kept)), s.broken["List"]
}

func (s *spool) Get(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.kept[name]), s.broken["Get"]
}

func (s *spool) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken["Remove"] == nil {
		delete(s.kept, name)
	}
	return s.broken["Remove"]
}

func (s *spool) Told() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.told), s.broken["Told"]
}

func (s *spool) SetTold(told []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken["SetTold"] == nil {
		s.told = bytes.Clone(told)
		s.toldSet++
	}
	return s.broken["SetTold"]
}

// names returns what is in the spool, of one channel.
func (s *spool) names(channel string) []string {
	all, _ := s.List()
	return slices.DeleteFunc(all, func(name string) bool { return !strings.Contains(name, "-"+channel+"-") })
}

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// hooks are webhooks that note what they get. What status answers is sent back; an
// error of it is one of the connection.
type hooks struct {
	mu     sync.Mutex
	got    []payload
	asked  []string // the hosts, also of what was not taken
	times  []time.Time
	status func(host string) (int, error)
}

// payload is what a webhook gets.
type payload struct {
	ID, Host, Title, Text string
	Events                []acmecore.Event
	More                  int
}

func (h *hooks) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked, h.times = append(h.asked, request.URL.Host), append(h.times, time.Now())
	code := http.StatusOK
	if h.status != nil {
		if code, err = h.status(request.URL.Host); err != nil {
			return nil, err
		}
	}
	if code/100 == 2 {
		got := payload{}
		if err := json.Unmarshal(body, &got); err != nil {
			return nil, err
		}
		h.got = append(h.got, got)
	}
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}

// change runs what changes how the hooks answer.
func (h *hooks) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// count tells how often a host was asked; "" is any.
func (h *hooks) count(host string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, asked := range h.asked {
		if host == "" || asked == host {
			n++
		}
	}
	return n
}

// titles are what was got, in a line each.
func (h *hooks) titles() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, got := range h.got {
		all = append(all, got.Title)
	}
	return all
}

const hook = "https://hooks.example/services/T0SECRET/xyzzy"

// settings are those of a host with one webhook, whose operator console is off.
func settings() report.Settings {
	return report.Settings{Host: "web1.example.org", Webhooks: []string{hook}}
}

// reporter returns one that sends to hooks.
func reporter(t *testing.T, s report.Settings, spool report.Spool, to *hooks) (*report.Reporter, *logged) {
	t.Helper()
	log := &logged{}
	r := report.New(s, spool, log.logger())
	r.SetTransport(to)
	return r, log
}

// tell tells, and delivers what comes of it.
func tell(t *testing.T, r *report.Reporter, events ...acmecore.Event) {
	t.Helper()
	if err := r.Tell(events...); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// failed is a trouble of a certificate.
func failed(subject, cause string) acmecore.Event {
	return acmecore.Event{Kind: acmecore.EventFailed, Subject: subject, Cause: cause, Text: "the CA could not reach " + subject,
		Hint: "is port 80 open?", Next: time.Now().Add(10 * time.Minute)}
}

func event(kind acmecore.EventKind, subject string) acmecore.Event {
	return acmecore.Event{Kind: kind, Subject: subject, Text: "so it is"}
}

// socketPath returns a path short enough for a socket's address.
func socketPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "s")
}
