package order

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// The limits of what a Retry-After postpones: a day, and an hour where a rate
// limit comes without one that makes sense.
const (
	maxPostponed     = 24 * time.Hour
	defaultPostponed = time.Hour
)

// explain turns what the library or the transport returned into an error for
// people: nil stays nil, and a context's end stays as it is.
func (c *Client) explain(err error, op, subject string) error {
	var (
		told *acme.Error
		sent *url.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case err == context.DeadlineExceeded: // the caller's; that of one request is wrapped
		return err
	case errors.As(err, &told):
		return c.explainProblem(told, op, subject)
	case errors.As(err, &sent) && sent.Op == "parse":
		return unreachable(op, subject, fmt.Sprintf("the CA leads to %q, which is no URL", acmecore.Inert(sent.URL)), hintTellCA)
	case errors.As(err, &sent):
		return explainExchange(sent.Err, op, subject)
	}
	return unreachable(op, subject, "the CA's answer cannot be read: "+unreadableText(err), hintTrouble)
}

// explainProblem explains what the CA told.
func (c *Client) explainProblem(told *acme.Error, op, subject string) error {
	explained := &acmecore.Error{Kind: acmecore.Refused, Op: op, Subject: subject, Cause: c.problemOf(told)}
	status := statusOf(told)
	limited := status == http.StatusTooManyRequests || strings.HasSuffix(told.ProblemType, ":rateLimited")
	wait, asked := retryAfter(told.Header, c.now())
	switch {
	case limited && (!asked || wait < 0):
		explained.Kind, wait = acmecore.Limited, defaultPostponed
	case limited, asked && status == http.StatusServiceUnavailable:
		explained.Kind, wait = acmecore.Limited, min(max(wait, minRetryAfter), maxPostponed)
	case status >= 500, status < 400, isBadNonceType(told.ProblemType):
		explained.Kind = acmecore.Unreachable
	}
	if explained.Kind == acmecore.Limited {
		explained.Cause = &LimitedError{Until: c.now().Add(wait), Reason: explained.Cause}
	}
	explained.Hint = hintFor(told, explained.Kind)
	return explained
}

func unreachable(op, subject, cause, hint string) error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: op, Subject: subject, Cause: errors.New(cause), Hint: hint}
}

// explainExchange explains why a request had no usable answer.
func explainExchange(err error, op, subject string) error {
	explained := &acmecore.Error{Kind: acmecore.Unreachable, Op: op, Subject: subject, Cause: &exchangeError{err}, Hint: hintTrouble}
	var (
		network   *net.OpError
		dns       *net.DNSError
		untrusted *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, errBadProxy):
		explained.Kind, explained.Hint = acmecore.Invalid, hintBadProxy
	case isAtProxy(err):
		explained.Hint = hintForProxy(err)
	case errors.As(err, new(*foreignHost)):
		explained.Hint = "if the CA documents that host, add it to `hosts` of its [authority.NAME] in wcme.toml"
	case errors.As(err, new(strayError)):
		explained.Hint = hintTellCA
	case errors.As(err, &untrusted):
		explained.Hint = hintForTLS(untrusted.Err)
	case errors.As(err, &dns):
		explained.Hint = "is the directory's URL right, and does this host's DNS work?"
	case errors.Is(err, context.DeadlineExceeded):
		explained.Hint = hintWayOut
	case errors.As(err, &network) && network.Op == "dial":
		explained.Hint = hintWayOut
	case errors.As(err, &network) && network.Op == "remote error": // of TLS
		explained.Hint = "wcme speaks TLS 1.2 and 1.3, without a certificate of its own; does the CA ask for something else?"
	}
	return explained
}

// exchangeError says in a user's words why there was no usable answer.
type exchangeError struct{ error }

// Unwrap returns what net/http said.
func (e *exchangeError) Unwrap() error { return e.error }

func (e *exchangeError) Error() string {
	var (
		dns       *net.DNSError
		untrusted *tls.CertificateVerificationError
		proxy     *proxyError
		late      *lateError
	)
	switch {
	case errors.As(e.error, &proxy):
		return proxy.Error()
	case errors.As(e.error, &untrusted):
		return "its TLS certificate is not trusted: " + acmecore.Inert(untrusted.Err.Error())
	case errors.As(e.error, &dns):
		return fmt.Sprintf("the name %q was not found: %s", dns.Name, acmecore.Inert(dns.Err))
	case errors.As(e.error, &late):
		return fmt.Sprintf("no answer within %g s", late.patience.Seconds())
	case errors.Is(e.error, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(e.error, io.EOF), errors.Is(e.error, io.ErrUnexpectedEOF), errors.Is(e.error, syscall.ECONNRESET), errors.Is(e.error, syscall.EPIPE):
		return "the connection was cut before the answer was there"
	}
	text := strings.TrimPrefix(e.error.Error(), "net/http: HTTP/1.x transport connection broken: ")
	return acmecore.Inert(strings.TrimPrefix(text, "net/http: "))
}

func hintForTLS(err error) string {
	if errors.As(err, new(x509.UnknownAuthorityError)) {
		return "for a CA of your own, put its root into etc/cacert.pem, or name it in `roots` of its [authority.NAME] in wcme.toml"
	}
	return "is the clock right, and is it the CA that answers?"
}

// isAnswer tells whether the CA answered with something that the library could
// not read.
func isAnswer(err error) bool {
	return !errors.As(err, new(*url.Error)) && !errors.As(err, new(*acme.Error)) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// unreadableText says what the library could not read, without the words of the
// library and of Go.
func unreadableText(err error) string {
	text := err.Error()
	for _, prefix := range []string{"acme: ", "invalid response: ", "invalid account response: ", "error reading order: ", "json: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	text, _, foreign := strings.Cut(text, " into Go ")
	switch {
	case foreign:
		return "a value in it is of the wrong kind: " + strings.TrimPrefix(text, "cannot unmarshal ")
	case strings.HasPrefix(text, "Time.UnmarshalJSON"), strings.HasPrefix(text, "parsing time"):
		return "a time in it is none"
	case strings.HasPrefix(text, "invalid character"):
		return "it is no JSON: " + acmecore.Inert(text)
	}
	switch text {
	case "EOF":
		return "it is empty"
	case "unexpected EOF":
		return "it is cut short"
	case "server does not support the RFC 8555 version of ACME":
		return "newOrder is missing"
	case "nonce not found":
		return "it has no usable nonce (RFC 8555 section 7.2)"
	}
	return acmecore.Inert(text)
}

// passing tells whether the same request may fare better in a moment.
func (c *Client) passing(err error) bool {
	switch {
	case errors.As(err, new(*foreignHost)), errors.As(err, new(strayError)), errors.As(err, new(*tls.CertificateVerificationError)):
		return false
	case isProxyRefusal(err):
		return false
	case isType(err, "orderNotReady"):
		return true
	}
	if limited := new(LimitedError); errors.As(err, &limited) {
		return limited.Until.Sub(c.now()) <= maxRetryAfter
	}
	problem := new(Problem)
	if errors.As(err, &problem) && isBadNonceType(problem.Type) {
		return !c.transport.hopeless()
	}
	return acmecore.KindOf(err) == acmecore.Unreachable
}
