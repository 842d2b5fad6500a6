package acmecore

import (
	"context"
	"errors"
)

// InterruptedOr says in words, which cross the control socket, that the context of what
// was being done has been cancelled, and returns any other error as it is. op and subject
// are those of Error.
func InterruptedOr(err error, op, subject string) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	return &Error{Kind: Busy, Op: op, Subject: subject, Cause: interrupted{},
		Hint: "do it again: it goes on where it was"}
}

// interrupted is context.Canceled for people.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

func (interrupted) Unwrap() error { return context.Canceled }
