package acmecore

import (
	"errors"
	"strings"
)

// Kind says who must act on an error.
type Kind string

// The kinds. An error without one is Internal.
const (
	Invalid     Kind = "invalid"     // you, now: the request or the configuration is wrong
	Denied      Kind = "denied"      // you may not do that
	NotFound    Kind = "not found"   // there is no such thing
	Busy        Kind = "busy"        // somebody else is at it: try again
	Stale       Kind = "stale"       // what you saw is not so any more: look again
	Limited     Kind = "limited"     // the authority asks for patience
	Refused     Kind = "refused"     // the authority said no
	Unreachable Kind = "unreachable" // the other side does not answer as it should
	Internal    Kind = "internal"    // us
)

// Error is what crosses a boundary of wCME: to a user, over the control socket,
// or into a page.
type Error struct {
	Kind    Kind   // who must act; the zero value reads as Internal
	Op      string // what was being done, "read configuration"; may be empty
	Subject string // the thing it was done to, as a user would name it; may be empty
	Hint    string // what to try, one sentence; may be empty
	Cause   error  // why; may be nil
}

// Error reads "OP SUBJECT: CAUSE", on one line.
func (e *Error) Error() string {
	what := strings.TrimSpace(e.Op + " " + e.Subject)
	if e.Cause == nil {
		return what
	}
	if what == "" {
		return e.Cause.Error()
	}
	return what + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the outermost Error in err's chain that has one,
// and Internal when there is none.
func KindOf(err error) Kind {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Cause {
		if e.Kind != "" {
			return e.Kind
		}
	}
	return Internal
}

// HintOf returns the hint of the outermost Error in err's chain that has one,
// and "" when there is none.
func HintOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Cause {
		if e.Hint != "" {
			return e.Hint
		}
	}
	return ""
}
