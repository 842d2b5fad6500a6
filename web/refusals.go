package web

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

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

// refuse says why a page is not shown.
func (s Site) refuse(w http.ResponseWriter, r *http.Request, admission acmecore.Admission) {
	switch {
	case admission.Refusal == acmecore.RefusedHost:
		s.notice(w, r, http.StatusMisdirectedRequest, templates.NoticePage{
			Heading: "Not by this name",
			Text: []string{"The admin pages were asked for by a name that is not one of this server's. " +
				"Another site may have made it up to borrow your rights, so nothing is shown."},
			Advice: []templates.Advice{{Text: "Use the name of one of the managed certificates. If the name is right, " +
				"let the overseer know it in wcme.toml, and send it SIGHUP:", Code: "[admin]\nhosts = [\"admin.example.org\"]"}},
		})
	case admission.Refusal == acmecore.RefusedPlain:
		s.notice(w, r, http.StatusForbidden, templates.NoticePage{
			Heading: "Not over plain http",
			Text: []string{"What is shown here, and how you sign in, could be read and changed on its way: " +
				"this connection is not encrypted."},
			Advice: []templates.Advice{{Text: "Ask for this page over https. Where the way is safe all the same, say so in wcme.toml, " +
				"and send the overseer SIGHUP:", Code: "[admin]\nhttp = true"}},
		})
	case admission.Refusal == acmecore.RefusedRole:
		s.notice(w, r, http.StatusForbidden, templates.NoticePage{
			Heading: "You have no role here",
			Text:    []string{"You are signed in, and wcme.toml lists you as nobody who may see these pages."},
			Advice: []templates.Advice{{Text: "Whoever administers this host can add you to view, operate or admin:",
				Code: "[admin]\nview = [\"…\"]"}},
		})
	case admission.LogIn:
		s.askLogIn(w, r)
	default:
		s.refuseNobody(w, r)
	}
}

// refuseRole is for a page that takes another role than the visitor's.
func (s Site) refuseRole(w http.ResponseWriter, r *http.Request, wanted acmecore.Role) {
	s.notice(w, r, http.StatusForbidden, templates.NoticePage{
		Heading: "Your role does not include that",
		Text: []string{"Your role is " + string(admissionFrom(r.Context()).Role) + ", and this takes " + string(wanted) + ". " +
			"Nothing has been changed."},
		Advice: []templates.Advice{{Text: "Whoever administers this host gives roles: [admin] in wcme.toml, or wcme admin."}},
	})
}

// refuseForeign is for a form that another site has sent (CSRF). Anybody can have one
// sent, so that nothing is logged.
func (s Site) refuseForeign(w http.ResponseWriter, r *http.Request) {
	s.notice(w, r, http.StatusForbidden, templates.NoticePage{
		Heading: "This came from another site",
		Text:    []string{"A form was sent to wCME that wCME did not show. Nothing has been changed."},
		Advice:  []templates.Advice{{Text: "Open the page here, and send its form."}},
	})
}

// refuseForm is for a form that cannot be read.
func (s Site) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusBadRequest, "The form cannot be read. Nothing has been changed."
	if isTooLong(err) {
		status, text = http.StatusRequestEntityTooLarge, "The form is too long. Nothing has been changed."
	}
	s.notice(w, r, status, templates.NoticePage{Heading: "That cannot be taken", Text: []string{text}})
}

// refuseNobody says how to set up authorisation: most who see it have just installed
// wCME.
func (s Site) refuseNobody(w http.ResponseWriter, r *http.Request) {
	mount := exampleMount(VisitorFrom(r.Context()).Base)
	s.notice(w, r, http.StatusForbidden, templates.NoticePage{
		Heading: "Nobody is signed in",
		Text: []string{
			"wCME shows its admin pages only to users whom the web server has authenticated, " +
				"and for this request the web server named none (by REMOTE_USER and AUTH_TYPE).",
		},
		Advice: []templates.Advice{
			{
				Text: "Set up authorisation in the web server for everything below " + mount + adminPath +
					", over HTTPS; the folders of deploy/ have it for each web server. With Apache, for example:",
				Code: apacheExample(mount),
			},
			{
				Text: "Then make the file with a first user, and reload the web server:",
				Code: "htpasswd -B -c /etc/apache2/wcme.users admin\napachectl graceful",
			},
			{
				Text: "Or let wCME itself ask for passwords: auth = \"login\" in [admin] of wcme.toml.",
			},
			{
				Text: "Leave " + challengePath + "/ open to everyone: certification authorities sign in nowhere.",
			},
		},
	})
}

func apacheExample(mount string) string {
	return `<Location "` + mount + adminPath + `">
    AuthType Basic
    AuthName "wCME"
    AuthUserFile /etc/apache2/wcme.users
    Require valid-user
</Location>`
}

// exampleMount is the mount point as it stands in the example: the real one when
// it can be copied into a configuration as it is.
func exampleMount(base string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if len(base) > 80 || strings.Trim(base, plain) != "" {
		return "/cgi-bin/wcme"
	}
	return base
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
			{Text: "Start it on this host:", Code: "wcme overseer"},
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
	return templates.Link{Text: "Try again", Address: VisitorFrom(r.Context()).link(r.URL.Path)}
}

// advice is the error's hint, if it has one.
func advice(err error) []templates.Advice {
	hint := acmecore.HintOf(err)
	if hint == "" {
		return nil
	}
	return []templates.Advice{{Text: capital(sentence(hint))}}
}

// internal shows a word to look for, and the log the error that stands by it.
func (s Site) internal(w http.ResponseWriter, r *http.Request, err error) {
	word := strings.ToLower(rand.Text()[:8])
	s.Log.Error("internal error", "word", word, "path", r.URL.Path, "error", acmecore.Inert(err.Error()))
	s.notice(w, r, http.StatusInternalServerError, templates.NoticePage{
		Heading: "Internal error",
		Text:    []string{"This is a fault of wCME, not of yours. Nothing has been changed."},
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
		return "The certification authority asks for patience"
	case acmecore.Refused:
		return "The certification authority said no"
	}
	return "That cannot be done"
}

func (s Site) notFound(w http.ResponseWriter, r *http.Request) {
	page := templates.NoticePage{
		Heading: "There is no such page",
		Text:    []string{"wCME has no page at this address."},
	}
	if admissionFrom(r.Context()).Role != "" {
		page.Link = templates.Link{Text: "Go to the certificates", Address: VisitorFrom(r.Context()).link(listPath)}
	}
	s.notice(w, r, http.StatusNotFound, page)
}

// methodNotAllowed names the methods that the address has (RFC 9110 section 15.5.6).
func (s Site) methodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		SetHeaders(w.Header())
		w.Header().Set("Allow", strings.Join(allowed(routes, r.URL.Path), ", "))
		w.Header().Set("Content-Type", "text/plain; charset=us-ascii")
		w.WriteHeader(http.StatusMethodNotAllowed)
		io.WriteString(w, "This address cannot be asked that way.\n")
	}
}

func allowed(routes chi.Routes, path string) (methods []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if routes.Match(chi.NewRouteContext(), method, path) {
			methods = append(methods, method)
		}
	}
	return methods
}
