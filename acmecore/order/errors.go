package order

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// RefusedError says that the CA refused to believe that a name is ours.
type RefusedError struct {
	Name   string          // the host name
	Method acmecore.Method // by which the CA tried; "" where that is not known
	Reason error           // inert
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s was refused: %v", e.Name, e.Reason) }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Reason }

// NameError is what the CA says of one of several names, in an error about all of
// them (RFC 8555 section 6.7.1).
type NameError struct {
	Name   string // the host name, inert
	Reason error  // inert
}

func (e *NameError) Error() string { return fmt.Sprintf("of %s %v", e.Name, e.Reason) }

// Unwrap returns the reason.
func (e *NameError) Unwrap() error { return e.Reason }

// LimitedError says that the CA asked to be left alone until some time.
type LimitedError struct {
	Until  time.Time
	Reason error // inert
}

func (e *LimitedError) Error() string {
	return fmt.Sprintf("%v; not before %s", e.Reason, e.Until.UTC().Format(time.RFC3339))
}

// Unwrap returns the reason.
func (e *LimitedError) Unwrap() error { return e.Reason }

// Problem is an error as a CA told it (RFC 7807, RFC 8555 section 6.7), inert.
type Problem struct {
	Type     string // "urn:ietf:params:acme:error:…"; "" of an answer that is no problem document
	Detail   string
	Status   int    // of HTTP; 0 where the CA did not say
	Instance string // URL of what a person should read; "" for none
	// Addresses are the https URLs that the Detail has in it, which is cut where it is
	// long, and the Instance.
	Addresses []string
	Terms     string // URL of the terms of service that the answer leads to; "" for none
}

const problemPrefix = "urn:ietf:params:acme:error:"

func (p *Problem) Error() string {
	text := p.sentence()
	if p.Type != "" {
		text += " (" + strings.TrimPrefix(p.Type, problemPrefix) + ")"
	}
	if p.Instance != "" {
		text += "; see " + p.Instance
	}
	if p.Terms != "" {
		text += "; its terms of service are " + p.Terms
	}
	return text
}

func (p *Problem) sentence() string {
	status := fmt.Sprintf("the CA answers with status %d %s", p.Status, http.StatusText(p.Status))
	switch {
	case p.Status > 0 && p.Status < 400:
		return strings.TrimSpace(status) + ", which RFC 8555 does not foresee here"
	case p.Detail != "" && (p.Type != "" || p.Status == 0):
		return fmt.Sprintf("the CA says %q", p.Detail)
	case p.Detail != "":
		return fmt.Sprintf("%s: %q", strings.TrimSpace(status), p.Detail)
	case p.Status == 0:
		return "the CA does not say why"
	}
	return strings.TrimSpace(status)
}

// problemOf returns what the library read, inert and without the secrets of
// challenges, with what the CA said of single names (RFC 8555 section 6.7.1).
func (c *Client) problemOf(told *acme.Error) error {
	told = c.secrets.conceal(told)
	problem := &Problem{Type: acmecore.Inert(told.ProblemType), Detail: acmecore.Inert(told.Detail),
		Status: statusOf(told), Instance: acmecore.Inert(told.Instance), Addresses: addressesOf(told.Detail, told.Instance)}
	if strings.HasSuffix(problem.Type, ":userActionRequired") {
		problem.Terms = termsOf(told.Header)
	}
	if problem.Detail == fmt.Sprintf("%d %s", problem.Status, http.StatusText(problem.Status)) {
		problem.Detail = "" // the library puts the status where the body is empty
	}
	all := []error{problem}
	for _, sub := range told.Subproblems[:min(len(told.Subproblems), acmecore.MaxNames)] {
		told := &Problem{Type: acmecore.Inert(sub.Type), Detail: acmecore.Inert(sub.Detail)}
		if sub.Identifier == nil {
			all = append(all, told)
			continue
		}
		all = append(all, &NameError{Name: acmecore.Inert(sub.Identifier.Value), Reason: told})
	}
	return joined(all...)
}

// statusOf returns the status of the answer, and the one that the problem claims
// where it came inside of another object.
func statusOf(told *acme.Error) int {
	if status, err := strconv.Atoi(told.Header.Get(headerStatus)); err == nil {
		return status
	}
	return told.StatusCode
}

// problems are several errors, on one line.
type problems []error

// joined makes one error of those that are not nil. It has the kind and the hint
// of the first one.
func joined(all ...error) error {
	all = slices.DeleteFunc(slices.Clone(all), func(err error) bool { return err == nil })
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return problems(all)
}

func (p problems) Error() string {
	texts := make([]string, 0, len(p))
	for _, err := range p {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors.
func (p problems) Unwrap() []error { return p }

// IsBadKey tells whether the CA does not take the key of the certificate, which it sees
// when the order is finalized. Elsewhere the same problem is about the key that a request
// is signed by, the account's (RFC 8555 sections 6.2 and 6.7).
func IsBadKey(err error) bool {
	told := new(acmecore.Error)
	return isType(err, "badPublicKey") && errors.As(err, &told) && told.Op == opFinalize
}

// IsUnknownAccount tells whether the CA does not know the account.
func IsUnknownAccount(err error) bool { return isType(err, "accountDoesNotExist") }

// isType tells whether a problem of one of these types is in the error.
func isType(err error, types ...string) bool {
	problem := new(Problem)
	return errors.As(err, &problem) && slices.Contains(types, strings.TrimPrefix(problem.Type, problemPrefix))
}

// isUnknown tells whether the CA does not know, or does not show us, what was
// asked for.
func isUnknown(err error) bool {
	problem := new(Problem)
	if errors.As(err, &problem) && (problem.Status == http.StatusNotFound || problem.Status == http.StatusGone) {
		return true
	}
	return isType(err, "unauthorized", "malformed")
}

// isEnd tells whether an error is the end of the order: whatever the CA refused,
// it will refuse again, unless it is the account that it wants something of.
func isEnd(err error) bool {
	return acmecore.KindOf(err) == acmecore.Refused &&
		!isType(err, "accountDoesNotExist", "userActionRequired", "externalAccountRequired")
}
