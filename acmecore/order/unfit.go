package order

import (
	"errors"

	"wcme/acmecore"
)

// UnfitError says that what the CA has delivered is not what was ordered.
type UnfitError struct {
	Order       string // URL
	Certificate string // URL that it was downloaded from
	// Delivered is the chain as it came, at most 1 MiB. It may be any bytes, and is for
	// nothing but a file.
	Delivered []byte
	Reason    error // inert
}

func (e *UnfitError) Error() string { return e.Reason.Error() }

// Unwrap returns the reason.
func (e *UnfitError) Unwrap() error { return e.Reason }

// unfit says that what was delivered is not what was ordered.
func (a *attempt) unfit(cause error) error {
	hint := "the CA delivered something else than was ordered, which does not come into service; if it does so again, tell the CA"
	switch {
	case errors.As(cause, new(*untimely)):
		hint = "is the clock of this host right? the certificate does not come into service"
	case errors.As(cause, new(*unstapled)):
		hint = "few CAs still give it: leave must_staple out, or make a request without it; the certificate does not come into service"
	case errors.As(cause, new(*overlong)):
		hint = "leave `validity` out, so that the CA chooses; the certificate does not come into service"
	}
	return &acmecore.Error{Kind: acmecore.Refused, Op: "check certificate of", Subject: string(a.wanted.Names[0]), Cause: &UnfitError{Reason: cause}, Hint: hint}
}

// delivered adds to an error of unfit what was delivered, and for which order. Any other
// error it returns as it is.
func delivered(err error, order, certificate string, text []byte) error {
	if unfit := new(UnfitError); errors.As(err, &unfit) {
		unfit.Order, unfit.Certificate, unfit.Delivered = order, certificate, text
	}
	return err
}
