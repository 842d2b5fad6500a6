package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// certifyPath is the address of the form that orders a certificate.
const certifyPath = adminPath + "/certify"

func (s Site) certifyPages() []page {
	return []page{{path: certifyPath, role: acmecore.RoleAdmin, get: s.certifyForm, post: s.certify}}
}

// certifyForm shows the form, filled in with what the query says.
func (s Site) certifyForm(w http.ResponseWriter, r *http.Request) {
	choices, err := s.offered(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showCertify(w, r, http.StatusOK, wishOf(r.URL.Query()), choices, templates.Alerted{})
}

// certify rehearses, or orders, what the form says.
func (s Site) certify(w http.ResponseWriter, r *http.Request) {
	choices, err := s.offered(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	wish := wishOf(r.PostForm)
	request := wish.check(choices)
	if len(wish.wrong) > 0 {
		s.showCertify(w, r, http.StatusUnprocessableEntity, wish, choices, templates.Alerted{})
		return
	}
	job, err := s.begin(r, control.Task{Deed: wish.deed(), Certify: &request})
	switch acmecore.KindOf(err) {
	case acmecore.Stale:
		s.showCertify(w, r, http.StatusConflict, wish, choices, expired())
		return
	case acmecore.Invalid, acmecore.Busy, acmecore.Limited:
		if err != nil {
			s.showCertify(w, r, refusedStatus(err), wish, choices, notTaken(err))
			return
		}
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.goTo(w, r, jobPath(job.ID))
}

func (s Site) offered(r *http.Request) (acmecore.Choices, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	return s.Overseer.Choices(ctx)
}

// expiredForm is what is so where the token of a form is none any more.
const expiredForm = "This form had expired, and nothing has been begun."

// expired is for a form whose token is none any more.
func expired() templates.Alerted {
	return templates.Alerted{Tone: templates.Due, Text: expiredForm, Try: "What you had put in is here again: look at it once more, and send it again."}
}

// notTaken is for a form that the overseer would not take.
func notTaken(err error) templates.Alerted {
	return templates.Alerted{Tone: templates.Bad, Text: "The overseer has not begun it: " + sentence(err.Error()), Try: hintSentence(acmecore.HintOf(err))}
}

func refusedStatus(err error) int {
	if acmecore.KindOf(err) == acmecore.Invalid {
		return http.StatusUnprocessableEntity
	}
	return statusOf(acmecore.KindOf(err))
}

func (s Site) showCertify(w http.ResponseWriter, r *http.Request, status int, wish *wish, choices acmecore.Choices, alert templates.Alerted) {
	page := templates.CertifyPage{
		Frame:   frame(r, "Certify", certifyPath),
		Heading: "Certify",
		Text: []string{"One certificate for one or more host names. A rehearsal looks first at what the certification authority will look at, " +
			"and orders nothing."},
		Alert:  alert,
		Action: VisitorFrom(r.Context()).link(certifyPath),
		Groups: []templates.FieldGroup{{Heading: "What for", Fields: []templates.Field{wish.namesField()}}},
		Places: []templates.FieldGroup{wish.whence(choices), wish.whither(choices)},
		Buttons: []templates.Button{{Text: "Rehearse", Name: "do", Value: doRehearse},
			{Text: "Order now", Name: "do", Value: doOrder, Quiet: true}},
		Note: "A certificate that is managed already keeps what it has where you leave “as configured”.",
	}
	s.show(w, r, status, templates.Certify(page))
}

// What the buttons of the form do.
const (
	doRehearse = "rehearse"
	doOrder    = "order"
)

// deed is what the button that was used stands for. A form that was sent without one
// orders nothing.
func (w *wish) deed() control.Deed {
	if w.do == doOrder {
		return control.DeedCertify
	}
	return control.DeedRehearse
}

func (w *wish) namesField() templates.Field {
	names := w.field("names", "Host names", "textarea")
	names.Value, names.Required = w.names, true
	names.Help = "The first one names the certificate. Wildcards, as *.example.org, are proved in the DNS; IP addresses will do too. Separate them by blanks, commas or lines; addresses like https://www.example.org/ will do."
	return names
}

// whence are the fields about the certification authority.
func (w *wish) whence(choices acmecore.Choices) templates.FieldGroup {
	return templates.FieldGroup{Heading: "From whom", Fields: []templates.Field{w.caField(choices), w.profileField(choices), w.keyField(choices)}}
}

// whither are the fields about targets and load actions.
func (w *wish) whither(choices acmecore.Choices) templates.FieldGroup {
	group := templates.FieldGroup{Heading: "Where to",
		Fields: append(w.placesFields(installPlaces(), choices.Install), w.placesFields(loadPlaces(), choices.Load)...)}
	switch {
	case len(choices.Install) == 0 && len(choices.Load) == 0:
		group.Help = "No target and no load action is configured: the files stay in the folder ssl of the state directory. [[install]] and [[load]] in wcme.toml change that."
	case len(choices.Install) == 0:
		group.Help = "No target is configured: the files stay in the folder ssl of the state directory. [[install]] in wcme.toml changes that."
	case len(choices.Load) == 0:
		group.Help = "No load action is configured: no server is told to read the files. [[load]] in wcme.toml changes that."
	}
	return group
}

// field is one of the form, with what is wrong with it.
func (w *wish) field(name, label, kind string) templates.Field {
	return templates.Field{Name: name, Label: label, Type: kind, Error: w.wrong[name]}
}

func (w *wish) caField(choices acmecore.Choices) templates.Field {
	field := w.field("ca", "Certification authority", "select")
	field.Choices = []templates.Choice{{Text: configured(choices.CA), Chosen: w.ca == ""}}
	for _, ca := range choices.CAs {
		field.Choices = append(field.Choices, templates.Choice{Value: acmecore.Inert(ca), Text: acmecore.Inert(ca), Chosen: ca == w.ca})
	}
	return field
}

func (w *wish) profileField(choices acmecore.Choices) templates.Field {
	field := w.field("profile", "Profile", "text")
	field.Value, field.Complete = w.profile, "off"
	field.Help = "Of the certification authority; leave it empty for its own choice. A rehearsal says which ones there are."
	if known := profilesInWords(choices); known != "" {
		field.Help = "Leave it empty for the certification authority’s own choice. " + known
	}
	return field
}

// profilesInWords lists the profiles of the CAs that have been asked.
func profilesInWords(choices acmecore.Choices) (text string) {
	for _, ca := range choices.CAs {
		if profiles := choices.Profiles[ca]; len(profiles) > 0 {
			text += acmecore.Inert(ca) + " offers: " + acmecore.Inert(strings.Join(profiles, ", ")) + ". "
		}
	}
	return text
}

func (w *wish) keyField(choices acmecore.Choices) templates.Field {
	field := w.field("key", "Key", "radios")
	field.Choices = []templates.Choice{{Text: configured(configuredKey(choices)), Chosen: w.key == ""}}
	for _, key := range choices.Keys {
		field.Choices = append(field.Choices, templates.Choice{Value: acmecore.Inert(string(key)), Text: keyInWords(key), Chosen: string(key) == w.key})
	}
	return field
}

// configured is the choice that leaves it open.
func configured(what string) string {
	if what == "" {
		return "as configured"
	}
	return "as configured: " + acmecore.Inert(what)
}

// configuredKey is the kind of key that is configured, which is offered first.
func configuredKey(choices acmecore.Choices) string {
	if len(choices.Keys) == 0 {
		return ""
	}
	return keyInWords(choices.Keys[0])
}

// keyInWords is what administrators call a kind of key.
func keyInWords(key acmecore.KeyType) string {
	words := map[acmecore.KeyType]string{acmecore.EC256: "ECDSA, P-256", acmecore.EC384: "ECDSA, P-384", acmecore.RSA2048: "RSA, 2048 bits",
		acmecore.RSA3072: "RSA, 3072 bits", acmecore.RSA4096: "RSA, 4096 bits"}
	if text, found := words[key]; found {
		return text
	}
	return acmecore.Inert(string(key))
}

// places are the fields that choose targets, or load actions.
type places struct {
	mode, list  string // the names of the two fields
	label       string
	all, chosen string // the choices of the first one
	choose      string // the label of the second one
}

func installPlaces() places {
	return places{"targets", "install", "Targets", "as configured: every target that takes it", "only those that are ticked", "These targets"}
}

func loadPlaces() places {
	return places{"actions", "load", "Load actions", "as configured: every one that is for its targets", "only those that are ticked", "These load actions"}
}

// The values of the fields that choose between what is configured and a list.
const (
	asConfigured = ""
	asChosen     = "chosen"
)

// placesFields are none where there is nothing to choose.
func (w *wish) placesFields(p places, names []string) []templates.Field {
	if len(names) == 0 {
		return nil
	}
	mode := w.field(p.mode, p.label, "radios")
	mode.Choices = []templates.Choice{{Value: asConfigured, Text: p.all, Chosen: w.modes[p.mode] != asChosen},
		{Value: asChosen, Text: p.chosen, Chosen: w.modes[p.mode] == asChosen}}
	list := w.field(p.list, p.choose, "checkboxes")
	for _, name := range names {
		list.Choices = append(list.Choices, templates.Choice{Value: acmecore.Inert(name), Text: acmecore.Inert(name), Chosen: slices.Contains(w.lists[p.list], name)})
	}
	return []templates.Field{mode, list}
}
