package web

import (
	"fmt"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// renewForm is for another certificate before one is due.
func renewForm(d acmecore.Details) deedForm {
	c := d.Certificate
	form := deedForm{
		heading: "Renew " + firstName(c) + " now",
		text: []string{
			"wCME orders another certificate for these names at once, due or not, and puts it into service: it installs it, runs the load actions, which may restart servers, and looks whether visitors are served it.",
			"The one that there is stays until then, and is kept as a version that you can restore. The new one gets a new key, unless the certificate’s record keeps the key (reuse_key, csr).",
		},
		facts: append(orderFacts(c),
			templates.Fact{Term: "Same names in seven days", Text: issuedOf(d.Budget) + "; this is one more"},
			templates.Fact{Term: "Refusals in the last hour", Text: ofLimit(d.Budget.FailuresHour, d.Budget.FailuresLimit) + " of a name"}),
		button: templates.Button{Text: "Renew now"},
	}
	switch {
	case isUsedUp(d.Budget.Issued7Days, d.Budget.Issued7Limit):
		form.warning = "By our own account the CA will refuse: it issues no more for the same names within seven days."
	case isUsedUp(d.Budget.FailuresHour, d.Budget.FailuresLimit):
		form.warning = "By our own account the CA will refuse: it could not validate a name too often in the last hour. Mend what it names first, and wait for an hour."
	}
	return form
}

// orderFacts are what would be ordered.
func orderFacts(c acmecore.Certificate) []templates.Fact {
	facts := []templates.Fact{{Term: "Names", Text: firstName(c), More: otherNames(c)}, {Term: "CA", Text: orNone(c.CA)}}
	if c.Profile != "" {
		facts = append(facts, templates.Fact{Term: "Profile", Text: acmecore.Inert(c.Profile)})
	}
	return append(facts, templates.Fact{Term: "The current one expires", Text: "there is none", When: moment(c.NotAfter)})
}

// loadForm is for what brings the current version into service.
func loadForm(d acmecore.Details) deedForm {
	form := deedForm{
		heading: "Run the load of " + firstName(d.Certificate),
		text: []string{
			"wCME puts the files right where they are not up to date, runs the load actions below as the administrator of this host has configured them, and then looks whether visitors are served the certificate. Nothing is ordered.",
			"This may restart servers. If a load fails, the files before go back.",
		},
		button: templates.Button{Text: "Run the load"},
	}
	if d.Repair == acmecore.RepairRenew {
		form.text = []string{"There is nothing that could be loaded: the certificate was never obtained, has expired, or cannot be used. Renew it first; that installs and loads it, too."}
		form.button.Text = ""
		return form
	}
	if len(d.Loads) == 0 {
		form.text = []string{"No load action concerns this certificate: wCME only puts its files right, and looks whether visitors are served it. Nothing is ordered.",
			"Load actions are configured in wcme.toml, as [[load]]."}
		form.button.Text = "Put it right"
	}
	for i, load := range d.Loads {
		state := "has not loaded the current version yet"
		if load.Current {
			state = "has loaded the current version"
		}
		form.facts = append(form.facts, templates.Fact{Term: "Action " + strconv.Itoa(i+1), Text: acmecore.Inert(load.Action), More: []string{state}})
	}
	return form
}

// verifyForm is for a look at what visitors are served.
func verifyForm(d acmecore.Details) deedForm {
	form := deedForm{
		heading: "Verify " + firstName(d.Certificate),
		text: []string{"wCME compares what was issued with the files in the targets, connects to the servers as a visitor would, and says what it was shown. Nothing is changed.",
			"It takes some seconds for each place that does not answer."},
		facts:  []templates.Fact{{Term: "Names", Text: firstName(d.Certificate), More: otherNames(d.Certificate)}},
		button: templates.Button{Text: "Verify now"},
	}
	form.facts = append(form.facts, verifiedAt(d)...)
	if len(d.Ports) == 0 {
		form.text[0] = "wCME compares what was issued with the files in the targets. No port is configured for this certificate, so that no server is asked. Nothing is changed."
	}
	return form
}

// restoreForm is for the way back to an earlier version.
func restoreForm(d acmecore.Details) deedForm {
	form := deedForm{
		heading: "Restore a version of " + firstName(d.Certificate),
		text: []string{
			"The version that you choose becomes the current one. wCME installs it, runs the load actions, which may restart servers, and looks whether visitors are served it. Nothing is ordered, and the version that is current now is kept.",
			"One that is due for renewal is renewed again by the next pass.",
		},
	}
	var choices []templates.Choice
	for _, version := range d.Versions {
		if !version.Current && version.Problem == "" && isVersion(version.Name) {
			choices = append(choices, templates.Choice{Value: version.Name, Text: versionText(version), Chosen: len(choices) == 0})
		}
	}
	if len(choices) == 0 {
		form.text = []string{"No other version is kept that could be used. wCME keeps five of them, and a new one is made by each renewal."}
		return form
	}
	form.fields = []templates.Field{{Name: "version", Label: "Version", Type: "radios", Choices: choices}}
	form.button = templates.Button{Text: "Restore it"}
	return form
}

// isVersion tells whether the name can be one of a version, which has digits alone.
func isVersion(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

func versionText(v acmecore.Version) string {
	text := fmt.Sprintf("%s, expires %s, serial number %s", acmecore.Inert(v.Name), utc(v.NotAfter), acmecore.Inert(v.Serial))
	if v.Current {
		text += " (the current one)"
	}
	return text
}

// revokeForm is for telling the world not to believe a certificate any more.
func revokeForm(d acmecore.Details) deedForm {
	form := deedForm{
		heading: "Revoke a certificate of " + firstName(d.Certificate),
		text: []string{
			"The CA tells everybody not to believe the certificate any more. This cannot be taken back, and does not help against visitors who do not ask the CA.",
			"It is the right thing when somebody else may have its key, or when the names are no longer yours. It is not needed to renew, or to stop using a certificate.",
			"The current version stays in service until it is replaced: some visitors will see a warning. The overseer obtains another one within a minute. Its key is a new one, unless the certificate’s record keeps the key (reuse_key, csr); one that somebody else may have is never used again.",
		},
	}
	var choices []templates.Choice
	for _, version := range d.Versions {
		if version.Revoked.IsZero() && version.Fingerprint != "" && isVersion(version.Name) {
			choices = append(choices, templates.Choice{Value: version.Name, Text: versionText(version), Chosen: version.Current})
		}
	}
	if len(choices) == 0 {
		form.text = []string{"There is no version that could be revoked: none was obtained, or all that are kept are revoked already."}
		return form
	}
	form.fields = []templates.Field{
		{Name: "version", Label: "Version", Type: "select", Choices: choices},
		{Name: "reason", Label: "Reason", Type: "select", Help: "The CA publishes it (RFC 5280, section 5.3.1).", Choices: reasonChoices()},
		{Name: "understood", Label: "I understand that this cannot be taken back", Type: "checkbox", Required: true},
	}
	form.button = templates.Button{Text: "Revoke it", Grave: true}
	return form
}

func reasonChoices() (choices []templates.Choice) {
	for i, reason := range acmecore.RevocationReasons() {
		choices = append(choices, templates.Choice{Value: strconv.Itoa(int(reason)), Text: reasonText(reason), Chosen: i == 0})
	}
	return choices
}

func reasonText(reason acmecore.RevocationReason) string {
	switch reason {
	case acmecore.RevokedKeyCompromise:
		return "Key compromise: somebody else may have the key"
	case acmecore.RevokedSuperseded:
		return "Superseded: another certificate has taken its place"
	case acmecore.RevokedCessation:
		return "Cessation of operation: the names are not in use any more"
	}
	return "Unspecified"
}

// removeForm is for a certificate that wCME is to leave alone from then on.
func removeForm(d acmecore.Details) deedForm {
	form := deedForm{
		heading: "Stop managing " + firstName(d.Certificate),
		text: []string{
			"wCME does not renew, install or verify this certificate any more, and does not list it. An order that is in flight is dropped. Nothing is revoked, and no server is touched: whoever uses the files goes on with them until they expire.",
			"Everything below stays, so that this can be taken back: give the record its old name, and wCME goes on where it was; or certify the same names again, which orders another certificate.",
		},
		facts: []templates.Fact{
			{Term: "The record, renamed", Text: acmecore.Inert(d.Kept.Record), Code: true},
			{Term: "Keys and versions", Text: acmecore.Inert(d.Kept.Versions), Code: true},
		},
		button: templates.Button{Text: "Stop managing it", Grave: true},
	}
	var files []string
	for _, file := range d.Files {
		if file.Problem == "" {
			files = append(files, acmecore.Inert(file.Path))
		}
	}
	if len(files) > 0 {
		form.facts = append(form.facts, templates.Fact{Term: "Installed files", Text: files[0], More: files[1:], Code: true})
	}
	return form
}

// ofLimit reads "2 of 5"; where nobody knows the limit, "2".
func ofLimit(used, limit int) string {
	if limit == 0 {
		return number(used)
	}
	return fmt.Sprintf("%d of %d", used, limit)
}

// issuedOf reads "2 of 5 certificates"; where nobody knows the limit, "2 certificates".
func issuedOf(budget acmecore.Budget) string {
	if budget.Issued7Limit == 0 {
		return count(budget.Issued7Days, "certificate", "certificates")
	}
	return ofLimit(budget.Issued7Days, budget.Issued7Limit) + " certificates"
}

func isUsedUp(used, limit int) bool { return limit > 0 && used >= limit }
