package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// checkPath is the address of the list of checks.
const checkPath = adminPath + "/check"

func (s Site) checkPages() []page {
	return []page{
		{path: checkPath, role: acmecore.RoleOperate, get: s.checks},
		{path: checkPath + "/{check}", role: acmecore.RoleOperate, get: s.check, post: s.beginCheck},
	}
}

// checks lists what can be checked.
func (s Site) checks(w http.ResponseWriter, r *http.Request) {
	choices, err := s.checkable(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	page := templates.ChecksPage{Frame: frame(r, "Checks", checkPath)}
	for _, check := range allChecks() {
		row := templates.CheckRow{Name: check.name, Address: address(r, check.path(), nil), Text: check.text[0], Tone: templates.Good, State: "ready"}
		if check.isMissing(choices) {
			row.Tone, row.State = templates.Missing, "not configured"
		}
		page.Checks = append(page.Checks, row)
	}
	s.show(w, r, http.StatusOK, templates.Checks(page))
}

// checkable is what there is to be checked.
func (s Site) checkable(r *http.Request) (acmecore.Choices, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	return s.Overseer.Choices(ctx)
}

// check says what a check is about to do.
func (s Site) check(w http.ResponseWriter, r *http.Request) {
	s.showCheck(w, r, http.StatusOK, checkForm{values: r.URL.Query()})
}

// checkForm is what was typed into the form of a check, and what came of it.
type checkForm struct {
	values url.Values
	wrong  string // what is wrong with the field; "" when nothing is
	stale  bool   // the form had expired
}

func (s Site) showCheck(w http.ResponseWriter, r *http.Request, status int, form checkForm) {
	check, found := checkNamed(chi.URLParam(r, "check"))
	if !found {
		s.notFound(w, r)
		return
	}
	choices, err := s.checkable(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	page := templates.CheckPage{
		Frame:   frame(r, check.heading, checkPath),
		Heading: check.heading,
		Text:    check.text,
		Grave:   check.grave,
		Action:  address(r, check.path(), nil),
		Button:  templates.Button{Text: check.button},
		Back:    address(r, checkPath, nil),
	}
	if form.stale {
		page.Alert = expired()
	}
	if check.isMissing(choices) {
		page.Missing, page.Code = check.missing, check.code
	} else if check.field != nil {
		field := check.field(choices)
		field.fill(form)
		page.Fields = []templates.Field{field.Field}
	}
	s.show(w, r, status, templates.Check(page))
}

// beginCheck begins a check, and sends the visitor to where it can be watched.
func (s Site) beginCheck(w http.ResponseWriter, r *http.Request) {
	check, found := checkNamed(chi.URLParam(r, "check"))
	if !found {
		s.notFound(w, r)
		return
	}
	form := checkForm{values: r.PostForm}
	task, wrong := check.task(r.PostForm)
	if wrong != "" {
		form.wrong = wrong
		s.showCheck(w, r, http.StatusUnprocessableEntity, form)
		return
	}
	job, err := s.begin(r, task)
	kind := acmecore.KindOf(err)
	switch {
	case err == nil:
		s.goTo(w, r, jobPath(job.ID))
	case kind == acmecore.Stale:
		form.stale = true
		s.showCheck(w, r, http.StatusConflict, form)
	case check.field != nil && (kind == acmecore.Invalid || kind == acmecore.NotFound):
		form.wrong = strings.TrimSpace(bare(capital(sentence(err.Error())) + " " + hintSentence(acmecore.HintOf(err))))
		s.showCheck(w, r, http.StatusUnprocessableEntity, form)
	default:
		s.fail(w, r, err)
	}
}

// checkField is the one choice that a check has.
type checkField struct{ templates.Field }

// fill puts in what was typed.
func (f *checkField) fill(form checkForm) {
	f.Error = form.wrong
	typed := form.values.Get(f.Name)
	if f.Type != "select" {
		f.Value = acmecore.Inert(typed)
		return
	}
	for i := range f.Choices {
		f.Choices[i].Chosen = f.Choices[i].Value == typed
	}
}

// choiceOf is a field that offers names, and before them all of them, or what is
// configured.
func choiceOf(name, label, first string, names []string) checkField {
	field := templates.Field{Name: name, Label: label, Type: "select", Choices: []templates.Choice{{Value: "", Text: first}}}
	for _, choice := range names {
		field.Choices = append(field.Choices, templates.Choice{Value: acmecore.Inert(choice), Text: acmecore.Inert(choice)})
	}
	return checkField{field}
}

// check is one thing that can be checked.
type check struct {
	word    string // in its address
	name    string
	deed    control.Deed
	heading string
	text    []string // what it does, a paragraph each
	grave   string   // what visitors may notice of it
	button  string
	field   func(acmecore.Choices) checkField // what can be chosen; nil is nothing
	missing string                            // why there is nothing to check, where isMissing says so
	code    string                            // what to write into wcme.toml then
	lacks   func(acmecore.Choices) bool       // nil is never
}

func (c check) path() string { return checkPath + "/" + c.word }

func (c check) isMissing(choices acmecore.Choices) bool { return c.lacks != nil && c.lacks(choices) }

// task is what is asked of the overseer, and otherwise what is wrong with the form.
func (c check) task(form url.Values) (task control.Task, wrong string) {
	task = control.Task{Deed: c.deed, CA: form.Get("ca"), Action: form.Get("action")}
	id, err := certificateTyped(strings.TrimSpace(form.Get("certificate")))
	if err != nil {
		return task, noCertificate
	}
	task.ID = id
	return task, ""
}

func checkNamed(word string) (check, bool) {
	checks := allChecks()
	i := slices.IndexFunc(checks, func(c check) bool { return c.word == word })
	if i < 0 {
		return check{}, false
	}
	return checks[i], true
}
