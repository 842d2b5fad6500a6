package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
)

// What the findings of a rehearsal are about, beside caa.What.
const (
	aboutNames     = "names"
	aboutCA        = "certification authority"
	aboutProfile   = "profile"
	aboutChallenge = "challenge path"
	aboutLimits    = "limits"
	aboutTargets   = "targets"
	aboutLoads     = "load actions"
)

// Rehearse implements control.Operations. What it finds keeps nobody from ordering: the
// CA looks from elsewhere, and counts for itself.
func (m *Manager) Rehearse(ctx context.Context, request control.CertifyRequest, progress acmecore.Progress) (acmecore.Rehearsal, error) {
	return m.rehearse(ctx, request, false, progress)
}

// rehearse is Rehearse, for a page or for the command line.
func (m *Manager) rehearse(ctx context.Context, request control.CertifyRequest, forPage bool, progress acmecore.Progress) (acmecore.Rehearsal, error) {
	names, err := m.namesWanted(request)
	if err != nil {
		return acmecore.Rehearsal{}, err
	}
	plan, err := m.plan(names, request)
	if err != nil {
		return acmecore.Rehearsal{}, err
	}
	var side testSide
	if request.DryRun && !request.Local && !forPage {
		if side, err = m.testSideOf(plan); err != nil {
			return acmecore.Rehearsal{}, err
		}
	}
	result := m.planned(plan)
	result.Asked = acmecore.Asked{CA: acmecore.Inert(request.CA), Key: firstOf(request.Keys), Profile: acmecore.Inert(request.Profile), Install: request.Install, Load: request.Load}
	r := &rehearsal{Manager: m, plan: plan, request: request, forPage: forPage, report: m.steps("rehearse "+string(plan.id), progress), result: result, testSide: side}
	stages := []func(context.Context){r.names, r.authority, r.challenges, r.caa, r.inTurn, r.limits, r.places, r.order}
	if request.Local {
		stages = []func(context.Context){r.names, r.alone, r.challenges, r.limits, r.places}
	}
	for _, stage := range stages {
		if stage(ctx); ctx.Err() != nil {
			return acmecore.Rehearsal{}, acmecore.InterruptedOr(ctx.Err(), "rehearse", string(plan.id))
		}
	}
	wrong := func(finding acmecore.Rehearsed) bool { return finding.Wrong }
	r.result.Ready = !slices.ContainsFunc(r.result.Findings, wrong)
	return r.result, nil
}

// planned is what the certificate would be.
func (m *Manager) planned(p *plan) acmecore.Rehearsal {
	result := acmecore.Rehearsal{ID: p.id, Names: p.names, CA: p.ca, Profile: acmecore.Inert(p.record.Profile), Key: p.key, Install: []string{}, Load: []string{},
		Exists: len(p.before.Names) > 0, Findings: []acmecore.Rehearsed{}}
	for _, target := range m.Config().TargetsFor(p.id, p.record) {
		result.Install = append(result.Install, target.Name.String())
	}
	for _, action := range m.loadsOf(p.id, p.record) {
		result.Load = append(result.Load, action.Name.String())
	}
	return result
}

// rehearsal is one that goes on.
type rehearsal struct {
	*Manager
	plan    *plan
	request control.CertifyRequest
	forPage bool
	report  acmecore.Progress
	result  acmecore.Rehearsal
	found   acmecore.Authority // what the CA says of itself; the zero value where it says nothing
	// testSide is where the certificate is ordered in the end; the zero value is nowhere.
	testSide testSide
}

// add keeps a finding, and tells whoever waits for it.
func (r *rehearsal) add(findings ...acmecore.Rehearsed) {
	for _, finding := range findings {
		finding.Subject, finding.Text, finding.Try = acmecore.Inert(finding.Subject), acmecore.Inert(finding.Text), acmecore.Inert(finding.Try)
		r.result.Findings = append(r.result.Findings, finding)
		r.step(r.report, finding.What, finding.Subject, finding.Text)
	}
}

// names tells of names that are given twice, and of what would change.
func (r *rehearsal) names(context.Context) {
	texts := make([]string, len(r.request.Names))
	for i, name := range r.request.Names {
		texts[i] = string(name)
	}
	_, merged, _ := acmecore.ParseNames(texts...) // which were parsed before
	for _, name := range merged {
		r.add(acmecore.Rehearsed{Subject: string(name), What: aboutNames, Text: "it is given more than once; once is enough"})
	}
	if r.result.Exists {
		changes := changesOf(r.plan.before, r.plan.record)
		r.result.Changes = len(changes) > 0
		managed := acmecore.Rehearsed{Subject: string(r.plan.id), What: aboutNames, Text: "it is managed already: " + inOneText(changes)}
		if removed := lacking(r.plan.before.Names, r.plan.record.Names); len(removed) > 0 {
			managed.Try = "to keep what it has, give " + strings.Join(removed, ", ") + " too"
		}
		r.add(managed)
	}
	if kept, serves := r.serves(r.plan); serves && !r.request.Force {
		r.result.Kept = true
		r.add(acmecore.Rehearsed{Subject: string(r.plan.id), What: aboutNames,
			Text: fmt.Sprintf("the certificate that is there serves well, and is valid for %d more days: it would be kept, and none ordered", kept.DaysLeft(r.now())),
			Try:  "to have another one all the same, renew it"})
	}
}

// changesOf says what an order changes in the record of a certificate.
func changesOf(before, after *config.Certificate) (changes []string) {
	added, removed := lacking(after.Names, before.Names), lacking(before.Names, after.Names)
	if len(added) > 0 {
		changes = append(changes, "it gets "+strings.Join(added, ", "))
	}
	if len(removed) > 0 {
		changes = append(changes, "it loses "+strings.Join(removed, ", "))
	}
	if !slices.Equal(before.CA, after.CA) {
		changes = append(changes, "it has another CA")
	}
	if !slices.Equal(before.Key, after.Key) {
		changes = append(changes, "it has another kind of key")
	}
	if before.Profile != after.Profile {
		changes = append(changes, "it has another profile")
	}
	if !slices.Equal(before.Install, after.Install) || (before.Install == nil) != (after.Install == nil) {
		changes = append(changes, "it has other targets")
	}
	if !slices.Equal(before.Load, after.Load) || (before.Load == nil) != (after.Load == nil) {
		changes = append(changes, "it has other load actions")
	}
	return changes
}

func inOneText(changes []string) string {
	if len(changes) == 0 {
		return "nothing of its record changes"
	}
	return strings.Join(changes, "; ")
}

// lacking lists the names that the others lack.
func lacking(names, others []config.Name) (list []string) {
	for _, name := range names {
		if !slices.Contains(others, name) {
			list = append(list, string(name.Name))
		}
	}
	return list
}
