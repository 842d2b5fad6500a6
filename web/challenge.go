package web

import (
	"errors"
	"net/http"
	"strings"

	"wcme/acmecore/challenge"
)

// challenge answers a certification authority (RFC 8555 section 8.3). Nothing of
// the request gets into the answer, and nothing of our inside either.
func (s Site) challenge(w http.ResponseWriter, r *http.Request) {
	asked := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, challengePath), "/")
	status := http.StatusOK
	text, err := s.Challenges.Lookup(asked)
	if err != nil {
		s.reportChallenge(err)
		status, text = http.StatusNotFound, []byte(challenge.Absent)
	}
	for _, header := range challenge.Headers(len(text)) {
		w.Header().Set(header.Name, header.Value)
	}
	w.WriteHeader(status)
	w.Write(text)
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
