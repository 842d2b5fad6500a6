package web

import (
	"net/http"

	"wcme/acmecore"
	"wcme/templates"
)

// showWelcome shows what a one-time link leads to. The link stands in the query, which
// nothing of ours logs, and using it up takes a form.
func (s Site) showWelcome(w http.ResponseWriter, r *http.Request) {
	link := r.URL.Query().Get("link")
	answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountLink, Link: link})
	if err != nil {
		s.welcomeFails(w, r, err)
		return
	}
	s.showForm(w, r, http.StatusOK, s.welcomeForm(r, link, answer), "")
}

// takeWelcome uses the link up.
func (s Site) takeWelcome(w http.ResponseWriter, r *http.Request) {
	link, chosen := r.PostForm.Get("link"), r.PostForm.Get("new")
	if text := notRepeated(r); text != "" {
		answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountLink, Link: link})
		if err != nil {
			s.welcomeFails(w, r, err)
			return
		}
		answer.Mistakes = []acmecore.Mistake{{Field: "again", Text: text}}
		s.showForm(w, r, http.StatusUnprocessableEntity, s.welcomeForm(r, link, answer), "")
		return
	}
	answer, err := s.account(r, acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: link, NewPassword: chosen})
	switch {
	case err != nil:
		s.welcomeSentInVain(w, r, link, err)
	case len(answer.Mistakes) > 0:
		s.showForm(w, r, http.StatusUnprocessableEntity, s.welcomeForm(r, link, answer), "")
	default:
		s.finish(w, r, answer, accountPath, "done=welcome")
	}
}

// welcomeSentInVain shows the form again while the link is good; otherwise that it is
// not.
func (s Site) welcomeSentInVain(w http.ResponseWriter, r *http.Request, link string, problem error) {
	answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountLink, Link: link})
	if err != nil {
		s.welcomeFails(w, r, err)
		return
	}
	s.showAgain(w, r, s.welcomeForm(r, link, answer), "", problem)
}

// welcomeFails says that a link is not good.
func (s Site) welcomeFails(w http.ResponseWriter, r *http.Request, err error) {
	if acmecore.KindOf(err) != acmecore.Stale {
		s.fail(w, r, err)
		return
	}
	s.notice(w, r, http.StatusGone, templates.NoticePage{
		Heading: "This link is not good any more",
		Text:    []string{"It was used already, or its 24 hours are over, or there was never such a link."},
		Advice:  []templates.Advice{{Text: "Whoever administers this host can make a new one:", Code: "wcme admin link USER"}},
		Link:    templates.Link{Text: "Log in", Address: VisitorFrom(r.Context()).link(loginPath)},
	})
}

func (s Site) welcomeForm(r *http.Request, link string, answer acmecore.AccountAnswer) templates.AccountForm {
	fields := append([]templates.Field{
		hidden("link", link),
		// so that the browser's store of passwords knows whose it is
		{Name: "user", Label: "Name", Value: acmecore.Inert(answer.User), Complete: "username", Help: "This is what you log in by. It cannot be changed here."},
	}, newPasswordFields()...)
	return templates.AccountForm{
		Heading: "Welcome, " + acmecore.Inert(answer.User),
		Text: []string{"Choose a password, and you are logged in. Your role is " + acmecore.Inert(string(answer.Role)) + ".",
			"Codes and passkeys that were there before are removed by it, and all your sessions end."},
		Action: VisitorFrom(r.Context()).link(welcomePath),
		Fields: withMistakes(fields, answer.Mistakes, map[string]string{"new_password": "new"}),
		Button: templates.Button{Text: "Set the password"},
	}
}

// newPasswordFields are those of a password to come.
func newPasswordFields() []templates.Field {
	return []templates.Field{
		{Name: "new", Label: "New password", Type: "password", Required: true, Complete: "new-password",
			Help: "12 characters or more: a few words in a row are better than signs."},
		{Name: "again", Label: "New password, once more", Type: "password", Required: true, Complete: "new-password"},
	}
}

// notRepeated says that the two new passwords are not the same.
func notRepeated(r *http.Request) string {
	if r.PostForm.Get("new") == r.PostForm.Get("again") {
		return ""
	}
	return "The two are not the same."
}
