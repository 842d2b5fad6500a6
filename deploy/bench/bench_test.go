package main

import (
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestClientComparesTheAnswer(t *testing.T) {
	for _, row := range []struct {
		name, kind, body string
		status           int
		want             string // part of the error
	}{
		{"the challenge", "text/plain; charset=us-ascii", authorization, 200, ""},
		{"another status", "text/plain", authorization, 404, "404"},
		{"another body", "text/plain", authorization + "\n", 200, "body"},
		{"another type", "text/html", authorization, 200, "text/html"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newClient(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", row.kind)
				w.WriteHeader(row.status)
				io.WriteString(w, row.body)
			}), "/cgi-bin/c")
			defer c.close()
			err := c.ask(t.Context())
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got error %v, want %q", err, row.want)
			}
		})
	}
}

// TestClientAsksAgain: a server may close a connection that it has kept.
func TestClientAsksAgain(t *testing.T) {
	c := newClient(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, authorization)
	}), "/cgi-bin/c")
	defer c.close()
	if err := c.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	ours, theirs := net.Pipe()
	c.conn.Close()
	c.conn = ours
	c.answers.Reset(ours)
	go func() {
		theirs.Read(make([]byte, len(c.request)))
		theirs.Close()
	}()
	if err := c.ask(t.Context()); err != nil {
		t.Errorf("after the kept connection was closed: %v", err)
	}
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestRatioIsTheMedianOfTheRounds(t *testing.T) {
	c, script := result{rates: []float64{1000, 100, 1000}}, result{rates: []float64{500, 50, 900}}
	if got := rateTo(script, c); got != 0.5 {
		t.Errorf("ratio: got %v, want 0.5", got)
	}
	if got := overall([]float64{100, 300}); math.Abs(got-150) > 0.01 {
		t.Errorf("rate of both rounds: got %v, want 150", got)
	}
	if got := quantile([]time.Duration{3, 1, 2, 4, 5, 6, 7, 8, 9, 10}, 0.9); got != 10 {
		t.Errorf("p90: got %v, want 10", got)
	}
}

func TestOnlyOurWrongAnswersAreAnError(t *testing.T) {
	s := &server{name: "a server", programs: started(), results: make([]result, 3)}
	var said strings.Builder
	if err := wrongAnswers(&said, []*server{s}); err != nil || said.Len() > 0 {
		t.Errorf("all right: %v, %q", err, said.String())
	}
	s.results[0].note(errors.New("nothing"))
	if err := wrongAnswers(&said, []*server{s}); err != nil || !strings.Contains(said.String(), "C, static: 1 wrong") {
		t.Errorf("one of a rival: %v, %q", err, said.String())
	}
	s.results[1].note(errors.New("nothing"))
	if err := wrongAnswers(&said, []*server{s}); err == nil || !strings.Contains(err.Error(), "1 wrong") {
		t.Errorf("one of ours: %v", err)
	}
}
