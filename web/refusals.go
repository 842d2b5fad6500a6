package web

import (
	"io"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/templates"
)

// refuse says why a page is not shown to whoever the overseer has not admitted, and what
// has to be so first. A program is told in words of its own, as it cannot log in.
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
	case admission.LogIn && isForPrograms(r.URL.Path):
		s.notice(w, r, http.StatusUnauthorized, templates.NoticePage{Heading: "Nobody is logged in",
			Text:   []string{"This is shown to whoever has logged in by a browser."},
			Advice: []templates.Advice{{Text: "On the host itself this says the same:", Code: "wcme status --json, or wcme status --metrics"}}})
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

// refuseForm is for a form that cannot be read, or that is longer than the smallest web
// server passes on: see maxForm.
func (s Site) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusBadRequest, "The form cannot be read. Nothing has been changed."
	if isTooLong(err) {
		status, text = http.StatusRequestEntityTooLarge, "The form is longer than 8 KiB. Nothing has been changed: send less at once, or use the command line."
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

// apacheExample is what to write into the configuration of Apache, where most will paste
// it.
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

// notFound is for an address that no page has. It leads on only those who may go there.
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

// allowed are the methods that the address has.
func allowed(routes chi.Routes, path string) (methods []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if routes.Match(chi.NewRouteContext(), method, path) {
			methods = append(methods, method)
		}
	}
	return methods
}
