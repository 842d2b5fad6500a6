package manager_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	acmeorder "wcme/acmecore/order"
)

// shows is a responder's part for tls-alpn-01: whether it has one, and what it has shown.
type shows struct {
	yes     bool
	problem error

	mu     sync.Mutex
	opened int
	shown  []acmecore.Name
}

func (s *shows) Shows() bool { return s.yes }

func (s *shows) OpenTLS() (release func(), err error) {
	if s.problem != nil {
		return nil, s.problem
	}
	return s.counted(1), nil
}

// counted adds to the times that it is open, and returns what takes that back.
func (s *shows) counted(times int) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened += times
	return func() { s.counted(-times) }
}

func (s *shows) Show(name acmecore.Name, _ *tls.Certificate) (hide func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, name)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.shown = s.shown[:len(s.shown)-1]
	}
}

// failed is an attempt that failed by these methods.
func failed(methods map[acmecore.Name]acmecore.Method) acmecore.Failure {
	return acmecore.Failure{At: time.Now(), Kind: acmecore.Refused, Methods: methods}
}

func by(methods ...acmecore.Method) (failures []acmecore.Failure) {
	for _, method := range methods {
		failures = append(failures, failed(map[acmecore.Name]acmecore.Method{"www.example.test": method}))
	}
	return failures
}

// TestWhichMethodComesFirst: what worked last, and last of all what failed since.
func TestWhichMethodComesFirst(t *testing.T) {
	t.Parallel()
	const http, alpn, dns = acmecore.HTTP01, acmecore.TLSALPN01, acmecore.DNS01
	const both = `challenge.methods = ["tls-alpn-01", "http-01"]`
	for _, row := range []struct {
		what, configuration, record string
		name                        acmecore.Name
		proved                      acmecore.Method
		failures                    []acmecore.Failure
		want                        string
	}{
		{"nothing known", "", "", "www.example.test", "", nil, "http-01, tls-alpn-01"},
		{"an address", "", "", "192.0.2.1", "", nil, "http-01, tls-alpn-01"},
		{"tls-alpn-01 worked", "", "", "www.example.test", alpn, nil, "tls-alpn-01, http-01"},
		{"a method that nothing answers worked", "", "", "www.example.test", dns, nil, "http-01, tls-alpn-01"},
		{"http-01 failed", "", "", "www.example.test", "", by(http), "tls-alpn-01, http-01"},
		{"it had worked before", "", "", "www.example.test", http, by(http), "tls-alpn-01, http-01"},
		{"both failed", "", "", "www.example.test", "", by(http, alpn), "http-01, tls-alpn-01"},
		{"both failed, and the first again", "", "", "www.example.test", "", by(http, alpn, http), "tls-alpn-01, http-01"},
		{"another name failed", "", "", "shop.example.test", "", by(http), "http-01, tls-alpn-01"},
		{"an order of the administrator's", both, "", "www.example.test", "", nil, "tls-alpn-01, http-01"},
		{"it comes before what worked last", both, "", "www.example.test", http, nil, "tls-alpn-01, http-01"},
		{"but not before what has not failed", both, "", "www.example.test", http, by(alpn), "http-01, tls-alpn-01"},
		{"one of the record's", both, `challenge = "http-01"`, "www.example.test", "", by(http), "http-01"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t, row.configuration)
			m := s.manager()
			m.Responder = &door{shows: shows{yes: true}}
			standing := acmecore.Standing{Failures: row.failures}
			if row.proved != "" {
				standing.Proved = map[acmecore.Name]acmecore.Method{row.name: row.proved}
			}
			if err := m.Remember(row.name.ID(), standing); err != nil {
				t.Fatal(err)
			}
			if row.name == "shop.example.test" { // of the same certificate
				if err := m.Remember(id, standing); err != nil {
					t.Fatal(err)
				}
			}
			ways, release, err := m.Provable(t.Context(), fmt.Sprintf("names = [%q]\n%s\n", row.name, row.record), row.name)
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			methods, err := ways.Methods(row.name)
			if got := strings.Trim(strings.ReplaceAll(fmt.Sprint(methods), " ", ", "), "[]"); got != row.want || err != nil {
				t.Errorf("got %s, %v; want %s", got, err, row.want)
			}
		})
	}
}

// TestWhatIsLearnedOfMethods: a version tells by what its names were proved, and what has
// failed before is forgotten with the failures.
func TestWhatIsLearnedOfMethods(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	m := s.manager()
	s.record(recordOfOne)
	standing := acmecore.Standing{Failures: by(acmecore.HTTP01, acmecore.TLSALPN01), Proved: map[acmecore.Name]acmecore.Method{"shop.example.test": acmecore.DNS01}}
	remembered := func() acmecore.Standing {
		t.Helper()
		if err := m.Remember(id, standing); err != nil {
			t.Fatal(err)
		}
		kept, err := s.root.Standing(id)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	if got := remembered(); fmt.Sprint(got.Balked) != "map[www.example.test:[http-01 tls-alpn-01]]" || fmt.Sprint(got.Proved) != "map[shop.example.test:dns-01]" {
		t.Errorf("failed: got %v, proved by %v", got.Balked, got.Proved)
	}
	issue := acmecore.Issue{At: time.Now(), Methods: map[acmecore.Name]acmecore.Method{"www.example.test": acmecore.TLSALPN01}}
	key := s.key()
	if _, err := s.root.KeepVersion(id, key, newSetting(t, "").keep(key, 1, "www.example.test"), issue); err != nil {
		t.Fatal(err)
	}
	standing.Failures = nil
	if got := remembered(); len(got.Balked) != 0 || fmt.Sprint(got.Proved) != "map[shop.example.test:dns-01 www.example.test:tls-alpn-01]" {
		t.Errorf("obtained: got %v, proved by %v", got.Balked, got.Proved)
	}
	if c := list(t, m); fmt.Sprint(c[0].Methods) != "map[www.example.test:tls-alpn-01]" {
		t.Errorf("list: got %v", c[0].Methods)
	}
}

func list(t *testing.T, m interface {
	List(context.Context) ([]acmecore.Certificate, error)
}) []acmecore.Certificate {
	t.Helper()
	certificates, err := m.List(t.Context())
	if err != nil || len(certificates) == 0 {
		t.Fatalf("got %v, %v", certificates, err)
	}
	return certificates
}

// TestFailuresTellTheMethod, of each name that was refused.
func TestFailuresTellTheMethod(t *testing.T) {
	t.Parallel()
	m := newSetting(t, "").manager()
	err := errors.Join(&acmeorder.RefusedError{Name: "a.example.test", Method: acmecore.DNS01, Reason: errors.New("no")},
		&acmeorder.RefusedError{Name: "b.example.test", Reason: errors.New("no")})
	if got := m.Failure(err); fmt.Sprint(got.Refused, got.Methods) != "[a.example.test b.example.test] map[a.example.test:dns-01]" {
		t.Errorf("got %v, %v", got.Refused, got.Methods)
	}
}

// TestWhatCannotBePreparedIsLeftOut, and is the error where nothing else is left.
func TestWhatCannotBePreparedIsLeftOut(t *testing.T) {
	t.Parallel()
	taken := errors.New("the port is taken")
	for _, row := range []struct {
		what, record string
		responder    *door
		want         string
		problem      error
	}{
		{"both ports", "", &door{shows: shows{yes: true}}, "[http-01 tls-alpn-01]", nil},
		{"port 80 alone", "", &door{shows: shows{yes: true, problem: taken}}, "[http-01 tls-alpn-01]", nil}, // as far as anybody has tried
		{"port 443 alone", "", &door{shows: shows{yes: true}, problem: taken}, "[tls-alpn-01]", nil},
		{"none of them", "", &door{shows: shows{yes: true, problem: taken}, problem: taken}, "", taken},
		{"not the one that was chosen", `challenge = "tls-alpn-01"`, &door{shows: shows{yes: true, problem: taken}}, "", taken},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			m := newSetting(t, "").manager()
			m.Responder = row.responder
			ways, release, err := m.Provable(t.Context(), recordOfOne+row.record, "www.example.test")
			if !errors.Is(err, row.problem) || (err == nil) != (row.problem == nil) {
				t.Fatalf("got %v, want %v", err, row.problem)
			}
			if err == nil {
				methods, err := ways.Methods("www.example.test")
				if fmt.Sprint(methods) != row.want || err != nil {
					t.Errorf("got %v, %v; want %s", methods, err, row.want)
				}
				release()
			}
			if row.responder.open != 0 || row.responder.shows.opened != 0 {
				t.Error("a port is still open")
			}
		})
	}
}

// TestASecondWayIsPreparedWhenItIsTried: its port is opened then, and where that cannot be,
// it is declined, so that a third may be tried.
func TestASecondWayIsPreparedWhenItIsTried(t *testing.T) {
	t.Parallel()
	m := newSetting(t, "").manager()
	d := &door{shows: shows{yes: true}}
	m.Responder = d
	ways, release, err := m.Provable(t.Context(), recordOfOne, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	if d.open != 1 || d.shows.opened != 0 {
		t.Errorf("at first: port 80 is open %d times, port 443 %d times", d.open, d.shows.opened)
	}
	response := acmeorder.Response{Method: acmecore.TLSALPN01, Name: "www.example.test", Token: "a", Certificate: new(tls.Certificate)}
	if err := ways.Publish(t.Context(), response); err != nil || d.shows.opened != 1 || len(d.shown) != 1 {
		t.Errorf("published: %v; port 443 is open %d times, and %v is shown", err, d.shows.opened, d.shown)
	}
	if err := ways.Withdraw(t.Context(), response, true); err != nil || len(d.shown) != 0 {
		t.Errorf("withdrawn: %v, and %v is shown", err, d.shown)
	}
	release()
	if d.open != 0 || d.shows.opened != 0 {
		t.Errorf("at the end: port 80 is open %d times, port 443 %d times", d.open, d.shows.opened)
	}
	d.shows.problem = errors.New("the port is taken")
	ways, release, err = m.Provable(t.Context(), recordOfOne, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	err = ways.Publish(t.Context(), response)
	var declined interface{ Declined() bool }
	if !errors.Is(err, d.shows.problem) || !errors.As(err, &declined) || !declined.Declined() {
		t.Errorf("got %v, want that it is declined", err)
	}
	if methods, _ := ways.Methods("www.example.test"); fmt.Sprint(methods) != "[http-01]" {
		t.Errorf("got %v, want http-01 alone", methods)
	}
}

// TestOneOrderAtATimeShowsForAName: another one that would waits before it is begun, and
// one that has begun does not wait.
func TestOneOrderAtATimeShowsForAName(t *testing.T) {
	t.Parallel()
	m := newSetting(t, "").manager()
	m.Responder = &door{shows: shows{yes: true}}
	const record = recordOfOne + `challenge = ["tls-alpn-01", "http-01"]`
	_, release, err := m.Provable(t.Context(), record, "www.example.test", "shop.example.test")
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan error, 1)
	go func() {
		_, release, err := m.Provable(t.Context(), record, "shop.example.test", "www.example.test")
		if err == nil {
			release()
		}
		begun <- err
	}()
	if ways, release, err := m.Provable(t.Context(), recordOfOne, "www.example.test"); err != nil {
		t.Error(err)
	} else {
		err := ways.Publish(t.Context(), acmeorder.Response{Method: acmecore.TLSALPN01, Name: "www.example.test", Token: "a"})
		if acmecore.KindOf(err) != acmecore.Busy {
			t.Errorf("one that has begun: got %v, want busy", err)
		}
		release()
	}
	select {
	case err := <-begun:
		t.Errorf("it did not wait: %v", err)
	default:
	}
	release()
	if err := <-begun; err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	_, release, err = m.Provable(t.Context(), record, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	cancel()
	if _, _, err := m.Provable(ended, record, "www.example.test"); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("after its end: got %v, want busy", err)
	}
}

// TestCheckOfNamesThatAreProvedOtherwise: nobody is asked on port 80, and it is said how
// they are proved, or why they cannot be.
func TestCheckOfNamesThatAreProvedOtherwise(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	m := s.manager()
	d := &door{shows: shows{yes: true}}
	m.Responder = d
	s.record(recordOfOne + "challenge = \"tls-alpn-01\"\n")
	reaches, err := m.CheckChallenge(t.Context(), control.ChallengeRequest{Names: []acmecore.Name{"www.example.test", "*.example.test"}}, nil)
	if err != nil || d.opened != 0 {
		t.Fatalf("got %v, and port 80 was opened %d times", err, d.opened)
	}
	first, second := reaches[0], reaches[1]
	if !first.Answered || first.Path != "" || first.Findings[0].Verdict != acmecore.OtherWay || !strings.Contains(first.Findings[0].Text, "tls-alpn-01, by wCME itself") {
		t.Errorf("got %+v", first)
	}
	if got := words(first.Ways); got != "tls-alpn-01, not http-01: it is none of the methods that were chosen, not dns-01: nothing is set up" {
		t.Errorf("ways: got %s", got)
	}
	if second.Answered || second.Findings[0].Verdict != acmecore.NoWay || !second.Findings[0].Wrong || second.Findings[0].Try == "" {
		t.Errorf("got %+v", second)
	}
	if got := words(second.Ways); got != "not http-01: a wildcard cannot be proved by http-01, not tls-alpn-01: a wildcard cannot be proved by tls-alpn-01, not dns-01: nothing is set up" {
		t.Errorf("ways: got %s", got)
	}
}

// words says which ways there are, and why others are none.
func words(ways []acmecore.Way) string {
	texts := make([]string, len(ways))
	for i, way := range ways {
		texts[i] = string(way.Method)
		if way.Problem != "" {
			_, problem, _ := strings.Cut(way.Problem, "test: ")
			if problem == "" {
				problem = way.Problem
			}
			texts[i] = "not " + texts[i] + ": " + strings.TrimSuffix(problem, " that answers "+string(way.Method))
		}
	}
	return strings.Join(texts, ", ")
}

// TestWatchAsksForWhatIsProvedOnPort80, and for nothing else: what a mapping has nothing
// to do with cannot break by it.
func TestWatchAsksForWhatIsProvedOnPort80(t *testing.T) {
	t.Parallel()
	w := newWatched(t, "")
	w.Responder = &door{shows: shows{yes: true}}
	w.record("names = [\"www.example.test\", \"shop.example.test\"]\n")
	if err := w.Remember(id, acmecore.Standing{Proved: map[acmecore.Name]acmecore.Method{"shop.example.test": acmecore.TLSALPN01}}); err != nil {
		t.Fatal(err)
	}
	if err := w.root.PutRecord("a_example_test", []byte("names = [\"a.example.test\"]\nchallenge = \"tls-alpn-01\"\n")); err != nil {
		t.Fatal(err)
	}
	status := w.look(w.watch())
	if status.Challenges.Names != 1 || w.server.asked.Load() != 1 {
		t.Errorf("got %+v after %d requests, want one name and one request", status.Challenges, w.server.asked.Load())
	}
}
