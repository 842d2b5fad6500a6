package order

import (
	"strings"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// The hints that fit more than one error.
const (
	hintRefused  = "mend what the CA names, and try again"
	hintTrouble  = "the CA is in trouble; try again later"
	hintTellCA   = "if it does so again, tell the CA"
	hintWayOut   = "is there a way out to the CA? HTTPS_PROXY is honoured"
	hintBinding  = "get a key identifier and an HMAC key from the CA, and set eab_kid and eab_key of its [authority.NAME] in wcme.toml"
	hintNewOrder = "try again; the next attempt places a new order"
	hintMethods  = "set up another way to prove it: `wcme check challenge` shows those there are"
	hintProfile  = "`wcme check ca` lists the profiles there are"
)

// hintFor says what to try about what the CA told: of the whole, or of the first
// name of which it told something that there is a hint for.
func hintFor(told *acme.Error, kind acmecore.Kind) string {
	hint := hintForProblem(told.ProblemType, kind)
	for _, sub := range told.Subproblems {
		if hint == hintRefused {
			hint = hintForProblem(sub.Type, kind)
		}
	}
	return hint
}

// hintForName says what to try about a name that was refused (RFC 8555 section
// 6.7 has the types).
func hintForName(told *acme.Error) string {
	switch strings.TrimPrefix(told.ProblemType, problemPrefix) {
	case "connection", "unauthorized", "incorrectResponse", "tls":
		return "does http://NAME/.well-known/acme-challenge/test, from outside, say `Challenge received`? if not, map that path to wcme on port 80"
	case "dns":
		return "has the name an address (A or AAAA) that everybody can look up?"
	}
	return hintFor(told, acmecore.Refused)
}

// hintForProblem says what to try about a problem of a type, or of a kind where
// the type says nothing.
func hintForProblem(problemType string, kind acmecore.Kind) string {
	switch strings.TrimPrefix(problemType, problemPrefix) {
	case "caa":
		return "a CAA record of the name, or of a domain above it, names other CAs"
	case "rejectedIdentifier", "unsupportedIdentifier":
		return "the CA does not certify this name; is it spelt right?"
	case "accountDoesNotExist":
		return "the CA does not know the account (any more): wcme register --new"
	case "unauthorized":
		return "is the account still in force there? wcme register --new makes another"
	case "userActionRequired":
		return "read what the CA says, then register again: wcme register"
	case "externalAccountRequired":
		return hintBinding
	case "invalidContact", "unsupportedContact":
		return "set `contact` in wcme.toml to a mail address that the CA accepts"
	case "invalidProfile":
		return hintProfile
	case "badCSR", "badPublicKey":
		return "does the CA take keys of this kind? `key` in wcme.toml sets another"
	case "serverInternal":
		return hintTrouble
	case "orderNotReady":
		return hintNewOrder
	case "badNonce":
		return "the CA refused several nonces in a row; try again later"
	}
	switch kind {
	case acmecore.Limited:
		return "wait; another attempt before that time would be refused too"
	case acmecore.Unreachable:
		return hintTrouble
	}
	return hintRefused
}
