package web

import (
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// send is what is to be done after a change of the configuration.
const send = " Write this into wcme.toml, and send the overseer SIGHUP:"

// allChecks are all that there are, in the order of the list.
func allChecks() []check {
	return append(append(checksOfWays(), reportChecks()...), dailyWork())
}

// dailyWork is no check: it does what the overseer would do by itself some time.
func dailyWork() check {
	return check{
		word: "work", name: "Daily work", deed: control.DeedManage, heading: "Do the daily work now", button: "Do it now",
		text: []string{
			"Looks at every certificate, and does what is due: renews, installs, loads and looks, as the overseer does by itself each day.",
			"What failed a short while ago waits for its time; a certificate's own page tries it at once.",
		},
		grave: "Where something is due, servers are reloaded. Visitors may notice.",
	}
}

// checksOfWays are those of the way that a certificate takes, from the CA to visitors.
func checksOfWays() []check {
	return []check{{
		word: "ca", name: "Certification authority", deed: control.DeedCheckCA, heading: "Check the certification authority", button: "Ask it now",
		text: []string{
			"Asks a certification authority for its directory, and shows what it says of itself: its terms, its profiles, and whether it wants an external account.",
			"That tells whether this host reaches it, through the proxy where there is one, and can verify its TLS certificate. " +
				"Nothing is ordered, no account is used, and none of its limits is touched.",
		},
		field: func(c acmecore.Choices) checkField {
			return choiceOf("ca", "Certification authority", "the one that is configured", c.CAs)
		},
	}, {
		word: "challenge", name: "Challenge path", deed: control.DeedCheckChallenge, heading: "Check the challenge path", button: "Ask for them now",
		text: []string{
			"Asks for a challenge of each managed name as a certification authority would, and shows how far each request got.",
			"For each name its addresses are looked up in the DNS, and each one, of IPv6 and of IPv4, is asked on port 80 for a token that wCME has just made; " +
				"redirects are followed as an authority follows them. Nothing is ordered, and no authority is asked.",
		},
		field: certificateField,
	}, {
		word: "load", name: "Load actions", deed: control.DeedCheckLoad, heading: "Check the load actions", button: "Run the load now",
		text: []string{
			"Runs what makes the servers read their certificates, as after a renewal of every certificate, and shows each command with its exit status and what it said.",
			"Certificates and files stay as they are.",
		},
		grave: "This is no rehearsal: servers are reloaded, and may be restarted, according to what the action does. Visitors may notice.",
		field: func(c acmecore.Choices) checkField {
			return choiceOf("action", "Load action", "all of them, in their order", c.Load)
		},
		missing: "No load action is configured, so that no server is told of a new certificate. The standard load finds the servers on this host." + send,
		code:    "[[load]]\nname = \"servers\"\nrun = \"+\"",
		lacks:   func(c acmecore.Choices) bool { return len(c.Load) == 0 },
	}, {
		word: "served", name: "What is served", deed: control.DeedCheckServed, heading: "Check what is served", button: "Look now",
		text: []string{
			"Connects to each name of a certificate as a visitor does, and compares what was issued, what stands on disk, and what is served.",
			"Where they part, it says where and what to try. Nothing is changed: the servers see a connection like any other.",
		},
		field: certificateField,
	}}
}

// reportChecks are those of the ways that reports go.
func reportChecks() []check {
	without := func(way control.ReportWay) func(acmecore.Choices) bool {
		return func(c acmecore.Choices) bool { return !slices.Contains(c.Reports, string(way)) }
	}
	return []check{{
		word: "mail", name: "Mail", deed: control.DeedCheckMail, heading: "Check the mail", button: "Send a test mail",
		text: []string{
			"Sends a test mail to each address that reports go to, now, and shows what the mail server said.",
			"That it was taken does not prove that it arrived: look into the mailboxes, and into their folders for unwanted mail.",
		},
		missing: "No mail address is configured, so that no report is sent by mail." + send,
		code:    "[report]\nmail = [\"system@example.org\"]",
		lacks:   without(control.ByMail),
	}, {
		word: "opcom", name: "Operator console", deed: control.DeedCheckOpcom, heading: "Check the operator console", button: "Write a test line",
		text: []string{
			"Writes a test line to each syslog facility that reports are logged to, or to the journal where there is one, and shows who has taken it.",
			"Look for the line there: its text says that it is a test.",
		},
		missing: "No facility is configured, so that no report is logged." + send,
		code:    "[report]\nopcom = [\"daemon\"]",
		lacks:   without(control.ByOpcom),
	}, {
		word: "webhook", name: "Webhooks", deed: control.DeedCheckWebhook, heading: "Check the webhooks", button: "Post a test message",
		text: []string{
			"Posts a test message to each webhook that reports go to, now, and shows what was answered.",
			"The addresses are secrets and are not shown: each is told by its host.",
		},
		missing: "No webhook is configured, so that no report is posted." + send,
		code:    "[report]\nwebhooks = [\"https://hooks.example.org/wcme\"]",
		lacks:   without(control.ByWebhook),
	}}
}

// certificateField narrows a check to one certificate. With ten thousand of them, a
// list to choose from would be of no use.
func certificateField(acmecore.Choices) checkField {
	return checkField{templates.Field{Name: "certificate", Label: "Certificate", Complete: "off",
		Help: "One by its name, as in www_example_org, or by its first host name. Leave it empty for all of them."}}
}
