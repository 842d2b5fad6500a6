package web

import (
	"fmt"
	"net/http"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// showCodes shows a new secret, which counts for nothing before a code from it was
// sent.
func (s Site) showCodes(w http.ResponseWriter, r *http.Request) {
	s.showNewCodes(w, r, http.StatusOK, nil)
}

// showNewCodes shows one in place of another that has run out, where problem says so.
func (s Site) showNewCodes(w http.ResponseWriter, r *http.Request, status int, problem error) {
	answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountNewCodes})
	if err != nil {
		s.failAccount(w, r, err)
		return
	}
	form := codesForm(r, answer)
	if problem != nil {
		form.Note = "That has taken too long, and nothing has been changed. Here is another secret: set your device up with it."
	}
	s.showForm(w, r, status, form, accountPath)
}

func codesForm(r *http.Request, answer acmecore.AccountAnswer) templates.AccountForm {
	form := ownForm(r, "Set up codes", codesPath, templates.Button{Text: "Confirm the codes"}, codeField(), currentPassword(), hidden("ticket", answer.Ticket))
	form.Text = []string{"An authenticator program on your phone makes a new code every 30 seconds. Let it take the picture, or type the secret. " +
		"Then send a code that it shows, and your password. From then on, one is wanted whenever you log in.",
		"Codes of before, if there are any, are good no more then, and all other sessions of yours end."}
	if answer.Codes != nil {
		form.Codes = templates.Codes{Secret: grouped(acmecore.Inert(answer.Codes.Secret)), Address: acmecore.Inert(answer.Codes.Address),
			Picture: ascii(answer.Codes.Picture), View: fmt.Sprintf("0 0 %d %d", answer.Codes.Size, answer.Codes.Size)}
	}
	form.Fields = withMistakes(form.Fields, answer.Mistakes, nil)
	return form
}

// grouped puts a space after every fourth character, so that the secret can be typed.
func grouped(secret string) string {
	var b strings.Builder
	for i, c := range []byte(secret) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(c)
	}
	return b.String()
}

func (s Site) confirmCodes(w http.ResponseWriter, r *http.Request) {
	answer, err := s.account(r, acmecore.AccountRequest{Deed: acmecore.AccountConfirmCodes, Ticket: r.PostForm.Get("ticket"), Code: r.PostForm.Get("code"),
		Password: r.PostForm.Get("password")})
	switch {
	case acmecore.KindOf(err) == acmecore.Stale && err != nil:
		s.showNewCodes(w, r, http.StatusConflict, err)
	case err != nil:
		s.showAgain(w, r, codesForm(r, acmecore.AccountAnswer{Ticket: r.PostForm.Get("ticket")}), accountPath, err)
	case len(answer.Mistakes) > 0:
		s.showForm(w, r, http.StatusUnprocessableEntity, codesForm(r, answer), accountPath)
	default:
		s.finish(w, r, answer, accountPath, "done=codes")
	}
}

// showPasskey offers to make a passkey.
func (s Site) showPasskey(w http.ResponseWriter, r *http.Request) {
	s.showNewPasskey(w, r, http.StatusOK, nil, "")
}

// showNewPasskey shows the form, with what was wrong with the one before: each try takes
// a new challenge.
func (s Site) showNewPasskey(w http.ResponseWriter, r *http.Request, status int, mistakes []acmecore.Mistake, note string) {
	answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountNewPasskey})
	if err != nil {
		s.failAccount(w, r, err)
		return
	}
	visitor := VisitorFrom(r.Context())
	form := templates.AccountForm{
		Heading: "Add a passkey",
		Note:    note,
		Text: []string{"A passkey is kept by your device or a security key, and works for this site alone: there is nothing in it that can be learned or phished. " +
			"With one, you log in without a password, or it is the second proof beside it."},
		Passkey: passkeyForm(r, passkeyPath, "create", answer, "Add a passkey", "The browser has made no passkey. Is there one for this site already?"),
		Links:   []templates.Link{{Text: "Back to your account", Address: visitor.link(accountPath)}},
	}
	if answer.Passkey == "" {
		form.Text = append(form.Text, "Here none can be made: browsers do it over https, for a site that is asked for by a name.")
	}
	form.Passkey.Without = "This needs a script, and none runs in this browser."
	form.Passkey.Fields = withMistakes(append(form.Passkey.Fields,
		templates.Field{Name: "name", Label: "A name for it", Value: acmecore.Inert(r.PostForm.Get("name")), Help: "Where it is kept: laptop, blue key."},
		currentPassword()), mistakes, nil)
	s.showForm(w, r, status, form, accountPath)
}

func (s Site) addPasskey(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	answer, err := s.account(r, acmecore.AccountRequest{Deed: acmecore.AccountAddPasskey, Ticket: form.Get("ticket"), Credential: form.Get("credential"),
		Name: form.Get("name"), Password: form.Get("password")})
	switch kind := acmecore.KindOf(err); {
	case err != nil && kind == acmecore.Stale:
		s.showNewPasskey(w, r, http.StatusConflict, nil, "This form had expired, and nothing has been changed. Fill it in and send it once more.")
	case err != nil && kind == acmecore.Limited:
		s.showNewPasskey(w, r, http.StatusTooManyRequests, nil, capital(sentence(acmecore.HintOf(err))))
	case err != nil:
		s.failAccount(w, r, err)
	case len(answer.Mistakes) > 0:
		s.showNewPasskey(w, r, http.StatusUnprocessableEntity, answer.Mistakes, "")
	default:
		s.finish(w, r, answer, accountPath, "done=passkey")
	}
}
