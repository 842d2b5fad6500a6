package order

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// exchange bounds and keeps what one call of the library exchanges with the CA:
// the library shows neither headers nor bodies, and sends some requests again
// that must be sent once. The zero value bounds nothing.
type exchange struct {
	once       bool // only one request may be POSTed
	posted     bool
	status     int    // of the last answer
	retryAfter string // of the last answer
	body       []byte // of the last answer, when it is a certificate chain
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
	return nil
}

// keep notes what the library does not show.
func (e *exchange) keep(response *http.Response) {
	e.status = response.StatusCode
	e.retryAfter = response.Header.Get("Retry-After")
	if response.StatusCode == http.StatusOK && isChain(response) {
		e.body = rewind(response)
	}
}

// The bounds of what a CA may ask us to wait (RFC 8555 section 6.6, RFC 9110
// section 10.2.3): one in the past must not make us run, one in years not stop.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute
)

// patience returns how long the last answer asked to wait, within the bounds;
// 0 when it did not say.
func (e *exchange) patience(now time.Time) time.Duration {
	wait, asked := parseRetryAfter(e.retryAfter, now)
	if !asked {
		return 0
	}
	return min(max(wait, minRetryAfter), maxRetryAfter)
}

// parseRetryAfter reads seconds or a date; asked is false for anything else.
func parseRetryAfter(text string, now time.Time) (wait time.Duration, asked bool) {
	const most = 365 * 24 * time.Hour
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds > int64(most/time.Second) {
			return most, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(text); err == nil {
		return date.Sub(now), true
	}
	return 0, false
}
