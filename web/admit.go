package web

import (
	"net/http"
	"strings"

	"wcme/templates"
)

// admit shows what is below adminPath to signed-in users only, but for the
// static files, which hold nothing. It looks at the path, not at the routes, so
// that a new page is guarded before anybody thinks of it.
func (s Site) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if guarded(r.URL.Path) && VisitorFrom(r.Context()).User == "" {
			s.refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func guarded(path string) bool {
	return isBelow(path, adminPath) && !isBelow(path, staticPath)
}

// isBelow tells whether the path is dir or stands in it.
func isBelow(path, dir string) bool {
	rest, found := strings.CutPrefix(path, dir)
	return found && (rest == "" || rest[0] == '/')
}

// refuse says how to set up authorisation: most who see it have just installed wCME.
func (s Site) refuse(w http.ResponseWriter, r *http.Request) {
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
