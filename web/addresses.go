package web

import (
	"wcme/acmecore"
)

// The addresses of certificates, jobs and runs, each in one place. A path is what comes
// after the place that the program is mounted at; link puts that before it, as
// Visitor.link does.

// certificatePath is the path of a certificate's page, before its ID.
const certificatePath = adminPath + "/certificate"

// chainFile is the last part of the path of a certificate's chain.
const chainFile = "/chain.pem"

// jobPath is the path of the page of a job.
func jobPath(id string) string { return adminPath + "/job/" + id }

// certificateAddress is where a certificate's page is; "" for what is no ID.
func certificateAddress(link func(path string) string, id acmecore.ID) string {
	if _, err := acmecore.ParseID(string(id)); err != nil {
		return ""
	}
	return link(certificatePath + "/" + string(id))
}

// runAddress is where the record of a run is; "" for what is no name of one.
func runAddress(link func(path string) string, id string) string {
	if !isRunID(id) {
		return ""
	}
	return link(runsPath + "/" + id)
}

// wishAddress is the form that orders a certificate, filled in.
func wishAddress(link func(path string) string, wish acmecore.Rehearsal) string {
	return link(certifyPath) + "?" + rehearsedForm(wish).Encode()
}

// wishFor is what would order what a certificate has. A CA that is a URL cannot be chosen
// in the form.
func wishFor(c acmecore.Certificate) acmecore.Rehearsal {
	asked := acmecore.Asked{Key: c.Key, Profile: c.Profile, Install: chosenOf(c.Targets), Load: chosenOf(c.Loads)}
	if isWord(c.CA) {
		asked.CA = c.CA
	}
	return acmecore.Rehearsal{Names: c.Names, Asked: asked}
}

// chosenOf is a list that was chosen, and not left open: none is not nil.
func chosenOf(names []string) []string { return append([]string{}, names...) }
