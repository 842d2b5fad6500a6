package web

import (
	"net/http"

	"wcme/acmecore"
	"wcme/templates"
)

// change sends a change of the own account, and shows the form again where it is not
// taken.
func (s Site) change(w http.ResponseWriter, r *http.Request, form templates.AccountForm, request acmecore.AccountRequest, done string) {
	answer, err := s.account(r, request)
	switch {
	case err != nil:
		s.showAgain(w, r, form, accountPath, err)
	case len(answer.Mistakes) > 0:
		form.Fields = withMistakes(form.Fields, answer.Mistakes, map[string]string{"new_password": "new"})
		s.showForm(w, r, http.StatusUnprocessableEntity, form, accountPath)
	default:
		s.finish(w, r, answer, accountPath, "done="+done)
	}
}

func currentPassword() templates.Field {
	return templates.Field{Name: "password", Label: "Your password", Type: "password", Required: true, Complete: "current-password",
		Help: "The one that you log in with now."}
}

// ownForm is a form that leads back to the account.
func ownForm(r *http.Request, heading, path string, button templates.Button, fields ...templates.Field) templates.AccountForm {
	visitor := VisitorFrom(r.Context())
	return templates.AccountForm{Heading: heading, Action: visitor.link(path), Fields: fields, Button: button,
		Links: []templates.Link{{Text: "Back to your account", Address: visitor.link(accountPath)}}}
}

func passwordForm(r *http.Request) templates.AccountForm {
	form := ownForm(r, "Change the password", passwordPath, templates.Button{Text: "Change the password"},
		append([]templates.Field{currentPassword()}, newPasswordFields()...)...)
	form.Text = []string{"All other sessions of yours end with it."}
	return form
}

func (s Site) showPassword(w http.ResponseWriter, r *http.Request) {
	s.showForm(w, r, http.StatusOK, passwordForm(r), accountPath)
}

func (s Site) changePassword(w http.ResponseWriter, r *http.Request) {
	form := passwordForm(r)
	if text := notRepeated(r); text != "" {
		form.Fields = withMistakes(form.Fields, []acmecore.Mistake{{Field: "again", Text: text}}, nil)
		s.showForm(w, r, http.StatusUnprocessableEntity, form, accountPath)
		return
	}
	s.change(w, r, form, acmecore.AccountRequest{Deed: acmecore.AccountPassword, Password: r.PostForm.Get("password"), NewPassword: r.PostForm.Get("new")}, "password")
}

func removeCodesForm(r *http.Request) templates.AccountForm {
	form := ownForm(r, "Remove the codes", removeCodesPath, templates.Button{Text: "Remove the codes", Grave: true}, currentPassword())
	form.Text = []string{"From then on no code is wanted when you log in: unless you have a passkey, the password alone is enough. All other sessions of yours end."}
	return form
}

func (s Site) showRemoveCodes(w http.ResponseWriter, r *http.Request) {
	s.showForm(w, r, http.StatusOK, removeCodesForm(r), accountPath)
}

func (s Site) removeCodes(w http.ResponseWriter, r *http.Request) {
	s.change(w, r, removeCodesForm(r), acmecore.AccountRequest{Deed: acmecore.AccountRemoveCodes, Password: r.PostForm.Get("password")}, "no-codes")
}

func removePasskeyForm(r *http.Request, id string) templates.AccountForm {
	form := ownForm(r, "Remove the passkey", removePasskeyPath, templates.Button{Text: "Remove the passkey", Grave: true},
		hidden("id", id), currentPassword())
	form.Text = []string{"Nobody can log in with it any more. All other sessions of yours end. Remove it from the device too: the browser still offers it there."}
	return form
}

// showRemovePasskey asks before it is removed, and names it.
func (s Site) showRemovePasskey(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountOwn})
	if err != nil {
		s.failAccount(w, r, err)
		return
	}
	if answer.Own != nil {
		for _, key := range answer.Own.Passkeys {
			if key.ID == id {
				form := removePasskeyForm(r, id)
				form.Text = append([]string{"This is the passkey " + acmecore.Inert(key.Name) + ", for " + acmecore.Inert(key.Host) + "."}, form.Text...)
				s.showForm(w, r, http.StatusOK, form, accountPath)
				return
			}
		}
	}
	s.notFound(w, r)
}

func (s Site) removePasskey(w http.ResponseWriter, r *http.Request) {
	id := r.PostForm.Get("id")
	s.change(w, r, removePasskeyForm(r, id), acmecore.AccountRequest{Deed: acmecore.AccountRemovePasskey, ID: id, Password: r.PostForm.Get("password")}, "no-passkey")
}
