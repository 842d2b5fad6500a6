package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// certificateView puts a certificate into words for one visitor.
type certificateView struct {
	acmecore.Details
	id   acmecore.ID // of the address
	now  time.Time
	role acmecore.Role
	link func(path string) string
}

func (v certificateView) page() templates.CertificatePage {
	c := v.Certificate
	page := templates.CertificatePage{
		Back:    templates.Link{Text: "Certificates", Address: v.link(listPath)},
		Heading: firstName(c), Tone: toneOf(c.State(v.now)), State: v.state(), Summary: v.summary(),
		Notes: v.notes(), Actions: v.actions(), Facts: v.facts(), Renewal: v.renewal(), Limits: v.limits(),
		Way: v.way(), Files: v.files(), Served: v.served(), Chain: v.chain(), Versions: v.versions(), Failures: v.failures(), Runs: v.runs(),
		Searched: v.searched(),
	}
	if more := otherNames(c); len(more) > maxUnfolded {
		page.More, page.Fold = more[maxUnfolded:], "and "+count(len(more)-maxUnfolded, "more name", "more names")
	}
	if v.PEM != "" {
		page.File = templates.Link{Text: "Download the certificate and its chain (PEM)", Address: v.link(certificateAddress(v.id, "") + chainFile)}
	}
	return page
}

// state is how the certificate stands, in a word.
func (v certificateView) state() string {
	if v.isRevoked() {
		return "revoked"
	}
	return string(v.Certificate.State(v.now))
}

// isRevoked tells whether wCME knows that the current version was revoked.
func (v certificateView) isRevoked() bool {
	return slices.ContainsFunc(v.Versions, func(version acmecore.Version) bool { return version.Current && !version.Revoked.IsZero() })
}

// maxUnfolded is how many names beside the first one stand among the facts.
const maxUnfolded = 11

// summary says in a sentence how the certificate stands, and what comes next.
func (v certificateView) summary() string {
	c := v.Certificate
	if v.isRevoked() {
		return "It stays in service until it is replaced, which the next daily pass does."
	}
	switch c.State(v.now) {
	case acmecore.Missing:
		return "It was never obtained, or its files are gone."
	case acmecore.Unusable:
		return "The current version cannot be used."
	case acmecore.Expired:
		return "It expired " + ago(c.DaysLeft(v.now)) + "."
	}
	text := "It expires in " + left(c.DaysLeft(v.now))
	if at := c.Renewal.At; at.After(v.now) {
		text += ", and will be renewed on " + inWords(at) + " UTC"
	}
	return text + "."
}

// notes are what is wrong, the worst first.
func (v certificateView) notes() (notes []templates.CertificateNote) {
	c := v.Certificate
	heading := "It cannot be used"
	if v.isRevoked() {
		heading = "Its CA tells everybody not to believe it any more"
	}
	if c.Problem != "" {
		notes = append(notes, templates.CertificateNote{Tone: templates.Broken, Heading: heading, Text: capital(sentence(c.Problem)),
			Try: hint(c.Hint), Repair: v.repair(acmecore.RepairRenew)})
	}
	if c.Trouble != "" {
		note := templates.CertificateNote{Tone: templates.Bad, Heading: "The last attempt failed", Text: capital(sentence(c.Trouble)), Try: hint(c.Hint)}
		if c.Next.After(v.now) {
			note.Try = strings.TrimSpace(note.Try + " wCME tries again on " + inWords(c.Next) + " UTC.")
		}
		notes = append(notes, note)
	}
	if v.Drift != "" && c.Problem == "" && c.Version != "" {
		notes = append(notes, templates.CertificateNote{Tone: templates.Due, Heading: "What was issued, what is on disk and what is served part",
			Text: capital(sentence(v.Drift)), Repair: v.repair(v.Repair)})
	}
	return notes
}

// hint is what to try, as a sentence.
func hint(text string) string {
	if text == "" {
		return ""
	}
	return "Try: " + sentence(text)
}

// repair leads to what puts the certificate right, for those who may do it.
func (v certificateView) repair(repair acmecore.Repair) templates.Link {
	for _, act := range certificateActs() {
		if act.path == string(repair) && v.role.May(act.deed.Role()) {
			return templates.Link{Text: act.text, Address: v.link(certificateAddress(v.id, act.path))}
		}
	}
	return templates.Link{}
}

// actions are what the visitor may do.
func (v certificateView) actions() (actions []templates.CertificateAction) {
	for _, act := range certificateActs() {
		if v.role.May(act.deed.Role()) && (v.Certificate.Version != "" || !act.ofVersion) {
			actions = append(actions, templates.CertificateAction{Text: act.text, Address: v.link(certificateAddress(v.id, act.path)), Class: act.class})
		}
	}
	return actions
}

// facts are what the certificate says of itself, and its record of it.
func (v certificateView) facts() []templates.Fact {
	c := v.Certificate
	more := otherNames(c)
	facts := []templates.Fact{
		{Term: "Names", Text: firstName(c), More: more[:min(len(more), maxUnfolded)]},
		{Term: "CA", Text: orNone(c.CA)},
		{Term: "Profile", Text: orText(c.Profile, "the CA’s default")},
	}
	if c.Version == "" {
		return facts
	}
	return append(facts,
		templates.Fact{Term: "Subject", Text: orNone(v.Subject)},
		templates.Fact{Term: "Issuer", Text: orNone(c.Issuer)},
		templates.Fact{Term: "Valid from", Text: "unknown", When: moment(c.NotBefore)},
		templates.Fact{Term: "Expires", Text: "unknown", When: moment(c.NotAfter)},
		templates.Fact{Term: "Serial", Text: acmecore.Inert(c.Serial), Code: true},
		templates.Fact{Term: "SHA-256", Text: acmecore.Inert(c.Fingerprint), Code: true},
		templates.Fact{Term: "SHA-1", Text: acmecore.Inert(v.SHA1), Code: true},
		templates.Fact{Term: "Key", Text: v.key()},
		templates.Fact{Term: "Version", Text: acmecore.Inert(c.Version)},
	)
}

// key is the kind of the current version's key.
func (v certificateView) key() string {
	if len(v.Chain) == 0 {
		return orNone(string(v.Certificate.Key))
	}
	return acmecore.Inert(v.Chain[0].Key)
}

// renewal is when it will be renewed, and why then.
func (v certificateView) renewal() []templates.Fact {
	c, info := v.Certificate, v.Standing.RenewalInfo
	planned := templates.Fact{Term: "Planned", Text: "now"}
	if c.Renewal.At.After(v.now) {
		planned.When = moment(c.Renewal.At)
	}
	facts := []templates.Fact{planned, {Term: "Why then", Text: orText(c.Renewal.Text, "nothing is planned")}}
	if info.Fingerprint == c.Fingerprint && !info.Start.IsZero() {
		facts = append(facts, templates.Fact{Term: "The CA’s window", Text: inWords(info.Start) + " to " + inWords(info.End) + " UTC"})
	}
	if explanation := cmp.Or(c.Renewal.Explanation, info.Explanation); explanation != "" {
		facts = append(facts, templates.Fact{Term: "The CA explains it at", Text: acmecore.Inert(explanation), Code: true})
	}
	if !info.Asked.IsZero() {
		asked := templates.Fact{Term: "The CA was asked", When: moment(info.Asked)}
		facts = append(facts, asked)
	}
	if info.Problem != "" {
		facts = append(facts, templates.Fact{Term: "It did not say when", Text: acmecore.Inert(info.Problem)})
	}
	if c.Next.After(v.now) {
		facts = append(facts, templates.Fact{Term: "Next attempt", When: moment(c.Next)})
	}
	return append(facts, templates.Fact{Term: "Targets", Text: orNone(strings.Join(c.Targets, ", "))},
		templates.Fact{Term: "Load actions", Text: orNone(strings.Join(c.Loads, ", "))},
		templates.Fact{Term: "Verified at ports", Text: orNone(strings.Join(v.Ports, ", "))})
}

// limits are how much of what the CA allows is used up.
func (v certificateView) limits() []templates.CertificateLimit {
	return []templates.CertificateLimit{
		limit(v.Budget.Issued7Days, v.Budget.Issued7Limit, "%d of %d certificates for these very names in the last seven days"),
		limit(v.Budget.FailuresHour, v.Budget.FailuresLimit, "%d of %d refusals of a name in the last hour"),
	}
}

func limit(used, most int, text string) templates.CertificateLimit {
	tone := templates.Good
	switch {
	case isUsedUp(used, most):
		tone = templates.Bad
	case 2*used >= most:
		tone = templates.Due
	}
	return templates.CertificateLimit{Text: fmt.Sprintf(text, used, most), Percent: fmt.Sprint(min(100*used/max(most, 1), 100)), Tone: tone}
}

// chain are the certificates of the chain.
func (v certificateView) chain() (links []templates.CertificateLink) {
	for _, link := range v.Chain {
		links = append(links, templates.CertificateLink{Subject: orText(link.Subject, "(no subject)"), Issuer: orNone(link.Issuer), Expires: moment(link.NotAfter),
			Key: acmecore.Inert(link.Key + ", " + link.Signature), SHA256: acmecore.Inert(link.SHA256)})
	}
	return links
}

// versions are those that are kept. The link to restore one stands where that can be
// done, by those who may.
func (v certificateView) versions() (list []templates.CertificateVersion) {
	for _, version := range v.Versions {
		shown := templates.CertificateVersion{Name: acmecore.Inert(version.Name), Serial: acmecore.Inert(version.Serial), NotBefore: moment(version.NotBefore),
			NotAfter: moment(version.NotAfter), Tone: templates.Good, State: "kept"}
		switch {
		case !version.Revoked.IsZero():
			shown.Tone, shown.State, shown.Problem = templates.Bad, "revoked", "on "+inWords(version.Revoked)+" UTC"
		case version.Problem != "":
			shown.Tone, shown.State, shown.Problem = templates.Broken, "unusable", acmecore.Inert(version.Problem)
		case !v.now.Before(version.NotAfter):
			shown.Tone, shown.State = templates.Bad, "expired"
		case version.Current:
			shown.State = "current"
		}
		if shown.State == "kept" && isVersion(version.Name) {
			shown.Restore = v.restore(version.Name)
		}
		if version.Current && shown.State != "current" {
			shown.State += ", current"
		}
		list = append(list, shown)
	}
	return list
}

// restore is the address that restores a version.
func (v certificateView) restore(version string) string {
	address := v.repair("restore").Address
	if address == "" {
		return ""
	}
	return address + "?" + url.Values{"version": {version}}.Encode()
}

// orText is the text, inert, or another one where it is empty.
func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return acmecore.Inert(text)
}
