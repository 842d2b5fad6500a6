package web

import (
	"net/http"
	"net/url"
	"strconv"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// seenField is the hidden field with the version that the form was shown for.
const seenField = "seen"

// Why a form is shown again.
const (
	formExpired = "This form has expired, and nothing was done. Look at it, and send it again."
	formStale   = "The certificate has changed since this form was shown: another version is the current one by now. Nothing was done. Look at it, and send it again."
)

// deedForm says what will be done to a certificate, and asks what is open.
type deedForm struct {
	heading string
	text    []string
	warning string // what speaks against it; may be empty
	facts   []templates.Fact
	fields  []templates.Field
	button  templates.Button // without a text there is nothing to send
}

// explainAct shows what will be done, and its form.
func (s Site) explainAct(act certificateAct) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, details, found := s.detailsOf(w, r)
		if !found {
			return
		}
		form := act.form(details)
		form.choose("version", r.URL.Query().Get("version"))
		s.showDeed(w, r, http.StatusOK, act, id, details, form, "")
	}
}

// act begins what the form asks for, unless the certificate is not what its sender
// saw, or something is missing in it: then it is shown again.
func (s Site) act(act certificateAct) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, details, found := s.detailsOf(w, r)
		if !found {
			return
		}
		form := act.form(details)
		complete := form.take(r.PostForm)
		switch {
		case isOutdated(r.PostForm, act.deed, details.Certificate.Version):
			s.showDeed(w, r, http.StatusConflict, act, id, details, form, formStale)
			return
		case !complete:
			s.showDeed(w, r, http.StatusUnprocessableEntity, act, id, details, form, "")
			return
		}
		job, err := s.begin(r, form.task(act.deed, id))
		switch {
		case err == nil:
			s.goTo(w, r, jobPath(job.ID))
		case acmecore.KindOf(err) == acmecore.Stale:
			s.showDeed(w, r, http.StatusConflict, act, id, details, form, formExpired)
		default:
			s.failFor(w, r, id, err)
		}
	}
}

// isOutdated tells whether the form was shown for another version. What a mere button
// on another page begins need not say what it was shown for; what takes something away
// must.
func isOutdated(form url.Values, deed control.Deed, current string) bool {
	if !form.Has(seenField) && deed.Role() == acmecore.RoleOperate {
		return false
	}
	return !form.Has(seenField) || form.Get(seenField) != current
}

func (s Site) showDeed(w http.ResponseWriter, r *http.Request, status int, act certificateAct, id acmecore.ID, details acmecore.Details, form deedForm, alert string) {
	link := VisitorFrom(r.Context()).link
	page := templates.CertificateDeedPage{
		Frame:   frame(r, form.heading, listPath),
		Back:    templates.Link{Text: firstName(details.Certificate), Address: certificateAddress(link, id)},
		Heading: form.heading, Alert: templates.Problem{Tone: templates.Due, Text: alert, Alert: true}, Text: form.text, Warning: templates.Problem{Text: form.warning}, Facts: form.facts, Button: form.button,
		Action: act.address(link, id),
		Fields: append([]templates.Field{{Name: seenField, Type: "hidden", Value: acmecore.Inert(details.Certificate.Version)}}, form.fields...),
	}
	s.show(w, r, status, templates.CertificateDeed(page))
}

// choose preselects what a link has asked for, where there is that choice.
func (f *deedForm) choose(name, value string) {
	for i := range f.fields {
		if field := &f.fields[i]; field.Name == name && hasChoice(field.Choices, value) {
			mark(field.Choices, value)
		}
	}
}

// take fills in what was sent, and tells whether that is complete.
func (f *deedForm) take(form url.Values) (complete bool) {
	complete = true
	for i := range f.fields {
		field, value := &f.fields[i], form.Get(f.fields[i].Name)
		switch {
		case field.Type == "checkbox":
			if field.Value = value; value != "on" {
				field.Error = "Tick this when you do."
			}
		case !hasChoice(field.Choices, value):
			field.Error = "Choose one of these."
		default:
			mark(field.Choices, value)
		}
		complete = complete && field.Error == ""
	}
	return complete && f.button.Text != ""
}

// task is what a complete form asks for.
func (f *deedForm) task(deed control.Deed, id acmecore.ID) control.Task {
	task := control.Task{Deed: deed, ID: id, Version: f.chosen("version")}
	task.Reason, _ = strconv.Atoi(f.chosen("reason")) // one of the choices, or none
	return task
}

// chosen is the choice that was taken in a field; "" where there is no such field.
func (f *deedForm) chosen(name string) string {
	for _, field := range f.fields {
		for _, choice := range field.Choices {
			if field.Name == name && choice.Chosen {
				return choice.Value
			}
		}
	}
	return ""
}

func hasChoice(choices []templates.Choice, value string) bool {
	for _, choice := range choices {
		if choice.Value == value {
			return true
		}
	}
	return false
}

// mark makes one the chosen choice.
func mark(choices []templates.Choice, value string) {
	for i := range choices {
		choices[i].Chosen = choices[i].Value == value
	}
}
