package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
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
		Notes: v.notes(), Actions: v.actions(), Facts: v.facts(), Renewal: v.renewal(), LimitsHeading: v.limitsHeading(), Limits: v.limits(),
		Way: v.way(), Files: v.files(), Served: v.served(), Chain: v.chain(), Versions: v.versions(), Failures: v.failures(), Runs: v.runs(),
		Searched: v.searched(),
	}
	if more := otherNames(c); len(more) > maxUnfolded {
		page.More, page.Fold = more[maxUnfolded:], "and "+count(len(more)-maxUnfolded, "more name", "more names")
	}
	if v.PEM != "" {
		page.File = templates.Link{Text: "Download the certificate and its chain (PEM)", Address: certificateAddress(v.link, v.id) + chainFile}
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
	switch {
	case v.isRevoked() && c.Keyless:
		return "It stays in service until it is replaced, which takes another request, by another key: wcme certify --csr FILE."
	case v.isRevoked():
		return "It stays in service until it is replaced, which the overseer sees to."
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
		text += ", and will be renewed on " + utc(at)
	}
	return text + "."
}

// notes are what is wrong, the worst first.
func (v certificateView) notes() (notes []templates.Problem) {
	c := v.Certificate
	heading := "It cannot be used"
	if v.isRevoked() {
		heading = "Its CA tells everybody not to believe it any more"
	}
	if c.Problem != "" {
		notes = append(notes, templates.Problem{Tone: templates.Broken, Heading: heading, Text: opening(sentence(readable(c.Problem))),
			Try: toTry(c.Hint), Repair: v.repair(acmecore.RepairRenew)})
	}
	if c.Trouble != "" {
		note := templates.Problem{Tone: templates.Bad, Heading: "The last attempt failed", Try: toTry(c.Hint)}
		note.Words, note.Text = apart(c.Trouble)
		note.Text = opening(sentence(readable(note.Text)))
		if c.Next.After(v.now) {
			note.Meaning = "wCME tries again on " + utc(c.Next) + "."
		}
		notes = append(notes, note)
	}
	if v.Drift != "" && c.Problem == "" && c.Version != "" {
		notes = append(notes, templates.Problem{Tone: templates.Due, Heading: "What was issued, what is on disk and what is served part",
			Text: opening(sentence(readable(v.Drift))), Repair: v.repair(v.Repair)})
	}
	return notes
}

// repair leads to what puts the certificate right, for those who may do it.
func (v certificateView) repair(repair acmecore.Repair) templates.Link {
	for _, act := range certificateActs() {
		if act.path == string(repair) && v.role.May(act.deed.Role()) {
			return templates.Link{Text: act.text, Address: act.address(v.link, v.id)}
		}
	}
	return templates.Link{}
}

// actions are what the visitor may do.
func (v certificateView) actions() (actions []templates.CertificateAction) {
	for _, act := range certificateActs() {
		if act.deed == control.DeedRevoke {
			actions = append(actions, v.change()...)
		}
		if v.role.May(act.deed.Role()) && (v.Certificate.Version != "" || !act.ofVersion) {
			actions = append(actions, templates.CertificateAction{Text: act.text, Address: act.address(v.link, v.id), Class: act.class})
		}
	}
	return actions
}

// change leads to the form that orders a certificate, for another one instead of this.
func (v certificateView) change() []templates.CertificateAction {
	if !v.role.May(control.DeedCertify.Role()) || len(v.Certificate.Names) == 0 {
		return nil
	}
	return []templates.CertificateAction{{Text: "Change what is ordered", Address: wishAddress(v.link, wishFor(v.Certificate)), Class: "button quiet"}}
}

// facts are what the certificate says of itself, and its record of it.
func (v certificateView) facts() []templates.Fact {
	c := v.Certificate
	more := otherNames(c)
	facts := []templates.Fact{
		{Term: "Names", Text: firstName(c), More: more[:min(len(more), maxUnfolded)]},
		{Term: "CA", Text: v.authority()},
		{Term: "Profile", Text: orText(c.Profile, "the CA’s default")},
	}
	facts = slices.Concat(facts, v.alternatives(), v.proofs(), v.twins())
	if c.Version == "" {
		return facts
	}
	return append(facts,
		templates.Fact{Term: "Subject", Text: orNone(v.Subject)},
		templates.Fact{Term: "Issuer", Text: orNone(c.Issuer)},
		templates.Fact{Term: "Valid from", Text: "unknown", When: moment(c.NotBefore)},
		templates.Fact{Term: "Expires", Text: "unknown", When: moment(c.NotAfter)},
		templates.Fact{Term: "Serial number", Text: acmecore.Inert(c.Serial), Code: true},
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
	facts := []templates.Fact{planned, {Term: "Why then", Text: orText(readable(c.Renewal.Text), "nothing is planned")}}
	if info.Fingerprint == c.Fingerprint && !info.Start.IsZero() {
		facts = append(facts, templates.Fact{Term: "The CA’s window", Text: inWords(info.Start) + " to " + utc(info.End)})
	}
	if explanation := cmp.Or(c.Renewal.Explanation, info.Explanation); explanation != "" {
		facts = append(facts, templates.Fact{Term: "The CA explains it at", Text: acmecore.Inert(explanation), Code: true})
	}
	if !info.Asked.IsZero() {
		facts = append(facts, templates.Fact{Term: "The CA was asked", When: moment(info.Asked)})
	}
	if info.Problem != "" {
		facts = append(facts, templates.Fact{Term: "It did not say when", Text: readable(info.Problem)})
	}
	if c.Next.After(v.now) {
		facts = append(facts, templates.Fact{Term: "Next attempt", When: moment(c.Next)})
	}
	return append(append(facts, templates.Fact{Term: "Targets", Text: orNone(strings.Join(c.Targets, ", "))},
		templates.Fact{Term: "Load actions", Text: orNone(strings.Join(c.Loads, ", "))}), verifiedAt(v.Details)...)
}

// verifiedAt is where visitors are looked for. A configured address may have a port of its
// own, which counts there in place of the others.
func verifiedAt(d acmecore.Details) []templates.Fact {
	if len(d.Ports) == 0 {
		return []templates.Fact{{Term: "Verified at ports", Text: "none"}}
	}
	ports := acmecore.Inert(strings.Join(d.Ports, ", "))
	if len(d.Probe) == 0 {
		return []templates.Fact{{Term: "Verified at ports", Text: ports}, {Term: "Of the addresses", Text: "that the DNS has for the names"}}
	}
	return []templates.Fact{{Term: "Verified at addresses", Text: acmecore.Inert(strings.Join(d.Probe, ", "))}, {Term: "Ports, unless given there", Text: ports}}
}

// limits are how much of what the CA allows is used up.
func (v certificateView) limits() []templates.CertificateLimit {
	return append([]templates.CertificateLimit{
		limit(v.Budget.Issued7Days, v.Budget.Issued7Limit, "for these very names in the last seven days", "certificate", "certificates"),
		limit(v.Budget.FailuresHour, v.Budget.FailuresLimit, "of a name in the last hour", "refusal", "refusals"),
	}, v.otherLimits()...)
}

// limitsHeading says whose limits these are. Only those of Let's Encrypt are known.
func (v certificateView) limitsHeading() string {
	if v.Budget.Issued7Limit > 0 {
		return "What Let’s Encrypt allows"
	}
	return "Asked of the CA lately"
}

// limit is how much of a limit is used up; of one that is not known, only how much.
func limit(used, most int, text, one, many string) templates.CertificateLimit {
	if most == 0 {
		return templates.CertificateLimit{Text: count(used, one, many) + " " + text}
	}
	tone := templates.Good
	switch {
	case isUsedUp(used, most):
		tone = templates.Bad
	case 2*used >= most:
		tone = templates.Due
	}
	return templates.CertificateLimit{Text: ofLimit(used, most) + " " + many + " " + text, Percent: fmt.Sprint(min(100*used/max(most, 1), 100)), Tone: tone}
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
			shown.Tone, shown.State, shown.Problem = templates.Bad, "revoked", "on "+utc(version.Revoked)
		case version.Problem != "":
			shown.Tone, shown.State, shown.Problem = templates.Broken, "unusable", capital(readable(version.Problem))
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
