package order

import (
	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// The hints that fit more than one error.
const (
	hintRefused  = "mend what the CA names, and try again"
	hintTrouble  = "the CA is in trouble; try again later"
	hintTellCA   = "if it does so again, tell the CA"
	hintWayOut   = "is there a way out to the CA? HTTPS_PROXY is honoured"
	hintNewOrder = "try again; the next attempt places a new order"
	hintMethods  = "set up another way to prove it: `wcme check challenge` shows those there are"
	hintProfile  = "`wcme check ca` lists the profiles there are"
	hintValidity = "few CAs let anybody choose how long a certificate is valid: leave `validity` out"
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

// hintForName says what to try about a name that was not believed, by the method that it
// was to be proved by.
func hintForName(told *acme.Error, method acmecore.Method) string {
	if explanation, found := acmecore.Explain(told.ProblemType); found && explanation.By[method] != "" {
		return explanation.By[method]
	}
	return hintFor(told, acmecore.Refused)
}

// hintForProblem says what to try about a problem of a type, or of a kind where
// the type says nothing.
func hintForProblem(problemType string, kind acmecore.Kind) string {
	explanation, found := acmecore.Explain(problemType)
	switch {
	case found && explanation.Type != "malformed" && explanation.Type != "compound": // which say nothing
		return explanation.Check
	case kind == acmecore.Limited:
		limited, _ := acmecore.Explain("rateLimited")
		return limited.Check
	case kind == acmecore.Unreachable:
		return hintTrouble
	}
	return hintRefused
}
