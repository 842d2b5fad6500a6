package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// places says where the certificate would go, and what would read it.
func (r *rehearsal) places(context.Context) {
	targets, err := r.targets(r.plan.id, r.plan.record)
	if err == nil {
		_, err = r.kinds(r.plan)
	}
	switch {
	case err != nil:
		r.add(acmecore.Rehearsed{Subject: strings.Join(r.result.Install, ", "), What: aboutTargets, Wrong: true, Text: err.Error(), Try: acmecore.HintOf(err)})
	case len(targets) == 0:
		r.add(acmecore.Rehearsed{Subject: string(r.plan.id), What: aboutTargets, Text: "it would stay in the folder ssl of the state directory: no target takes it"})
	}
	for _, target := range targets {
		problem := target.Check()
		finding := acmecore.Rehearsed{Subject: target.Name, What: aboutTargets, Text: fmt.Sprintf("it would be installed in %s, as %s", target.Dir, target.Format)}
		if problem != nil {
			finding.Wrong, finding.Text, finding.Try = true, problem.Error(), acmecore.HintOf(problem)
		}
		r.add(finding)
	}
	r.loads()
}

// loads says which load actions would follow.
func (r *rehearsal) loads() {
	actions := r.loadsOf(r.plan.id, r.plan.record)
	if len(actions) == 0 {
		r.add(acmecore.Rehearsed{Subject: string(r.plan.id), What: aboutLoads, Text: "no load action follows: servers go on with the certificate that they have read"})
	}
	for _, given := range actions {
		text := "it would run then"
		if given.Run.Standard() {
			text = "it would run then: the servers found on this host test their configuration and are reloaded"
		}
		r.add(acmecore.Rehearsed{Subject: given.Name.String(), What: aboutLoads, Text: text})
	}
}

// Choices implements control.Administration.
func (m *Manager) Choices(context.Context) (acmecore.Choices, error) {
	c := m.Config()
	first := c.KeysFor(noRecord())[0]
	choices := acmecore.Choices{CA: acmecore.Inert(c.CA[0].String()), CAs: m.authorities(), Keys: []acmecore.KeyType{first}, Install: []string{}, Load: []string{},
		Reports: []string{}, Profiles: m.knownProfiles()}
	for _, key := range acmecore.KeyTypes() {
		if key != first {
			choices.Keys = append(choices.Keys, key)
		}
	}
	for _, target := range c.Install {
		choices.Install = append(choices.Install, target.Name.String())
	}
	for _, action := range c.Load {
		choices.Load = append(choices.Load, action.Name.String())
	}
	if len(c.Report.Mail) > 0 {
		choices.Reports = append(choices.Reports, "mail")
	}
	if facilities := config.Texts(c.Report.Opcom); len(facilities) > 0 && !slices.Contains(facilities, "none") {
		choices.Reports = append(choices.Reports, "opcom")
	}
	if len(c.Report.Webhooks) > 0 {
		choices.Reports = append(choices.Reports, "webhook")
	}
	return choices, nil
}

// authorities are the names of all CAs that the configuration knows, the one in force
// first: an address in its place has no name.
func (m *Manager) authorities() []string {
	c := m.Config()
	names := c.Authorities()
	first := c.CA[0].String()
	if at := slices.Index(names, first); at >= 0 {
		names = slices.Insert(slices.Delete(names, at, at+1), 0, first)
	}
	return names
}

// noteProfiles remembers the profiles of a CA, for the form.
func (m *Manager) noteProfiles(authority acmecore.Authority) {
	m.errands.mu.Lock()
	defer m.errands.mu.Unlock()
	if m.errands.profiles == nil {
		m.errands.profiles = make(map[string][]string)
	}
	m.errands.profiles[authority.CA] = authority.Profiles
}

// knownProfiles are those of the CAs that have names.
func (m *Manager) knownProfiles() map[string][]string {
	m.errands.mu.Lock()
	defer m.errands.mu.Unlock()
	known := make(map[string][]string)
	for _, ca := range m.authorities() {
		if profiles := m.errands.profiles[ca]; len(profiles) > 0 {
			known[ca] = profiles
		}
	}
	return known
}
