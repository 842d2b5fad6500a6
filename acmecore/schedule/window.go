package schedule

import (
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
)

// isUsable tells whether the CA said of this certificate when to renew it, in a
// way that makes sense.
func isUsable(info acmecore.RenewalInfo, c acmecore.Certificate) bool {
	return isAbout(info, c) && isWindow(info.Start, info.End) && info.Start.Before(c.NotAfter)
}

func isAbout(info acmecore.RenewalInfo, c acmecore.Certificate) bool {
	return c.Fingerprint != "" && info.Fingerprint == c.Fingerprint
}

// isWindow: one that ends before it begins is as good as none (RFC 9773 section 4.2).
func isWindow(start, end time.Time) bool {
	return !start.IsZero() && !end.IsZero() && start.Before(end)
}

// byWindow chooses a moment in the window (RFC 9773 section 4.2), which one in the
// past leaves in the past. The part of the window in the last sixth of the
// certificate's life is left out, and one that lies there wholly comes at its
// beginning.
func (r Rules) byWindow(c acmecore.Certificate, info acmecore.RenewalInfo) acmecore.Renewal {
	renewal := acmecore.Renewal{Reason: acmecore.BecauseWindow, Explanation: info.Explanation,
		Text: fmt.Sprintf("its CA asks for it between %s and %s UTC", clockOf(info.Start), clockOf(info.End))}
	latest := lastSixth(c)
	switch end := sooner(info.End, latest); {
	case info.Start.Before(end):
		renewal.At = info.Start.Add(share(end.Sub(info.Start), c.Fingerprint, stamp(info.Start), stamp(info.End), r.Seed))
	default:
		renewal.At = latest
		renewal.Text += ", which would leave no time to mend what goes wrong"
	}
	if earliest := restedUntil(c, info); renewal.At.Before(earliest) {
		renewal.At = earliest
		renewal.Text += "; so did it for the one before, and this one is a day old first"
	}
	return renewal
}

// restedUntil is before when no window makes a certificate be renewed that came of
// a window itself: a CA whose windows are always past would have each one replaced
// by the next, without an end.
func restedUntil(c acmecore.Certificate, info acmecore.RenewalInfo) time.Time {
	if !info.Followed {
		return time.Time{}
	}
	return c.NotBefore.Add(min(day, lifeOf(c)/6))
}

func clockOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// About returns the information where it is about the certificate, and otherwise
// where to begin: with nothing, so that the CA is asked at once (RFC 9773 section
// 4.3), but for whether the certificate before had a window.
func About(info acmecore.RenewalInfo, c acmecore.Certificate) acmecore.RenewalInfo {
	if isAbout(info, c) {
		return info
	}
	return acmecore.RenewalInfo{Fingerprint: c.Fingerprint, Followed: isWindow(info.Start, info.End)}
}

// The distances at which a CA is asked (RFC 9773 sections 4.3.1 to 4.3.3).
const (
	minAsk      = time.Minute
	maxAsk      = day
	usualAsk    = 6 * time.Hour // where the CA does not say, and after an error that will not pass
	maxAskTries = 8             // of a minute, two, four, …: then the trouble is no passing one
)

// NextAsk returns when the CA may be asked about the certificate: the zero time,
// and each in the past, means at once. It may not be asked at all when asks is
// false, as of one that has expired or that there is none of (RFC 9773 section 4.3).
func NextAsk(info acmecore.RenewalInfo, c acmecore.Certificate, now time.Time) (at time.Time, asks bool) {
	switch {
	case c.Version == "" || c.Problem != "" || c.Fingerprint == "" || !now.Before(c.NotAfter):
		return time.Time{}, false
	case !isAbout(info, c), info.Next.After(now.Add(maxAsk)): // then the clock was set back
		return time.Time{}, true
	}
	return info.Next, true
}

// Answer is how a CA answered when it was asked about a certificate.
type Answer struct {
	Start, End  time.Time // of the window
	Explanation string    // URL, "" for none
	// RetryAfter is how long the CA asks to be left alone; 0 where it does not say.
	// It counts for errors too.
	RetryAfter time.Duration
	Err        error // why there is no answer; its kind says whether it will pass
}

var errNoWindow = errors.New("the CA's window ends before it begins")

// Learn adds an answer to what was known before. A window that was known stays
// until there is a better one, whatever goes wrong.
func Learn(before acmecore.RenewalInfo, answer Answer, now time.Time) acmecore.RenewalInfo {
	info := before
	info.Asked = now.Round(0).UTC()
	if answer.Err == nil && !isWindow(answer.Start, answer.End) {
		answer.Err = errNoWindow
	}
	if answer.Err != nil {
		info.Failures = max(info.Failures, 0) + 1
		info.Problem = acmecore.Inert(answer.Err.Error())
		info.Next = info.Asked.Add(askAgain(answer, info.Failures))
		return info
	}
	info.Start, info.End, info.Explanation = answer.Start, answer.End, acmecore.Inert(answer.Explanation)
	info.Failures, info.Problem = 0, ""
	info.Next = info.Asked.Add(asAsked(answer.RetryAfter, usualAsk))
	return info
}

// askAgain returns how long to wait after an answer of no use, the number of which
// in a row is given.
func askAgain(answer Answer, failures int) time.Duration {
	wait := usualAsk
	switch acmecore.KindOf(answer.Err) {
	case acmecore.NotFound: // the CA gives no such information, or the certificate has no identifier
		wait = maxAsk
	case acmecore.Refused, acmecore.Invalid, acmecore.Denied:
	default:
		if answer.Err != errNoWindow && failures <= maxAskTries {
			wait = minAsk << (failures - 1)
		}
	}
	return max(wait, asAsked(answer.RetryAfter, 0))
}

// asAsked returns what the CA asks for within the bounds, or otherwise where it
// asks for nothing.
func asAsked(retryAfter, otherwise time.Duration) time.Duration {
	if retryAfter <= 0 {
		return otherwise
	}
	return min(max(retryAfter, minAsk), maxAsk)
}
