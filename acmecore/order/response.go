package order

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Response is what proves control of a name, as the CA will look for it.
type Response struct {
	Method acmecore.Method
	Name   acmecore.Name // that is proved; with its "*." where it is a wildcard
	Token  acmecore.Token
	// KeyAuthorization is what http-01 answers, and what hooks are given (RFC 8555
	// section 8.1).
	KeyAuthorization string
	// Record is the text of the TXT record of dns-01 (RFC 8555 section 8.4).
	Record string
	// Certificate is the one that tls-alpn-01 shows (RFC 8737 section 3); nil for other
	// methods.
	Certificate *tls.Certificate
}

// Challenges makes challenges answerable to the world. Its functions are called for
// several names at a time.
type Challenges interface {
	// Methods are the ways in which the name can be proved, the one to try first first.
	// The error says why there is none.
	Methods(name acmecore.Name) ([]acmecore.Method, error)
	// Publish returns nil when whoever looks is answered. After an error that has a
	// method Declined, and returns true by it, another of the Methods is tried.
	Publish(ctx context.Context, response Response) error
	// Withdraw removes what Publish made, also half of it; that there is nothing is no
	// error. The context is not the order's, which may have ended. valid tells whether
	// the CA has believed it.
	Withdraw(ctx context.Context, response Response, valid bool) error
}

// choose returns the challenge of an authorization that is to be answered: one that the
// CA is looking at, or else the first that the name can be proved by. One that has failed
// is returned only where there is no other: some CAs leave those open.
func (p *proof) choose(authorization *acme.Authorization) (*acme.Challenge, error) {
	if p.response != nil {
		return challengeOf(authorization, p.response.Method), nil
	}
	methods, err := p.challenges.Methods(p.name)
	if err != nil {
		return nil, err
	}
	var first, failed *acme.Challenge
	for _, method := range methods {
		challenge := challengeOf(authorization, method)
		switch {
		case challenge == nil, slices.Contains(p.without, method):
			continue
		case challenge.Status == acme.StatusProcessing:
			return challenge, nil
		case challenge.Status == acme.StatusInvalid:
			failed = cmp.Or(failed, challenge)
		case first == nil:
			first = challenge
		}
	}
	first = cmp.Or(first, failed)
	if first == nil && len(p.declined) > 0 {
		return nil, joined(p.declined...)
	}
	if first == nil {
		return nil, refusal(string(p.name), fmt.Errorf("the CA offers none of the challenges that can be answered for it: %s", listed(methods)), hintMethods)
	}
	return first, nil
}

// challengeOf returns the challenge of the type; nil where the CA does not offer it.
func challengeOf(authorization *acme.Authorization, method acmecore.Method) *acme.Challenge {
	for _, challenge := range authorization.Challenges {
		if challenge.Type == string(method) {
			return challenge
		}
	}
	return nil
}

// respond makes the response to a challenge.
func (p *proof) respond(challenge *acme.Challenge) (*Response, error) {
	token, err := acmecore.ParseToken(challenge.Token)
	if err != nil {
		return nil, refusal(string(p.name), fmt.Errorf("the CA's token is none (RFC 8555 section 8.3): %w", errors.Unwrap(err)), hintTellCA)
	}
	response := &Response{Method: acmecore.Method(challenge.Type), Name: p.name, Token: token}
	if response.KeyAuthorization, err = p.acme.HTTP01ChallengeResponse(challenge.Token); err != nil {
		return nil, err
	}
	switch response.Method {
	case acmecore.DNS01:
		response.Record, err = p.acme.DNS01ChallengeRecord(challenge.Token)
	case acmecore.TLSALPN01:
		var certificate tls.Certificate
		certificate, err = p.acme.TLSALPN01ChallengeCert(challenge.Token, string(p.name))
		response.Certificate = &certificate
	}
	return response, err
}

func listed(methods []acmecore.Method) string {
	texts := make([]string, len(methods))
	for i, method := range methods {
		texts[i] = string(method)
	}
	return strings.Join(texts, ", ")
}
