package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// retryAfter is how long a visitor should wait for the overseer, in seconds: a
// service manager has started it again by then.
const retryAfter = "30"

// statusOf is the one place that says which kind of error is which status.
func statusOf(kind acmecore.Kind) int {
	switch kind {
	case acmecore.Invalid:
		return http.StatusBadRequest
	case acmecore.Denied:
		return http.StatusForbidden
	case acmecore.NotFound:
		return http.StatusNotFound
	case acmecore.Busy, acmecore.Stale:
		return http.StatusConflict
	case acmecore.Limited:
		return http.StatusTooManyRequests
	case acmecore.Refused:
		return http.StatusBadGateway
	case acmecore.Unreachable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail answers a signed-in user with an error of the overseer.
func (s Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := acmecore.KindOf(err)
	if errors.Is(err, context.DeadlineExceeded) {
		kind = acmecore.Unreachable
	}
	switch kind {
	case acmecore.Unreachable:
		s.overseerAbsent(w, r, err)
	case acmecore.Denied:
		s.denied(w, r, err)
	case acmecore.Internal:
		s.internal(w, r, err)
	default:
		s.explain(w, r, kind, err)
	}
}

// overseerAbsent says how to bring it back. Why it does not answer has paths in
// it, and goes to the log.
func (s Site) overseerAbsent(w http.ResponseWriter, r *http.Request, err error) {
	if VisitorFrom(r.Context()).User != "" || cookieOf(r) != "" { // strangers shall not fill the log
		s.Log.Error("overseer does not answer", "error", acmecore.Inert(err.Error()), "try", acmecore.HintOf(err))
	}
	w.Header().Set("Retry-After", retryAfter)
	s.notice(w, r, http.StatusServiceUnavailable, templates.NoticePage{
		Heading: "The overseer does not answer",
		Text: []string{
			"It holds the certificates and their keys, and this page shows what it says. " +
				"Certificates that are in use stay in use, and pending challenges are still answered; " +
				"nothing is renewed until the overseer runs again.",
			s.lastAlive(),
		},
		Advice: []templates.Advice{
			{Text: "Start it on this host, by systemd or whatever else looks after it:", Code: "systemctl start wcme-overseer"},
			{Text: "By hand:", Code: "wcme overseer"},
			{Text: "If it is running, the script looks for it in another place (WCME_ROOT, WCME_SOCKET): " +
				"the web server's error log says where and why."},
		},
		Link: again(r),
	})
}

// lastAlive says since when the overseer has been silent, as far as that is known.
func (s Site) lastAlive() string {
	if s.Alive == nil {
		return "Since when that is, is not known."
	}
	at, since, err := s.Alive.LastAlive()
	if err != nil || at.IsZero() {
		return "Since when that is, is not known: it has left no sign of life yet."
	}
	return "Its last sign of life was at " + inWords(at) + " UTC; it had run since " + inWords(since) + " UTC."
}

// denied is about the script's user or the visitor's; what exactly was refused
// may have a path in it, and goes to the log.
func (s Site) denied(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error("overseer refuses the script", "error", acmecore.Inert(err.Error()), "try", acmecore.HintOf(err))
	s.notice(w, r, statusOf(acmecore.Denied), templates.NoticePage{
		Heading: "The overseer does not allow that",
		Text: []string{
			"It answers only the user that the web server runs this script as, and only what a signed-in visitor may ask. " +
				"The web server's error log says what it refused.",
		},
		Advice: advice(err),
		Link:   again(r),
	})
}

// again is the address that was asked for.
func again(r *http.Request) templates.Link {
	address := VisitorFrom(r.Context()).link(r.URL.Path)
	if r.URL.RawQuery != "" && r.URL.Path != welcomePath { // that one holds a secret
		address += "?" + r.URL.Query().Encode()
	}
	return templates.Link{Text: "Try again", Address: address}
}

// advice is the error's hint, if it has one.
func advice(err error) []templates.Advice {
	hint := acmecore.HintOf(err)
	if hint == "" {
		return nil
	}
	return []templates.Advice{{Text: hintSentence(hint)}}
}

// internal shows a word to look for, and the log the error that stands by it.
func (s Site) internal(w http.ResponseWriter, r *http.Request, err error) {
	word := strings.ToLower(rand.Text()[:8])
	s.Log.Error("internal error", "word", word, "path", r.URL.Path, "error", acmecore.Inert(err.Error()))
	s.notice(w, r, http.StatusInternalServerError, templates.NoticePage{
		Heading: "Internal error",
		Text:    []string{"This is a fault of wCME, not of yours. What came of it, the runs and the audit trail tell."},
		Advice:  []templates.Advice{{Text: "The web server's error log has the line with this word in it:", Code: word}},
	})
}

// explain shows an error that its reader can act on.
func (s Site) explain(w http.ResponseWriter, r *http.Request, kind acmecore.Kind, err error) {
	s.notice(w, r, statusOf(kind), templates.NoticePage{
		Heading: headingOf(kind),
		Text:    []string{acmecore.Inert(err.Error())},
		Advice:  advice(err),
		Link:    again(r),
	})
}

func headingOf(kind acmecore.Kind) string {
	switch kind {
	case acmecore.NotFound:
		return "There is no such thing"
	case acmecore.Busy:
		return "The overseer is busy"
	case acmecore.Stale:
		return "This is not so any more"
	case acmecore.Limited:
		return "Not yet"
	case acmecore.Refused:
		return "The certification authority said no"
	}
	return "That cannot be done"
}
