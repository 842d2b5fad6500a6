package order

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// refusedName explains an authorization that ended without being valid, with
// what the CA said of its challenge.
func (c *Client) refusedName(name string, authorization *acme.Authorization) error {
	for _, challenge := range authorization.Challenges {
		var told *acme.Error
		if errors.As(challenge.Error, &told) {
			return refusalBy(acmecore.Method(challenge.Type), name, c.problemOf(told), hintForName(told, acmecore.Method(challenge.Type)))
		}
	}
	return refusal(name, fmt.Errorf("its authorization is %q", acmecore.Inert(authorization.Status)), hintNewOrder)
}

// refusalBy is a refusal after the CA has tried a method.
func refusalBy(method acmecore.Method, name string, reason error, hint string) error {
	method, _ = acmecore.ParseMethod(string(method)) // what the CA wrote may be anything
	return &acmecore.Error{Kind: acmecore.Refused, Cause: &RefusedError{Name: name, Method: method, Reason: reason}, Hint: hint}
}

func refusal(name string, reason error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Refused, Cause: &RefusedError{Name: name, Reason: reason}, Hint: hint}
}

// refusedOrder explains an order that became invalid.
func (c *Client) refusedOrder(order *acme.Order, url string) error {
	refused := &acmecore.Error{Kind: acmecore.Refused, Op: "order", Subject: url,
		Cause: fmt.Errorf("it is %q", acmecore.Inert(order.Status)), Hint: hintNewOrder}
	if order.Error != nil {
		refused.Cause = c.problemOf(order.Error)
		if hint := hintFor(order.Error, acmecore.Refused); hint != hintRefused {
			refused.Hint = hint
		}
	}
	return refused
}
