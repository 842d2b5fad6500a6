package order

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// RefusedError says that the CA refused to believe that a name is ours.
type RefusedError struct {
	Name   string // the host name
	Reason error  // inert
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s was refused: %v", e.Name, e.Reason) }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Reason }

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
	Type   string // "urn:ietf:params:acme:error:…"
	Detail string
	Status int // of HTTP
}

func (p *Problem) Error() string {
	switch {
	case p.Detail != "" && p.Type != "":
		return fmt.Sprintf("the CA says %q (%s)", p.Detail, p.Type)
	case p.Detail != "":
		return fmt.Sprintf("the CA answers with status %d: %q", p.Status, p.Detail)
	}
	return fmt.Sprintf("the CA answers with status %d %s", p.Status, http.StatusText(p.Status))
}

const problemPrefix = "urn:ietf:params:acme:error:"

// The limits of what a Retry-After postpones: a day, and an hour where a rate
// limit comes without one.
const (
	maxPostponed     = 24 * time.Hour
	defaultPostponed = time.Hour
)

var errAttemptTime = errors.New("the CA did not come to an end within 30 minutes")

// explain turns what the library or the transport returned into an error for
// people: nil stays nil, and a context's end stays as it is.
func (c *Client) explain(err error, op, subject string) error {
	var told *acme.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*acmecore.Error)):
		return err
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &told):
		return c.explainProblem(told, op, subject)
	}
	return explainExchange(err, op, subject)
}

// explainProblem explains what the CA told.
func (c *Client) explainProblem(told *acme.Error, op, subject string) error {
	problem := &Problem{Type: acmecore.Inert(told.ProblemType), Detail: acmecore.Inert(told.Detail), Status: told.StatusCode}
	explained := &acmecore.Error{Kind: acmecore.Refused, Op: op, Subject: subject, Cause: withSubproblems(problem, told)}
	limited := told.StatusCode == http.StatusTooManyRequests || told.ProblemType == problemPrefix+"rateLimited"
	switch wait, asked := parseRetryAfter(told.Header.Get("Retry-After"), c.now()); {
	case limited && !asked:
		explained.Kind = acmecore.Limited
		explained.Cause = &LimitedError{Until: c.now().Add(defaultPostponed), Reason: explained.Cause}
	case limited, asked && told.StatusCode == http.StatusServiceUnavailable:
		explained.Kind = acmecore.Limited
		wait = min(max(wait, minRetryAfter), maxPostponed)
		explained.Cause = &LimitedError{Until: c.now().Add(wait), Reason: explained.Cause}
	case told.StatusCode >= 500, told.StatusCode < 400:
		explained.Kind = acmecore.Unreachable
	}
	explained.Hint = hintForProblem(told.ProblemType, explained.Kind)
	return explained
}

// withSubproblems adds what the CA said of single names (RFC 8555 section 6.7.1).
func withSubproblems(problem *Problem, told *acme.Error) error {
	if len(told.Subproblems) == 0 {
		return problem
	}
	all := []error{problem}
	for i, sub := range told.Subproblems {
		if i == acmecore.MaxNames {
			break
		}
		all = append(all, fmt.Errorf("%s: %q (%s)", subject(sub.Identifier), acmecore.Inert(sub.Detail), acmecore.Inert(sub.Type)))
	}
	return errors.Join(all...)
}

func subject(identifier *acme.AuthzID) string {
	if identifier == nil {
		return "in detail"
	}
	return acmecore.Inert(identifier.Value)
}

// explainExchange explains why a request had no usable answer.
func explainExchange(err error, op, subject string) error {
	explained := &acmecore.Error{Kind: acmecore.Unreachable, Op: op, Subject: subject, Cause: err}
	var (
		wrapped   *url.Error
		dns       *net.DNSError
		untrusted *tls.CertificateVerificationError
	)
	if errors.As(err, &wrapped) {
		explained.Cause = wrapped.Err // the URL is the subject already
	}
	switch {
	case errors.As(err, new(*foreignHost)):
		explained.Hint = "if the CA documents that host, add it to `hosts` of its [authority.NAME] in wcme.toml"
	case errors.As(err, &untrusted):
		explained.Cause = fmt.Errorf("its TLS certificate is not trusted: %w", untrusted.Err)
		explained.Hint = hintForTLS(untrusted.Err)
	case errors.As(err, &dns):
		explained.Cause = fmt.Errorf("the name %q has no address: %s", dns.Name, dns.Err)
		explained.Hint = "is the directory's URL right, and does this host's DNS work?"
	case errors.Is(err, context.DeadlineExceeded):
		explained.Cause = errors.New("no answer within 60 s")
		explained.Hint = "is there a way out to the CA? HTTPS_PROXY is honoured"
	case errors.As(err, new(*net.OpError)):
		explained.Hint = "is there a way out to the CA? HTTPS_PROXY is honoured"
	}
	return explained
}

func hintForTLS(err error) string {
	if errors.As(err, new(x509.UnknownAuthorityError)) {
		return "for a CA of your own, put its root into etc/cacert.pem, or name it in `roots` of its [authority.NAME] in wcme.toml"
	}
	return "is the clock right, and is it the CA that answers?"
}

// passing tells whether the same request may fare better in a moment.
func (c *Client) passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.As(err, new(*foreignHost)) {
		return false
	}
	if limited := new(LimitedError); errors.As(err, &limited) {
		return limited.Until.Sub(c.now()) <= maxRetryAfter
	}
	return acmecore.KindOf(err) == acmecore.Unreachable
}

// isGone tells whether the CA no longer knows what was asked for.
func isGone(err error) bool {
	var told *acme.Error
	var problem *Problem
	switch {
	case errors.As(err, &told):
		return told.StatusCode == http.StatusNotFound
	case errors.As(err, &problem):
		return problem.Status == http.StatusNotFound
	}
	return false
}

// isNotReady tells whether the CA has not yet seen that all names are proved.
func isNotReady(err error) bool {
	var told *acme.Error
	return errors.As(err, &told) && told.ProblemType == problemPrefix+"orderNotReady"
}

// refusedName explains an authorization that ended without being valid, with
// what the CA said of its challenge.
func refusedName(name string, authorization *acme.Authorization) error {
	for _, challenge := range authorization.Challenges {
		var told *acme.Error
		if errors.As(challenge.Error, &told) {
			problem := &Problem{Type: acmecore.Inert(told.ProblemType), Detail: acmecore.Inert(told.Detail), Status: told.StatusCode}
			return refusal(name, problem, told.ProblemType)
		}
	}
	return refusal(name, fmt.Errorf("its authorization is %q", acmecore.Inert(authorization.Status)), "")
}

func refusal(name string, reason error, problemType string) error {
	return &acmecore.Error{Kind: acmecore.Refused, Op: "prove", Subject: name,
		Cause: &RefusedError{Name: name, Reason: reason}, Hint: hintForProblem(problemType, acmecore.Refused)}
}

// refusedOrder explains an order that became invalid.
func (c *Client) refusedOrder(order *acme.Order) error {
	if order.Error != nil {
		return c.explainProblem(order.Error, "order", order.URI)
	}
	return &acmecore.Error{Kind: acmecore.Refused, Op: "order", Subject: order.URI,
		Cause: fmt.Errorf("it is %q", acmecore.Inert(order.Status)), Hint: "try again; the next attempt places a new order"}
}
