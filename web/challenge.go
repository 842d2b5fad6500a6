package web

import (
	"errors"
	"net/http"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

// challenge answers a certification authority (RFC 8555 section 8.3). Nothing of
// the request gets into the answer, and nothing of our inside either.
func (s Site) challenge(w http.ResponseWriter, r *http.Request) {
	asked := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, challengePath), "/")
	answer, status := s.findChallenge(r, asked), http.StatusOK
	if answer.Text == nil {
		status, answer.Text = http.StatusNotFound, []byte(challenge.Absent)
	}
	for _, header := range challenge.Headers(len(answer.Text)) {
		w.Header().Set(header.Name, header.Value)
	}
	if answer.Received != "" {
		w.Header().Set(acmecore.HeaderReceived, answer.Received)
	}
	w.WriteHeader(status)
	w.Write(answer.Text)
}

// findChallenge looks among our own challenges first, then elsewhere. What goes
// wrong there changes no answer: a challenge is there or it is not.
func (s Site) findChallenge(r *http.Request, asked string) challenge.Answer {
	text, err := s.Challenges.Lookup(asked)
	if err == nil {
		return challenge.Answer{Text: text, Received: received(r, asked)}
	}
	s.reportChallenge(err)
	if !errors.Is(err, challenge.ErrUnknown) || s.Elsewhere == nil {
		return challenge.Answer{}
	}
	question := challenge.Question{Asked: asked, Host: r.Host, Relayed: r.Header.Get(acmecore.HeaderRelay) != ""}
	answer, problems := s.Elsewhere.Find(r.Context(), question)
	for _, problem := range problems {
		s.Log.Error("challenge not found elsewhere", "error", problem.Error(), "try", acmecore.HintOf(problem))
	}
	return answer
}

// reportChallenge logs what an administrator can mend; that somebody asked for
// a challenge that is not pending is none of that.
func (s Site) reportChallenge(err error) {
	if errors.Is(err, challenge.ErrUnknown) {
		return
	}
	s.Log.Error("challenges cannot be read", "error", err.Error(),
		"try", "run `wcme setup`, set WCME_ROOT to its state directory, and let the web server's user read www in it")
}
