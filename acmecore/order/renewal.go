package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

const (
	opRenewal   = "read renewal information"
	hintRenewal = "until the CA says when, the certificate's life decides"
)

// Window is when a CA wants a certificate to be renewed (RFC 9773 section 4.2).
type Window struct {
	Start, End  time.Time // Start is before End
	Explanation string    // http or https URL, inert; "" for none
	// RetryAfter is how long the CA asks to be left alone, up to a year; 0 where it
	// does not say, or nothing that makes sense.
	RetryAfter time.Duration
}

// Renewals is where a CA says when certificates are to be renewed.
type Renewals struct {
	client *Client
	url    string
}

// RenewalInfo asks the CA when it wants the certificate renewed that has the
// identifier of RFC 9773 section 4.1. The request is not signed, and sent once: of
// the client's options it needs no Key.
//
// The error is of kind NotFound where the CA does not say such things, Refused
// where asking again is of no use for hours, Limited with a LimitedError in it
// where the CA asks for patience, and Unreachable where the trouble may pass. With
// the CA's answer the window's RetryAfter is set beside an error too.
func (c *Client) RenewalInfo(ctx context.Context, id string) (Window, error) {
	renewals, err := c.Renewals(ctx)
	if err != nil {
		return Window{RetryAfter: c.limitOf(err)}, err
	}
	defer renewals.Close()
	return renewals.Window(ctx, id)
}

// Renewals reads from the CA's directory where to ask, once for many certificates,
// which are asked for over one connection until Close. The errors are those of
// RenewalInfo.
func (c *Client) Renewals(ctx context.Context) (*Renewals, error) {
	renewals, err := c.findRenewals(ctx)
	if err != nil {
		c.acme.HTTPClient.CloseIdleConnections()
		return nil, err
	}
	return renewals, nil
}

func (c *Client) findRenewals(ctx context.Context) (*Renewals, error) {
	answer, err := c.get(ctx, c.target)
	if err != nil {
		return nil, c.explainDirectory(err)
	}
	var directory struct {
		RenewalInfo string `json:"renewalInfo"`
	}
	if err := json.Unmarshal(answer.content, &directory); err != nil {
		return nil, c.explainDirectory(emptyOr(answer.content, err))
	}
	if directory.RenewalInfo == "" {
		return nil, &acmecore.Error{Kind: acmecore.NotFound, Op: opRenewal, Subject: c.target,
			Cause: errors.New("the CA does not say when to renew: its directory has no renewalInfo"), Hint: hintRenewal}
	}
	return &Renewals{client: c, url: strings.TrimSuffix(directory.RenewalInfo, "/")}, nil
}

// Close closes the connection to the CA.
func (r *Renewals) Close() { r.client.acme.HTTPClient.CloseIdleConnections() }

// Window is RenewalInfo where the directory is known already.
func (r *Renewals) Window(ctx context.Context, id string) (window Window, err error) {
	if !isIdentifier(id) {
		return window, &acmecore.Error{Kind: acmecore.Invalid, Op: opRenewal, Cause: fmt.Errorf("%q is no identifier of a certificate", acmecore.Inert(id)), Hint: hintRenewal}
	}
	c, target := r.client, r.url+"/"+id
	answer, err := c.get(ctx, target)
	if answer != nil {
		window.RetryAfter = c.asked(answer.header)
	}
	if err != nil {
		return c.noWindow(window, err, target)
	}
	if err := window.read(answer.content); err != nil {
		return window, refusedWindow(target, err)
	}
	c.steps.did("renewal", target, fmt.Sprintf("the CA wants it between %s and %s",
		window.Start.UTC().Format(time.RFC3339), window.End.UTC().Format(time.RFC3339)))
	return window, nil
}

// noWindow explains why there is no window.
func (c *Client) noWindow(window Window, err error, target string) (Window, error) {
	explained := c.explain(err, opRenewal, acmecore.Inert(target))
	if wait := c.limitOf(explained); wait > 0 {
		window.RetryAfter = wait
	}
	if acmecore.KindOf(explained) == acmecore.Refused {
		explained = &acmecore.Error{Kind: acmecore.Refused, Hint: hintRenewal, Cause: explained}
	}
	return window, explained
}

func refusedWindow(target string, err error) error {
	return &acmecore.Error{Kind: acmecore.Refused, Op: opRenewal, Subject: acmecore.Inert(target), Cause: err, Hint: hintRenewal}
}

// limitOf returns for how long the CA wants to be left alone; 0 when the error is
// no limit.
func (c *Client) limitOf(err error) time.Duration {
	if limited := new(LimitedError); errors.As(err, &limited) {
		return max(limited.Until.Sub(c.now()), 0)
	}
	return 0
}

// asked returns how long an answer asks to wait; 0 when it does not say, or says a
// time in the past.
func (c *Client) asked(header http.Header) time.Duration {
	wait, asked := retryAfter(header, c.now())
	if !asked || wait < 0 {
		return 0
	}
	return max(wait, minRetryAfter)
}

// read reads a renewalInfo object.
func (w *Window) read(content []byte) error {
	var object struct {
		Window struct {
			Start time.Time `json:"start"`
			End   time.Time `json:"end"`
		} `json:"suggestedWindow"`
		Explanation any `json:"explanationURL"`
	}
	if err := json.Unmarshal(content, &object); err != nil {
		return fmt.Errorf("the CA's answer cannot be read: %s", unreadableText(emptyOr(content, err)))
	}
	start, end := object.Window.Start, object.Window.End
	switch {
	case start.IsZero() || end.IsZero():
		return errors.New("the CA's answer has no window")
	case !start.Before(end):
		return fmt.Errorf("the CA's window ends at %s, before it begins", end.UTC().Format(time.RFC3339))
	}
	w.Start, w.End = start.UTC(), end.UTC()
	text, _ := object.Explanation.(string)
	w.Explanation = explanation(text)
	return nil
}

// explanation returns a URL that can be shown as a link, and "" for all else: the
// CA's reason is worth less than the window it comes with.
func explanation(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil {
		return ""
	}
	if plain := parsed.String(); plain == acmecore.Inert(plain) && !strings.ContainsAny(plain, " <>\"'`") {
		return plain
	}
	return ""
}

// isIdentifier tells whether the text can be one of RFC 9773 section 4.1.
func isIdentifier(id string) bool {
	authority, serial, found := strings.Cut(id, ".")
	foreign := func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}
	return found && authority != "" && serial != "" && len(id) <= 256 && !strings.ContainsFunc(authority+serial, foreign)
}

// plainAnswer is an answer to a request that is not signed.
type plainAnswer struct {
	header  http.Header
	content []byte
}

// get fetches what anybody may see. With an answer of another status than 200
// there is an error too: what the CA told, as the library would have read it.
func (c *Client) get(ctx context.Context, target string) (*plainAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, &url.Error{Op: "parse", URL: target, Err: err}
	}
	response, err := c.acme.HTTPClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body) // the transport has cut it
	if err != nil {
		return nil, err
	}
	answer := &plainAnswer{header: response.Header, content: content}
	if response.StatusCode != http.StatusOK {
		return answer, told(response, content)
	}
	return answer, nil
}

// told reads a problem (RFC 8555 section 6.7), or whatever came in its place.
func told(response *http.Response, content []byte) *acme.Error {
	var problem struct {
		Type     string `json:"type"`
		Detail   string `json:"detail"`
		Instance string `json:"instance"`
	}
	if json.Unmarshal(content, &problem) != nil {
		problem.Type, problem.Detail, problem.Instance = "", string(content), ""
	}
	return &acme.Error{StatusCode: response.StatusCode, Header: response.Header,
		ProblemType: problem.Type, Detail: problem.Detail, Instance: problem.Instance}
}

// emptyOr says of an empty answer that it is one.
func emptyOr(content []byte, err error) error {
	if len(content) == 0 {
		return io.EOF
	}
	return err
}
