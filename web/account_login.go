package web

import (
	"net/http"

	"wcme/acmecore"
	"wcme/static"
	"wcme/templates"
)

// showLogIn shows the log-in, to whoever is not signed in yet.
func (s Site) showLogIn(w http.ResponseWriter, r *http.Request) {
	next := r.URL.Query().Get("next")
	if admissionFrom(r.Context()).Role != "" {
		where, query := nextOf(next)
		s.finish(w, r, acmecore.AccountAnswer{}, where, query)
		return
	}
	offer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showForm(w, r, http.StatusOK, s.logInForm(r, "", next, offer), "")
}

// logIn goes a step on by the form that was sent: by name and password, by a code, or by
// a passkey.
func (s Site) logIn(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	request := acmecore.AccountRequest{Deed: acmecore.AccountLogIn, User: form.Get("user"), Password: form.Get("password"),
		Ticket: form.Get("ticket"), Code: form.Get("code"), Credential: form.Get("credential")}
	answer, err := s.account(r, request)
	switch {
	case err != nil:
		s.logInFails(w, r, err)
	case answer.Missing && len(answer.Mistakes) == 0:
		s.showForm(w, r, http.StatusOK, s.secondForm(r, answer), "")
	case answer.Missing:
		s.showForm(w, r, http.StatusUnprocessableEntity, s.secondForm(r, answer), "")
	case len(answer.Mistakes) > 0:
		s.logInMistaken(w, r, answer)
	default:
		where, query := nextOf(form.Get("next"))
		s.finish(w, r, answer, where, query)
	}
}

// logInMistaken shows the first step again.
func (s Site) logInMistaken(w http.ResponseWriter, r *http.Request, answer acmecore.AccountAnswer) {
	offer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	page := s.logInForm(r, r.PostForm.Get("user"), r.PostForm.Get("next"), offer)
	if r.PostForm.Get("credential") != "" {
		page.Passkey.Problem = acmecore.Inert(answer.Mistakes[0].Text)
		page.Note = acmecore.Inert(answer.Mistakes[0].Text)
	} else {
		page.Fields = withMistakes(page.Fields, answer.Mistakes, nil)
	}
	s.showForm(w, r, http.StatusUnprocessableEntity, page, "")
}

// logInFails shows the first step again, where it can be sent again.
func (s Site) logInFails(w http.ResponseWriter, r *http.Request, problem error) {
	kind := acmecore.KindOf(problem)
	if kind != acmecore.Stale && kind != acmecore.Limited {
		s.fail(w, r, problem)
		return
	}
	offer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showAgain(w, r, s.logInForm(r, r.PostForm.Get("user"), r.PostForm.Get("next"), offer), "", problem)
}

// logInForm is the first step.
func (s Site) logInForm(r *http.Request, user, next string, offer acmecore.AccountAnswer) templates.AccountForm {
	action := VisitorFrom(r.Context()).link(loginPath)
	page := templates.AccountForm{
		Heading: "Log in",
		Action:  action,
		Fields: []templates.Field{
			{Name: "user", Label: "Name", Value: acmecore.Inert(user), Required: true, Complete: "username"},
			{Name: "password", Label: "Password", Type: "password", Required: true, Complete: "current-password"},
			hidden("next", next),
		},
		Button: templates.Button{Text: "Log in"},
		Passkey: passkeyForm(r, loginPath, "get", offer, "Log in with a passkey",
			"The browser has used no passkey. Try it once more, or log in by name and password."),
	}
	page.Passkey.Fields = append(page.Passkey.Fields, hidden("next", next))
	page.Passkey.Heading = "Without a password"
	return page
}

// secondForm is the second step.
func (s Site) secondForm(r *http.Request, answer acmecore.AccountAnswer) templates.AccountForm {
	visitor, next := VisitorFrom(r.Context()), r.PostForm.Get("next")
	page := templates.AccountForm{
		Heading: "Log in: one step more",
		Text:    []string{"The password is right. Your account wants a second proof that it is you, " + acmecore.Inert(answer.User) + "."},
		Action:  visitor.link(loginPath),
		Passkey: passkeyForm(r, loginPath, "get", answer, "Use your passkey", "The browser has used no passkey. Try it once more."),
		Links:   []templates.Link{{Text: "Begin again", Address: visitor.link(loginPath)}},
	}
	page.Passkey.Fields = append(page.Passkey.Fields, hidden("next", next))
	page.Passkey.Without = "Your passkey needs a script, and none runs in this browser."
	if answer.ByCode {
		page.Fields = withMistakes([]templates.Field{codeField(), hidden("ticket", answer.Ticket), hidden("next", next)}, answer.Mistakes, nil)
		page.Button = templates.Button{Text: "Log in"}
		page.Passkey.Heading = "Or by a passkey"
	} else if len(answer.Mistakes) > 0 {
		page.Note = acmecore.Inert(answer.Mistakes[0].Text)
	}
	return page
}

func codeField() templates.Field {
	return templates.Field{Name: "code", Label: "Code", Required: true, Complete: "one-time-code",
		Help: "The six digits that your device shows now. Each is good once."}
}

// passkeyForm is the form that the script sends; none where no passkey is offered.
func passkeyForm(r *http.Request, path, deed string, answer acmecore.AccountAnswer, button, problem string) templates.PasskeyForm {
	visitor := VisitorFrom(r.Context())
	return templates.PasskeyForm{
		Script:  visitor.link(staticPath + "/" + static.Passkey),
		Deed:    deed,
		Options: ascii(answer.Passkey),
		Action:  visitor.link(path),
		Fields:  []templates.Field{hidden("ticket", answer.Ticket), hidden("credential", "")},
		Button:  templates.Button{Text: button, Quiet: deed == "get"},
		Problem: problem,
	}
}

// showLogOut is for whoever has come to the log-out by its address.
func (s Site) showLogOut(w http.ResponseWriter, r *http.Request) {
	s.showForm(w, r, http.StatusOK, s.logOutForm(r), accountPath)
}

func (s Site) logOutForm(r *http.Request) templates.AccountForm {
	return templates.AccountForm{
		Heading: "Log out",
		Text:    []string{"Your session ends, here and now."},
		Action:  VisitorFrom(r.Context()).link(logoutPath),
		Button:  templates.Button{Text: "Log out"},
	}
}

func (s Site) logOut(w http.ResponseWriter, r *http.Request) {
	answer, err := s.account(r, acmecore.AccountRequest{Deed: acmecore.AccountLogOut})
	if err != nil {
		s.showAgain(w, r, s.logOutForm(r), accountPath, err)
		return
	}
	s.finish(w, r, answer, loginPath, "")
}
