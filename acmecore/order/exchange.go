package order

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exchange bounds and keeps what one call of the library exchanges with the CA:
// the library shows neither headers nor bodies, and sends some requests again
// that must be sent once. The zero value bounds nothing.
type exchange struct {
	once       bool      // only one request may be POSTed
	last       bool      // the library is to do nothing more when the CA has done what it asked for
	payload    payloadOf // changes what is POSTed; nil leaves it as the library has it
	reads      bool      // the body of an answer to a GET is kept too
	posted     bool
	status     int           // of the last answer
	retryAfter time.Duration // of the last answer, within the bounds of polling; 0 when it did not say
	body       []byte        // of the last answer, when it is to a POST and its status is 200
	created    []byte        // likewise, when its status is 201
	links      []string      // the fields Link of the last answer (RFC 8288 section 3)
}

type exchangeKey struct{}

// withExchange returns a context whose requests the transport accounts for in e.
// A call of the library sends one request after the other, so e needs no lock.
func withExchange(ctx context.Context, e *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return new(exchange)
}

// spend accounts for a request about to be sent.
func (e *exchange) spend(r *http.Request) error {
	if e.once && e.posted {
		return errSpent
	}
	e.posted = e.posted || r.Method == http.MethodPost
	e.status, e.retryAfter, e.body, e.created, e.links = 0, 0, nil, nil, nil
	return nil
}

// unheard notes that the CA has not heard what was POSTed: it may be POSTed again.
func (e *exchange) unheard() { e.posted = false }

// keep notes what the library does not show. The status is noted in a header
// too, because the library prefers the one that a problem's JSON claims to have.
func (e *exchange) keep(response *http.Response, content []byte, now time.Time) {
	e.status = response.StatusCode
	e.retryAfter = patience(response.Header, now)
	response.Header.Set(headerStatus, strconv.Itoa(response.StatusCode))
	e.links = response.Header.Values("Link")
	posted := response.Request.Method == http.MethodPost
	switch {
	case posted && response.StatusCode == http.StatusCreated:
		e.created = content
	case response.StatusCode == http.StatusOK && (posted || e.reads && response.Request.Method == http.MethodGet):
		e.body = content
	}
	if e.last && posted && e.body != nil {
		response.StatusCode = http.StatusAccepted // which the library takes for the end
	}
}

// headerStatus is where the status of an answer is noted.
const headerStatus = "Wcme-Status"

// The bounds of what a CA may ask us to wait between two looks (RFC 8555 section
// 6.6, RFC 9110 section 10.2.3): one in the past must not make us run, one in
// years not stop.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute
)

// patience returns how long an answer asks to wait, within the bounds; 0 when it
// does not say.
func patience(header http.Header, now time.Time) time.Duration {
	wait, asked := retryAfter(header, now)
	if !asked {
		return 0
	}
	return min(max(wait, minRetryAfter), maxRetryAfter)
}

// retryAfter reads the field Retry-After of an answer. A date is taken as the CA
// means it, by the CA's own clock, where the answer has the time.
func retryAfter(header http.Header, now time.Time) (wait time.Duration, asked bool) {
	if sent, err := http.ParseTime(header.Get("Date")); err == nil {
		now = sent
	}
	return parseRetryAfter(header.Get("Retry-After"), now)
}

// parseRetryAfter reads seconds or a date; asked is false for anything else. The
// wait is between minus a day and a year.
func parseRetryAfter(text string, now time.Time) (wait time.Duration, asked bool) {
	const least, most = -24 * time.Hour, 365 * 24 * time.Hour
	text = strings.TrimSpace(text)
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		seconds = min(max(seconds, int64(least/time.Second)), int64(most/time.Second))
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), least), most), true
	}
	return 0, false
}
