package web

import (
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

// maxCommand is how many names a shown command may have; with more it would no
// longer be read.
const maxCommand = 5

// repair is what puts a certificate right: a button for those who may use it, and for
// others the command.
type repair struct {
	deed   control.Deed
	path   string // below the certificate's page
	button string
	words  string // before the command
}

func repairOf(c acmecore.Certificate, concern acmecore.Concern) repair {
	switch {
	case concern == acmecore.ConcernUnserved && c.Service == acmecore.ServiceUnseen:
		return repair{control.DeedVerify, "verify", "Look again", "Look again:"}
	case concern == acmecore.ConcernUnserved:
		return repair{control.DeedLoad, "load", "Install and load", "Let wCME make up for it:"}
	case concern == acmecore.ConcernMissing:
		return repair{control.DeedRenew, "renew", "Obtain", "Obtain it:"}
	case concern == acmecore.ConcernUnusable:
		return repair{control.DeedRenew, "renew", "Obtain again", "Obtain it again:"}
	case concern == acmecore.ConcernFailing:
		return repair{control.DeedRenew, "renew", "Try now", "Try it now:"}
	}
	return repair{control.DeedRenew, "renew", "Renew now", "Renew it now:"}
}

// alert says what is so with a certificate that needs attention, and what to try.
func (v listView) alert(c acmecore.Certificate) templates.Alert {
	concern := c.Concern(v.now)
	a := templates.Alert{Tone: toneOfConcern(concern), Name: firstName(c), Address: certificateAddress(v.link, c.ID), Text: v.concernInWords(c, concern), Cause: causeOf(c, concern)}
	if len(c.Names) == 0 { // nobody knows what to order
		a.Try = hintSentence(c.Hint)
	} else {
		v.advise(&a, c, concern)
	}
	if a.Cause != "" {
		a.Fold = "Why, and what to try"
		if a.Try == "" {
			a.Fold = "Why"
		}
	}
	return a
}

// advise offers what puts the certificate right: a button to those who may use it, and
// to others the command.
func (v listView) advise(a *templates.Alert, c acmecore.Certificate, concern acmecore.Concern) {
	repair := repairOf(c, concern)
	if c.Next.After(v.now) {
		a.Try = "wCME tries again on " + inWords(c.Next) + " UTC."
	}
	if a.Address != "" && v.role.May(repair.deed.Role()) {
		a.Action, a.Repair = a.Address+"/"+repair.path, repair.button
		a.Try = strings.TrimSpace(hintSentence(c.Hint) + " " + a.Try)
		return
	}
	words := "Run wcme certify with its names."
	if a.Code = repair.command(c); a.Code != "" {
		words = repair.words
	}
	a.Try = strings.TrimSpace(a.Try + " " + words)
}

func toneOfConcern(concern acmecore.Concern) templates.Tone {
	switch concern {
	case acmecore.ConcernExpired:
		return templates.Bad
	case acmecore.ConcernMissing:
		return templates.Missing
	case acmecore.ConcernLate:
		return templates.Due
	}
	return templates.Broken
}

// concernInWords is a sentence that follows the name.
func (v listView) concernInWords(c acmecore.Certificate, concern acmecore.Concern) string {
	switch concern {
	case acmecore.ConcernExpired:
		return "expired " + ago(c.DaysLeft(v.now)) + "."
	case acmecore.ConcernUnusable:
		if c.Revoked {
			return "has a certificate that was revoked."
		}
		return "has a certificate that cannot be used."
	case acmecore.ConcernMissing:
		return "has no certificate."
	case acmecore.ConcernUnserved:
		return unserved(c.Service)
	case acmecore.ConcernFailing:
		return "could not be renewed, and expires in " + left(c.DaysLeft(v.now)) + "."
	case acmecore.ConcernLate:
		return "was to be renewed on " + day(c.Renewal.At) + ", and expires in " + left(c.DaysLeft(v.now)) + "."
	}
	return "needs attention."
}

// causeOf is why it is so, in the words of whoever found out; "" where there is no more to
// say.
func causeOf(c acmecore.Certificate, concern acmecore.Concern) string {
	switch {
	case concern == acmecore.ConcernUnusable && c.Problem != "":
		return capital(sentence(shortened(c.Problem, maxCause)))
	case c.Trouble == "":
		return ""
	case concern == acmecore.ConcernFailing:
		return capital(sentence(shortened(c.Trouble, maxCause)))
	}
	return "The last attempt failed: " + sentence(shortened(c.Trouble, maxCause))
}

// maxCause is how much of a cause stands in the list, in bytes; the certificate's page
// has all of it.
const maxCause = 160

func unserved(service acmecore.Service) string {
	switch service {
	case acmecore.ServiceMissing:
		return "is not in every place where it is to be installed."
	case acmecore.ServiceUnloaded:
		return "is installed, and servers have not loaded it."
	}
	return "was loaded, and visitors do not meet it."
}

// command does the same on the command line.
func (r repair) command(c acmecore.Certificate) string {
	names := commandNames(c)
	switch {
	case names == "":
		return ""
	case r.deed == control.DeedVerify:
		return "wcme check served " + string(c.Names[0].ID())
	case r.deed == control.DeedLoad:
		return "wcme manage"
	}
	return "wcme certify " + names
}

// commandNames are the names of a certificate, as a reader will paste them into a root
// shell: "" unless each is one by our own rules.
func commandNames(c acmecore.Certificate) string {
	if len(c.Names) == 0 || len(c.Names) > maxCommand {
		return ""
	}
	names := make([]string, len(c.Names))
	for i, name := range c.Names {
		parsed, err := acmecore.ParseName(string(name))
		if err != nil || parsed != name {
			return ""
		}
		names[i] = string(parsed)
	}
	list := strings.Join(names, ",")
	if strings.Contains(list, "*") {
		return "'" + list + "'" // or else a shell takes it for files
	}
	return list
}
