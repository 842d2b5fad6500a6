package web

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"wcme/acmecore"
	"wcme/templates"
)

// statusPage puts the status into words.
func statusPage(r *http.Request, s acmecore.Status, gateway string) templates.StatusPage {
	visitor := VisitorFrom(r.Context())
	page := templates.StatusPage{
		Tone: toneOfHealth(s.Health()), Word: wordOfHealth(s.Health()),
		Overseer: overseerFacts(visitor, s, gateway), Certificates: certificateFacts(s),
		Challenges: challengeFacts(s.Challenges), Configuration: plainLines(s.Configuration),
		JSON: visitor.link(statusJSONPath), Metrics: visitor.link(metricsPath), LogIn: admissionFrom(r.Context()).LogIn,
	}
	if work := dailyWork(); admissionFrom(r.Context()).Role.May(work.deed.Role()) {
		page.Daily = templates.Link{Text: work.heading, Address: visitor.link(work.path())}
	}
	for _, complaint := range s.Complaints() {
		page.Complaints = append(page.Complaints, complaintOf(visitor, complaint))
	}
	foldMinor(&page)
	for _, a := range s.Authorities {
		page.Authorities = append(page.Authorities, authorityRow(a))
	}
	for _, facts := range s.Challenges.Worst {
		page.Names = append(page.Names, nameRow(facts))
	}
	if more := s.Challenges.Names - s.Challenges.Answered - len(page.Names); more > 0 && len(page.Names) > 0 {
		page.More = count(more, "more name is", "more names are") + " not listed here."
	}
	for _, d := range s.Disks {
		page.Disks = append(page.Disks, diskRow(d))
	}
	for _, job := range s.Jobs {
		page.Work = append(page.Work, templates.Link{Text: strings.TrimSpace(acmecore.Inert(job.Kind) + " " + hostOf(acmecore.ID(job.Subject))), Address: visitor.link(jobPath(job.ID))})
	}
	return page
}

// foldMinor folds what is to be looked at where something else is wrong, unless it is one
// thing alone.
func foldMinor(page *templates.StatusPage) {
	var worse, minor []templates.Complaint
	for _, complaint := range page.Complaints {
		if complaint.Tone == templates.Due {
			minor = append(minor, complaint)
		} else {
			worse = append(worse, complaint)
		}
	}
	if len(worse) > 0 && len(minor) > 1 {
		page.Complaints, page.Minor, page.Fold = worse, minor, number(len(minor))+" more things need attention"
	}
}

// plainLines makes a text of many lines inert, and keeps its lines whole.
func plainLines(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

func toneOfHealth(health acmecore.Health) templates.Tone {
	switch health {
	case acmecore.Healthy:
		return templates.Good
	case acmecore.Warning:
		return templates.Due
	}
	return templates.Bad
}

func wordOfHealth(health acmecore.Health) string {
	switch health {
	case acmecore.Healthy:
		return "All is well"
	case acmecore.Warning:
		return "Something needs attention"
	}
	return "Something is wrong"
}

// complaintOf puts a complaint into words. That certificates need attention leads to
// them.
func complaintOf(visitor Visitor, c acmecore.Complaint) templates.Complaint {
	complaint := templates.Complaint{Tone: toneOfHealth(c.Health), Text: capital(sentence(readable(c.Text)))}
	switch {
	case c.About == acmecore.OfCertificates:
		query := url.Values{"state": {acmecore.Attention}}
		complaint.Link = templates.Link{Text: "See which, and why", Address: visitor.link(listPath) + "?" + query.Encode()}
	default:
		complaint.Try = hintSentence(c.Hint)
	}
	return complaint
}

func overseerFacts(visitor Visitor, s acmecore.Status, gateway string) []templates.Fact {
	last := templates.Fact{Term: "Daily work last done", When: moment(s.LastPass), Text: "not yet"}
	if s.LastRun != "" && !s.LastPass.IsZero() {
		last.Text, last.When, last.Link = inWords(s.LastPass)+" UTC", templates.Moment{}, visitor.link(runsPath+"/"+s.LastRun)
	}
	facts := []templates.Fact{
		{Term: "Alive since", When: moment(s.Since)},
		last,
		{Term: "Daily work planned", When: moment(s.NextPass)},
		{Term: "Version", Text: acmecore.Inert(s.Version)},
		{Term: "Built with", Text: acmecore.Inert(s.Go)},
		{Term: "Host", Text: acmecore.Inert(s.Host)},
		{Term: "Process", Text: fmt.Sprintf("%d, as %s", s.Process, acmecore.Inert(s.User))},
		{Term: "State directory", Text: acmecore.Inert(s.Root), Code: true},
		{Term: "Reports", Text: waiting(s.Reports)},
		{Term: "These pages", Text: gateway},
	}
	if s.Commit != "" {
		facts = slices.Insert(facts, 4, templates.Fact{Term: "Commit", Text: acmecore.Inert(s.Commit), Code: true})
	}
	return facts
}

func waiting(reports int) string {
	if reports == 0 {
		return "all delivered"
	}
	return count(reports, "waits to be delivered", "wait to be delivered")
}

// certificateFacts says how many certificates are in which state, and how far they got.
func certificateFacts(s acmecore.Status) []templates.Fact {
	facts := []templates.Fact{{Term: "Managed", Text: number(s.Managed)}}
	for _, state := range []acmecore.State{acmecore.Valid, acmecore.Due, acmecore.Expired, acmecore.Missing, acmecore.Unusable} {
		if n := s.States[state]; n > 0 {
			facts = append(facts, templates.Fact{Term: capital(string(state)), Text: number(n), Tone: toneOf(state)})
		}
	}
	for _, service := range []acmecore.Service{acmecore.ServiceServed, acmecore.ServiceLoaded, acmecore.ServiceInstalled,
		acmecore.ServiceUnseen, acmecore.ServiceUnloaded, acmecore.ServiceMissing} {
		if n := s.Services[service]; n > 0 {
			facts = append(facts, templates.Fact{Term: capital(string(service)), Text: number(n), Tone: toneOfCount(service)})
		}
	}
	if !s.Soonest.IsZero() {
		facts = append(facts, templates.Fact{Term: "The first to expire", When: moment(s.Soonest)})
	}
	return facts
}

// toneOfCount draws nothing for what is well: the states do.
func toneOfCount(service acmecore.Service) templates.Tone {
	switch service {
	case acmecore.ServiceUnseen:
		return templates.Bad
	case acmecore.ServiceUnloaded, acmecore.ServiceMissing:
		return templates.Due
	}
	return ""
}

func authorityRow(a acmecore.AuthorityStatus) templates.AuthorityRow {
	row := templates.AuthorityRow{Name: acmecore.Inert(a.CA), Tone: templates.Good, State: "answers", Reached: moment(a.Reached), Took: "–"}
	if a.Milliseconds > 0 {
		row.Took = strconv.FormatInt(a.Milliseconds, 10) + " ms"
	}
	if a.Fails() {
		row.Tone, row.State = templates.Bad, "does not answer"
	}
	if a.Problem != "" {
		row.Problem = capital(sentence(a.Problem))
	}
	row.Try = hintSentence(a.Hint)
	return row
}

// challengeFacts says what came of asking for challenges.
func challengeFacts(c acmecore.ChallengeStatus) []templates.Fact {
	switch {
	case c.Off:
		return []templates.Fact{{Term: "Asked for", Text: "never: [verify] challenge = false in wcme.toml"}}
	case c.Looked.IsZero():
		return []templates.Fact{{Term: "Asked for", Text: "not yet: the overseer asks a few minutes after its start, and once a day"}}
	}
	answered := templates.Fact{Term: "Answered", Text: fmt.Sprintf("%s of %s, by this host's own way to each", number(c.Answered), count(c.Names, "name", "names")), Tone: templates.Good}
	switch {
	case c.Broken > 0:
		answered.Tone = templates.Bad
	case c.Answered < c.Names:
		answered.Tone = templates.Due
		answered.More = []string{"A host need not find the way to its own public address: what it cannot see is a note, and no fault."}
	}
	return []templates.Fact{{Term: "Last asked for all", When: moment(c.Looked)}, answered}
}

func nameRow(facts acmecore.ChallengeFacts) templates.NameRow {
	row := templates.NameRow{Name: acmecore.Inert(string(facts.Name)), Tone: templates.Due, State: "not seen from here",
		Asked: moment(facts.At), Answered: moment(facts.Answered)}
	if !facts.Broken.IsZero() {
		row.Tone, row.State = templates.Bad, "broken since "+inWords(facts.Broken)
	}
	if facts.Text != "" {
		row.Problem = capital(sentence(facts.Text))
	}
	row.Try = hintSentence(facts.Try)
	return row
}

func diskRow(d acmecore.Disk) templates.DiskRow {
	row := templates.DiskRow{Tone: templates.Good, State: "enough", Free: "not known", Files: "not limited"}
	for _, path := range d.Paths {
		row.Paths = append(row.Paths, acmecore.Inert(path))
	}
	if d.Problem != "" {
		row.Tone, row.State, row.Files, row.Problem = templates.Broken, "not known", "not known", capital(sentence(d.Problem))
		return row
	}
	if d.Low {
		row.Tone, row.State = templates.Due, "low"
	}
	if d.Size > 0 {
		row.Free = size(d.Free) + " of " + size(d.Size)
		row.Percent = strconv.FormatUint(100-min(100, uint64(100*float64(d.Free)/float64(d.Size))), 10)
	}
	if d.Files > 0 {
		row.Files = number(int(min(d.FreeFiles, math.MaxInt)))
	}
	return row
}

// size puts a number of bytes into words.
func size(bytes uint64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	amount, unit := float64(bytes), 0
	for amount >= 999.5 && unit < len(units)-1 {
		amount, unit = amount/1000, unit+1
	}
	return strconv.FormatFloat(amount, 'f', precision(amount), 64) + " " + units[unit]
}

// precision keeps three digits at most.
func precision(amount float64) int {
	if amount < 10 && amount != float64(int(amount)) {
		return 1
	}
	return 0
}
