package order

import (
	"strings"

	"wcme/acmecore"
)

// hintForProblem says what to try about a problem type of RFC 8555 section 6.7.
func hintForProblem(problemType string, kind acmecore.Kind) string {
	kindOfProblem, _ := strings.CutPrefix(problemType, problemPrefix)
	switch kindOfProblem {
	case "connection", "unauthorized", "incorrectResponse", "tls":
		return "does http://NAME/.well-known/acme-challenge/test, from outside, say `Challenge received`? if not, map that path to wcme on port 80"
	case "dns":
		return "has the name an address (A or AAAA) that everybody can look up?"
	case "caa":
		return "a CAA record of the name, or of a domain above it, names other CAs"
	case "rejectedIdentifier", "unsupportedIdentifier":
		return "the CA does not certify this name; is it spelt right?"
	case "accountDoesNotExist":
		return "the CA does not know the account (any more): wcme register --new"
	case "userActionRequired":
		return "read what the CA says, then register again: wcme register"
	case "externalAccountRequired":
		return "set eab_kid and eab_key of the CA's [authority.NAME] in wcme.toml"
	case "invalidContact", "unsupportedContact":
		return "set `contact` in wcme.toml to a mail address that the CA accepts"
	case "invalidProfile":
		return "`wcme check ca` lists the profiles there are"
	case "badNonce":
		return "the CA refused several nonces in a row; try again later"
	}
	switch kind {
	case acmecore.Limited:
		return "wait; another attempt before that time would be refused too"
	case acmecore.Unreachable:
		return "the CA is in trouble; try again later"
	}
	return ""
}
