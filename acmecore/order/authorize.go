package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// authorize proves control of every name of the order, all at once, and waits
// for the last one, so that the error names every name that was refused. The
// function returned withdraws what was published; it must be called.
func (a *attempt) authorize(ctx context.Context, order *acme.Order) (withdraw func(), err error) {
	var (
		group    sync.WaitGroup
		proofs   = make([]*proof, len(order.AuthzURLs))
		problems = make([]error, len(order.AuthzURLs))
	)
	for i, url := range order.AuthzURLs {
		proofs[i] = &proof{attempt: a, url: url}
		group.Go(func() { problems[i] = proofs[i].prove(ctx) })
	}
	group.Wait()
	withdraw = func() {
		for _, proof := range proofs {
			proof.withdraw()
		}
	}
	slices.SortStableFunc(problems, func(a, b error) int { return cmp.Compare(rank(a), rank(b)) })
	return withdraw, joined(problems...)
}

// rank puts what decides first: a refusal ends the order, whatever else went
// wrong beside it, and a limit says when the next attempt may be.
func rank(err error) int {
	switch acmecore.KindOf(err) {
	case acmecore.Refused:
		return 0
	case acmecore.Limited:
		return 1
	}
	return 2
}

// proof takes one authorization from pending to valid (RFC 8555 section 7.5).
type proof struct {
	*attempt
	url   string
	name  string         // once the CA has said which one it is
	token acmecore.Token // once it may be published
	told  bool           // the CA has heard that the challenge can be answered
}

// prove looks at the authorization until the CA has decided. What it does next
// is what the authorization looks like, so that a challenge is told of again
// only if the CA has not heard.
func (p *proof) prove(ctx context.Context) error {
	err := p.poll(ctx, func(ctx context.Context) (done bool, err error) {
		authorization, err := p.acme.GetAuthorization(ctx, p.url)
		if err != nil {
			return false, p.explain(err, "look at authorization", cmp.Or(p.name, p.url))
		}
		p.learn(authorization)
		if p.name, err = p.ours(authorization); err != nil {
			return false, err
		}
		switch authorization.Status {
		case acme.StatusValid:
			return true, nil
		case acme.StatusPending:
			return false, p.advance(ctx, authorization)
		}
		return false, p.refusedName(p.name, authorization)
	})
	if err != nil {
		return err
	}
	if !p.told {
		p.steps.did("authorization", p.name, "valid already")
		return nil
	}
	p.steps.did("authorization", p.name, "valid")
	return nil
}

// ours returns the name of an authorization, which must be one of the order's.
func (p *proof) ours(authorization *acme.Authorization) (string, error) {
	identifier := authorization.Identifier
	name := strings.ToLower(identifier.Value)
	if identifier.Type == "dns" && slices.Contains(p.wanted.Names, acmecore.Name(name)) {
		return name, nil
	}
	return "", &acmecore.Error{Kind: acmecore.Refused, Op: "look at authorization", Subject: p.url,
		Cause: fmt.Errorf("the CA wants %q proved, which was not ordered", acmecore.Inert(identifier.Value)), Hint: hintTellCA}
}

// advance publishes the challenge of a pending authorization and tells the CA of
// it. One that is no longer pending was told of before.
func (p *proof) advance(ctx context.Context, authorization *acme.Authorization) error {
	challenge := httpChallenge(authorization)
	switch {
	case challenge == nil:
		return refusal(p.name, errors.New("the CA offers no http-01 challenge for it"), "wcme proves names by http-01 only; has the CA other ways for this name?")
	case challenge.Status == acme.StatusInvalid:
		return p.refusedName(p.name, authorization)
	}
	if err := p.publish(challenge); err != nil {
		return err
	}
	if p.told || challenge.Status != acme.StatusPending {
		p.told = true
		return nil
	}
	_, err := p.acme.Accept(ctx, challenge)
	if err != nil {
		return p.explain(err, "tell the CA of the challenge of", p.name)
	}
	p.told = true
	p.steps.did("challenge", p.name, "told the CA")
	return nil
}

func httpChallenge(authorization *acme.Authorization) *acme.Challenge {
	for _, challenge := range authorization.Challenges {
		if challenge.Type == "http-01" {
			return challenge
		}
	}
	return nil
}

// publish makes the challenge answerable, the first time.
func (p *proof) publish(challenge *acme.Challenge) error {
	if p.token != "" {
		return nil
	}
	token, err := acmecore.ParseToken(challenge.Token)
	if err != nil {
		return refusal(p.name, fmt.Errorf("the CA's token is none (RFC 8555 section 8.3): %w", errors.Unwrap(err)), hintTellCA)
	}
	answer, err := p.acme.HTTP01ChallengeResponse(challenge.Token)
	if err != nil {
		return fmt.Errorf("prove %s: %w", p.name, err)
	}
	p.token = token // also where publishing goes wrong half-way
	if err := p.challenges.Publish(token, answer); err != nil {
		return fmt.Errorf("prove %s: %w", p.name, err)
	}
	p.steps.did("challenge", p.name, "published")
	return nil
}

// withdraw removes what was published. That it cannot be removed is no reason to
// throw a certificate away.
func (p *proof) withdraw() {
	if p.token == "" {
		return
	}
	if err := p.challenges.Withdraw(p.token); err != nil {
		p.steps.did("challenge", p.name, "not withdrawn: "+acmecore.Inert(err.Error()))
	}
}
