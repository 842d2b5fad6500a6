package web_test

import (
	"errors"
	"strings"
	"testing"

	"wcme/web"
)

// TestProbeIsToldWhatHasArrived: who asks for a pending probe knows a token that
// nobody can guess, so it is the one that made it. Nobody else is told anything.
func TestProbeIsToldWhatHasArrived(t *testing.T) {
	probe := "wcme-probe-" + token
	visitor := web.Visitor{Base: "/cgi-bin/wcme", Address: "192.0.2.7"}
	const arrived = `{"path":"/cgi-bin/wcme/.well-known/acme-challenge/wcme-probe-` + token + `","host":"example.com","protocol":"HTTP/1.1","address":"192.0.2.7"}`
	for _, row := range []struct {
		what    string
		pending map[string]string
		err     error
		asked   string
		status  int
		want    string
	}{
		{"a pending probe", map[string]string{probe: probe + ".x"}, nil, probe, 200, arrived},
		{"in lower case", map[string]string{strings.ToLower(probe): probe + ".x"}, nil, strings.ToLower(probe), 200,
			strings.Replace(arrived, token, strings.ToLower(token), 1)},
		{"a probe that is not pending", map[string]string{token: authorization}, nil, probe, 404, ""},
		{"a directory that cannot be read", nil, errors.New("permission denied"), probe, 404, ""},
		{"a challenge of a CA", map[string]string{token: authorization}, nil, token, 200, ""},
	} {
		s := stage{challenges: fakeChallenges{pending: row.pending, err: row.err}}
		w := s.ask(visitor, "GET", "/.well-known/acme-challenge/"+row.asked)
		want := challengeHeaders(w.Body.String())
		if row.want != "" {
			want["Wcme-Received"] = []string{row.want}
		}
		if w.Code != row.status {
			t.Errorf("%s: status %d, want %d", row.what, w.Code, row.status)
		}
		wantHeaders(t, w.Header(), want)
	}
}
