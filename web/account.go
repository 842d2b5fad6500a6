package web

import (
	"context"
	"net/http"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// The addresses of wCME's own log-in.
const (
	loginPath         = adminPath + "/login"
	logoutPath        = adminPath + "/logout"
	welcomePath       = adminPath + "/welcome" // of one-time links
	accountPath       = adminPath + "/account"
	passwordPath      = accountPath + "/password"
	codesPath         = accountPath + "/codes"
	removeCodesPath   = codesPath + "/remove"
	passkeyPath       = accountPath + "/passkey"
	removePasskeyPath = passkeyPath + "/remove"
	sessionPath       = accountPath + "/session"
	everywherePath    = accountPath + "/everywhere"
)

// isOpen tells whether the page is for those who are not signed in yet.
func (s Site) isOpen(path string) bool { return path == loginPath || path == welcomePath }

func (s Site) accountPages() []page {
	own := func(path string, get, post http.HandlerFunc) page {
		return page{path, acmecore.RoleView, s.whereLogIn(get), s.whereLogIn(post)}
	}
	return []page{
		{loginPath, "", s.whereLogIn(s.showLogIn), s.whereLogIn(s.logIn)},
		{welcomePath, "", s.whereLogIn(s.showWelcome), s.whereLogIn(s.takeWelcome)},
		own(logoutPath, s.showLogOut, s.logOut),
		{accountPath, acmecore.RoleView, s.whereLogIn(s.showAccount), nil},
		own(passwordPath, s.showPassword, s.changePassword),
		own(codesPath, s.showCodes, s.confirmCodes),
		own(removeCodesPath, s.showRemoveCodes, s.removeCodes),
		own(passkeyPath, s.showPasskey, s.addPasskey),
		own(removePasskeyPath, s.showRemovePasskey, s.removePasskey),
		own(sessionPath, s.showAccount, s.endSession),
		own(everywherePath, s.showLogOutEverywhere, s.logOutEverywhere),
	}
}

// whereLogIn is for pages that are there with wCME's own log-in alone.
func (s Site) whereLogIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !admissionFrom(r.Context()).LogIn {
			s.notFound(w, r)
			return
		}
		next(w, r)
	}
}

// account asks something of the log-in, with the form that was sent.
func (s Site) account(r *http.Request, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	return s.Overseer.Account(ctx, request)
}

// lookUp asks the log-in for what a page shows. No form was sent for it: it has the
// token of the page that it is for.
func (s Site) lookUp(r *http.Request, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	claim, _ := control.ClaimFrom(r.Context())
	claim.Form = admissionFrom(r.Context()).Form
	return s.account(r.WithContext(control.WithClaim(r.Context(), claim)), request)
}

// setCookie sets the cookie that the log-in says; "" removes it. It ends with the
// browser, and no script sees it.
func setCookie(w http.ResponseWriter, r *http.Request, value string) {
	visitor := VisitorFrom(r.Context())
	cookie := http.Cookie{Name: cookieName(visitor.HTTPS), Value: value, Path: "/", Secure: visitor.HTTPS, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if !visitor.HTTPS && visitor.Base != "" {
		cookie.Path = visitor.link("")
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, &cookie)
}

// finish does with the cookie what the log-in says, and goes to another page.
func (s Site) finish(w http.ResponseWriter, r *http.Request, answer acmecore.AccountAnswer, path, query string) {
	if answer.Cookie != "" || answer.Forget {
		setCookie(w, r, answer.Cookie)
	}
	SetHeaders(w.Header())
	w.Header().Set("Location", withQuery(VisitorFrom(r.Context()).link(path), query))
	w.WriteHeader(http.StatusSeeOther)
}

func withQuery(link, query string) string {
	if query == "" {
		return link
	}
	return link + "?" + query
}

// showForm shows a form of the log-in.
func (s Site) showForm(w http.ResponseWriter, r *http.Request, status int, form templates.AccountForm, section string) {
	form.Frame = frame(r, form.Heading, section)
	s.show(w, r, status, templates.Account(form))
}

// showAgain shows a form again that can be sent again, with the reason on top; other
// errors are shown in its place.
func (s Site) showAgain(w http.ResponseWriter, r *http.Request, form templates.AccountForm, section string, err error) {
	switch acmecore.KindOf(err) {
	case acmecore.Stale:
		form.Note = "This form had expired, and nothing has been changed. Fill it in and send it once more."
		s.showForm(w, r, http.StatusConflict, form, section)
	case acmecore.Limited:
		form.Note = "Too many log-ins were tried within a minute. " + capital(sentence(acmecore.HintOf(err)))
		s.showForm(w, r, http.StatusTooManyRequests, form, section)
	case acmecore.Denied:
		s.failAccount(w, r, err)
	default:
		s.fail(w, r, err)
	}
}

// failAccount is for an error of what only a signed-in user may ask: the session may
// have ended since the page was admitted.
func (s Site) failAccount(w http.ResponseWriter, r *http.Request, err error) {
	if acmecore.KindOf(err) == acmecore.Denied {
		s.askLogIn(w, r)
		return
	}
	s.fail(w, r, err)
}

// withMistakes puts what is wrong beside the fields. What is said of a field that the
// form does not have is said of the first one.
func withMistakes(fields []templates.Field, mistakes []acmecore.Mistake, names map[string]string) []templates.Field {
	for _, mistake := range mistakes {
		name := mistake.Field
		if other, found := names[name]; found {
			name = other
		}
		at := -1
		for i, field := range fields {
			if field.Type != "hidden" && (at < 0 || field.Name == name) {
				at = i
			}
		}
		if at >= 0 {
			fields[at].Error = strings.TrimSpace(fields[at].Error + " " + acmecore.Inert(mistake.Text))
		}
	}
	return fields
}

// hidden is a field that nobody sees. A value that is not one of ours is left out.
func hidden(name, value string) templates.Field {
	return templates.Field{Name: name, Type: "hidden", Value: ascii(value)}
}

// ascii is a text that programs read, of whatever length; "" for one that is not all of
// printable ASCII.
func ascii(text string) string {
	for _, c := range []byte(text) {
		if c < ' ' || c >= 0x7f {
			return ""
		}
	}
	return text
}
