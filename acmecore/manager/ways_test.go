package manager_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	acmeorder "wcme/acmecore/order"
)

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

// TestCheckOfNamesThatAreProvedOtherwise: nobody is asked on port 80, and it is said how
// they are proved, or why they cannot be.
func TestCheckOfNamesThatAreProvedOtherwise(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	m := s.manager()
	d := &door{shows: true}
	m.AnswerBy(d)
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
	w.AnswerBy(&door{shows: true})
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
