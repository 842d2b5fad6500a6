package web

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"wcme/acmecore/challenge"
)

// noChallenge is the answer to whatever is not pending. Administrators test by
// it that their web server's mapping reaches wCME, so its wording stays.
const noChallenge = "Challenge received but no such file or directory.\n"

// challenge answers a certification authority (RFC 8555 section 8.3). Nothing of
// the request gets into the answer, and nothing of our inside either.
func (s Site) challenge(w http.ResponseWriter, r *http.Request) {
	asked := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, challengePath), "/")
	authorization, err := s.Challenges.Lookup(asked)
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=us-ascii")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	if err != nil {
		s.reportChallenge(err)
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, noChallenge)
		return
	}
	w.Write(authorization)
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
