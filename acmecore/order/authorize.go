package order

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// authorize proves control of every name of the order, all at once, and waits
// for the last one, so that the error names every name that was refused. The
// function returned withdraws what was published; it must be called.
func (a *attempt) authorize(ctx context.Context, order *acme.Order) (withdraw func(), err error) {
	var (
		group     sync.WaitGroup
		published = make([]acmecore.Token, len(order.AuthzURLs))
		problems  = make([]error, len(order.AuthzURLs))
	)
	for i, url := range order.AuthzURLs {
		group.Go(func() { published[i], problems[i] = a.prove(ctx, url) })
	}
	group.Wait()
	withdraw = func() {
		for _, token := range published {
			if token == "" {
				continue
			}
			if err := a.challenges.Withdraw(token); err != nil {
				a.steps.did("challenge", string(token), "not withdrawn: "+acmecore.Inert(err.Error()))
			}
		}
	}
	return withdraw, joinRefusals(problems)
}

// joinRefusals makes one error of many. A refusal ends the order, whatever else
// went wrong beside it.
func joinRefusals(problems []error) error {
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	refused := slices.ContainsFunc(problems, func(err error) bool { return errors.As(err, new(*RefusedError)) })
	switch {
	case len(problems) == 0:
		return nil
	case refused:
		slices.SortStableFunc(problems, refusalsFirst)
		return &endedError{joined(problems)}
	}
	return joined(problems)
}

func refusalsFirst(a, b error) int {
	rank := func(err error) int {
		if errors.As(err, new(*RefusedError)) {
			return 0
		}
		return 1
	}
	return rank(a) - rank(b)
}

// joined keeps the kind and the hint of the first error, and the words of all.
func joined(problems []error) error {
	if len(problems) == 1 {
		return problems[0]
	}
	return &acmecore.Error{Kind: acmecore.KindOf(problems[0]), Hint: acmecore.HintOf(problems[0]),
		Cause: errors.Join(problems...)}
}

// prove takes one authorization from pending to valid (RFC 8555 section 7.5)
// and returns the token that it published, if any, also with an error.
func (a *attempt) prove(ctx context.Context, url string) (token acmecore.Token, err error) {
	authorization, err := a.authorization(ctx, url)
	if err != nil {
		return "", err
	}
	name, err := a.ours(authorization)
	if err != nil {
		return "", err
	}
	if authorization.Status == acme.StatusValid {
		a.steps.did("authorization", name, "valid already")
		return "", nil
	}
	if authorization.Status != acme.StatusPending {
		return "", refusedName(name, authorization)
	}
	challenge := httpChallenge(authorization)
	if challenge == nil {
		return "", refusal(name, errors.New("the CA offers no http-01 challenge for it"), "")
	}
	token, err = a.publish(name, challenge)
	if err != nil {
		return token, err
	}
	if err := a.accept(ctx, name, challenge); err != nil {
		return token, err
	}
	return token, a.awaitValid(ctx, name, url)
}

// authorization fetches one, and again when the error can pass.
func (a *attempt) authorization(ctx context.Context, url string) (authorization *acme.Authorization, err error) {
	err = a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		authorization, err = a.acme.GetAuthorization(ctx, url)
		return err == nil, a.explain(err, "fetch authorization", url)
	})
	return authorization, err
}

// ours returns the name of an authorization, which must be one of the order's.
func (a *attempt) ours(authorization *acme.Authorization) (string, error) {
	name := authorization.Identifier.Value
	if authorization.Identifier.Type != "dns" || !slices.Contains(a.wanted.Names, acmecore.Name(name)) {
		return "", a.explain(fmt.Errorf("the CA asks to prove %q, which was not ordered", acmecore.Inert(name)), "", "")
	}
	return name, nil
}

func httpChallenge(authorization *acme.Authorization) *acme.Challenge {
	for _, challenge := range authorization.Challenges {
		if challenge.Type == "http-01" {
			return challenge
		}
	}
	return nil
}

// publish makes the challenge answerable.
func (a *attempt) publish(name string, challenge *acme.Challenge) (acmecore.Token, error) {
	token, err := acmecore.ParseToken(challenge.Token)
	if err != nil {
		return "", a.explain(fmt.Errorf("the CA's token is none: %w", err), "prove", name)
	}
	answer, err := a.acme.HTTP01ChallengeResponse(challenge.Token)
	if err != nil {
		return "", fmt.Errorf("prove %s: %w", name, err)
	}
	if err := a.challenges.Publish(token, answer); err != nil {
		return "", fmt.Errorf("prove %s: %w", name, err)
	}
	a.steps.did("challenge", name, "published")
	return token, nil
}

// accept tells the CA that the challenge can be answered. One that is no longer
// pending was accepted before the run was interrupted.
func (a *attempt) accept(ctx context.Context, name string, challenge *acme.Challenge) error {
	if challenge.Status != acme.StatusPending && challenge.Status != "" {
		return nil
	}
	_, err := a.acme.Accept(ctx, challenge)
	if err = a.explain(err, "tell the CA of the challenge of", name); err != nil && !a.passing(err) {
		return err
	}
	// A request whose answer was lost may have been heard: the authorization tells.
	a.steps.did("challenge", name, "told the CA")
	return nil
}

// awaitValid polls the authorization until the CA has decided.
func (a *attempt) awaitValid(ctx context.Context, name, url string) error {
	var authorization *acme.Authorization
	err := a.poll(ctx, func(ctx context.Context) (done bool, err error) {
		authorization, err = a.acme.GetAuthorization(ctx, url)
		if err != nil {
			return false, a.explain(err, "look at authorization of", name)
		}
		return authorization.Status != acme.StatusPending, nil
	})
	if err != nil {
		return err
	}
	if authorization.Status != acme.StatusValid {
		return refusedName(name, authorization)
	}
	a.steps.did("authorization", name, "valid")
	return nil
}
