package manager

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/caa"
	"wcme/acmecore/control"
	"wcme/acmecore/proving"
)

// authority tells whether the CA answers, and knows us.
func (r *rehearsal) authority(ctx context.Context) {
	found, err := r.CheckCA(ctx, r.firstCA(r.plan.record))
	if err != nil {
		r.add(acmecore.Rehearsed{Subject: r.plan.ca, What: aboutCA, Wrong: true, Text: err.Error(), Try: acmecore.HintOf(err)})
	} else {
		r.found = found
		r.noteProfiles(found)
		r.add(acmecore.Rehearsed{Subject: r.plan.ca, What: aboutCA, Text: fmt.Sprintf("its directory was read in %d ms", found.Milliseconds)})
	}
	r.add(r.accountThere())
	if profile := r.plan.record.Profile; profile != "" && err == nil {
		r.add(profileThere(profile, found))
	}
}

// alone says what is not asked for, and what is known of the account.
func (r *rehearsal) alone(context.Context) {
	r.add(acmecore.Rehearsed{Subject: r.plan.ca, What: aboutCA, Unknown: true, Text: "neither the CA nor its CAA records are asked"}, r.accountThere())
}

// accountThere tells whether there is an account, and on which terms.
func (r *rehearsal) accountThere() acmecore.Rehearsed {
	finding := acmecore.Rehearsed{Subject: r.plan.ca, What: aboutCA}
	account, _, err := r.account(r.plan.authority)
	switch {
	case err != nil:
		finding.Wrong, finding.Text, finding.Try = true, err.Error(), acmecore.HintOf(err)
		if acmecore.KindOf(err) == acmecore.NotFound {
			finding.Text, finding.Try = "there is no account at it yet", "make one on this host: wcme register --ca "+r.plan.ca
		}
	case r.found.Terms != "" && r.found.Terms != account.Terms:
		finding.Text = fmt.Sprintf("the account is there, and agreed to the terms at %q; the CA shows %q now", account.Terms, r.found.Terms)
		finding.Try = "read them: the CA may ask for agreement before it issues again"
	default:
		finding.Text = "the account is there: " + account.URL
	}
	return finding
}

// profileThere tells whether the CA has the profile.
func profileThere(profile string, found acmecore.Authority) acmecore.Rehearsed {
	finding := acmecore.Rehearsed{Subject: profile, What: aboutProfile, Text: "the CA has it"}
	switch {
	case len(found.Profiles) == 0:
		finding.Wrong, finding.Text, finding.Try = true, "the CA has no profiles", "leave it out"
	case !slices.Contains(found.Profiles, profile):
		finding.Wrong, finding.Text, finding.Try = true, "the CA has no profile of that name", "it has "+strings.Join(found.Profiles, ", ")
	}
	return finding
}

// challenges asks for a challenge of each name as the CA would, where that is one of
// http-01, and says how the others are proved.
func (r *rehearsal) challenges(ctx context.Context) {
	planned := r.ways(r.plan.record, r.plan.id)
	by := func(acmecore.Name) *proving.Ways { return planned }
	reaches, err := r.checkChallenge(ctx, control.ChallengeRequest{Names: r.plan.names, DNS: r.errands.dns, Port: r.errands.port}, by, r.outside(), nil)
	if err != nil {
		r.add(acmecore.Rehearsed{Subject: string(r.plan.id), What: aboutChallenge, Wrong: true, Text: err.Error(), Try: acmecore.HintOf(err)})
		return
	}
	for _, reach := range reaches {
		r.add(reached(reach))
	}
}

// outside tells which names are asked for outside alone: on a page, where anybody's can be
// typed, those that are not managed. On the command line it is none of them.
func (r *rehearsal) outside() func(acmecore.Name) bool {
	if !r.forPage {
		return nil
	}
	managed, err := r.allNames()
	if err != nil {
		r.log.Warn("names of certificates not read", "error", err) // those are taken for not managed
	}
	return func(name acmecore.Name) bool { return !managed[name] }
}

// reached says how far a challenge of a name got: what is wrong where something is, and
// otherwise all that was seen.
func reached(reach acmecore.Reach) acmecore.Rehearsed {
	finding := acmecore.Rehearsed{Subject: string(reach.Name), What: aboutChallenge, Wrong: !reach.Answered}
	findings := slices.Clone(reach.Findings)
	for _, visit := range reach.Visits {
		for _, found := range visit.Findings {
			found.Text = visit.Address + ": " + found.Text
			findings = append(findings, found)
		}
	}
	if reach.Path == "" && !reach.Answered && !slices.ContainsFunc(findings, func(f acmecore.Finding) bool { return f.Wrong }) {
		finding.Wrong, finding.Unknown = false, true // nobody was asked, for no fault of the name's
	}
	var texts []string
	for _, found := range findings {
		if found.Wrong == finding.Wrong {
			texts = append(texts, found.Text)
			finding.Try = cmp.Or(finding.Try, found.Try)
		}
	}
	finding.Text = strings.Join(texts, "; ")
	return finding
}

// maxLookups is how many names' CAA records are looked up at once.
const maxLookups = 8

// caaTime bounds the look for CAA records of all names.
const caaTime = 60 * time.Second

// caa looks whether the DNS lets the CA issue.
func (r *rehearsal) caa(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, caaTime)
	defer cancel()
	account, _, _ := r.account(r.plan.authority) // none has no URL
	var servers []string                         // none is the system's
	if r.errands.dns != "" {
		servers = []string{r.errands.dns}
	}
	resolver, planned := caa.New(servers...), r.ways(r.plan.record, r.plan.id)
	findings := make([]acmecore.Rehearsed, len(r.plan.names))
	free := make(chan struct{}, maxLookups)
	var all sync.WaitGroup
	for i, name := range r.plan.names {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			findings[i] = resolver.Check(limited, caa.Question{Name: name, Identities: r.found.CAA, Account: account.URL, Method: methodFor(planned, name)})
		})
	}
	all.Wait()
	r.add(findings...)
}

// methodFor is the method that the name is proved by first; "" where there is none.
func methodFor(w *proving.Ways, name acmecore.Name) acmecore.Method {
	methods, _ := w.Methods(name) // the plan has seen to it
	return firstOf(methods)
}

// limits compares what was ordered with what CAs allow, by our own account of it.
func (r *rehearsal) limits(context.Context) {
	standing, err := r.root.Standing(r.plan.id)
	if err != nil {
		r.log.Warn("standing not read", "certificate", r.plan.id, "error", err)
	}
	budget := r.budget(r.plan.authority, r.plan.names)
	r.add(r.limited("certificates for these very names in seven days", budget.Issued7Days, budget.Issued7Limit),
		r.limited("refusals of one name in the last hour", budget.FailuresHour, budget.FailuresLimit))
	r.add(r.roomLeft()...)
	if until := untilOf(standing.Failures); until.After(r.now()) {
		r.add(acmecore.Rehearsed{Subject: r.plan.ca, What: aboutLimits, Wrong: true,
			Text: "the CA asks not to try again before " + until.UTC().Format(time.RFC3339), Try: "wait for that time"})
	}
	if wait := r.paceOf(r.plan.authority.Directory.String()); wait > 0 {
		r.add(acmecore.Rehearsed{Subject: r.plan.ca, What: aboutLimits,
			Text: fmt.Sprintf("as many orders as [renew] orders allows were made; the daily work makes the next one in %s", wait.Round(time.Second))})
	}
}

// letsEncryptDirectory ends the address of the only directory whose limits are known to
// be these.
const letsEncryptDirectory = "//acme-v02.api.letsencrypt.org/directory"

// limited says how much was used of what Let's Encrypt allows. Of another CA, which may
// allow less or more, it says that alone.
func (r *rehearsal) limited(what string, used, limit int) acmecore.Rehearsed {
	if !strings.HasSuffix(r.plan.authority.Directory.String(), letsEncryptDirectory) {
		return acmecore.Rehearsed{Subject: r.plan.ca, What: aboutLimits, Text: fmt.Sprintf("%d %s, by our own account", used, what)}
	}
	finding := acmecore.Rehearsed{Subject: "Let's Encrypt's limit", What: aboutLimits, Text: fmt.Sprintf("%d of %d %s, by our own account", used, limit, what)}
	if used >= limit {
		finding.Wrong, finding.Try = true, "wait until the oldest of them does not count any more, or take another CA"
	}
	return finding
}

// untilOf is until when the CA asked for patience at the last attempt; zero where it
// did not.
func untilOf(failures []acmecore.Failure) (until time.Time) {
	if len(failures) > 0 {
		until = failures[len(failures)-1].Until
	}
	return until
}
