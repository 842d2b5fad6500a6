package order

import (
	"cmp"
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
func (a *attempt) authorize(ctx context.Context, order *acme.Order) (withdraw func(context.Context), err error) {
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
	a.methods = methodsOf(proofs)
	withdraw = func(ctx context.Context) {
		for _, proof := range proofs {
			group.Go(func() { proof.withdraw(context.WithoutCancel(ctx)) })
		}
		group.Wait()
	}
	slices.SortStableFunc(problems, func(a, b error) int { return cmp.Compare(rank(a), rank(b)) })
	return withdraw, joined(problems...)
}

// methodsOf returns the methods by which names were proved just now.
func methodsOf(proofs []*proof) map[acmecore.Name]acmecore.Method {
	methods := make(map[acmecore.Name]acmecore.Method)
	for _, proof := range proofs {
		if proof.valid && proof.told {
			methods[proof.name] = proof.response.Method
		}
	}
	return methods
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
	url      string
	name     acmecore.Name     // once the CA has said which one it is
	response *Response         // once it may be published
	declined []error           // of methods that could not be published
	without  []acmecore.Method // those methods
	told     bool              // the CA has heard that the challenge can be answered
	valid    bool              // and believes it
}

// prove looks at the authorization until the CA has decided. What it does next
// is what the authorization looks like, so that a challenge is told of again
// only if the CA has not heard.
func (p *proof) prove(ctx context.Context) error {
	err := p.poll(ctx, func(ctx context.Context) (done bool, err error) {
		authorization, err := p.look(ctx)
		if err != nil {
			return false, err
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
		return false, p.refusedName(string(p.name), authorization)
	})
	if err != nil {
		return err
	}
	p.valid = true
	if !p.told {
		p.steps.did("authorization", string(p.name), "valid already")
		return nil
	}
	p.steps.did("authorization", string(p.name), "valid")
	return nil
}

// look fetches the authorization once. What says of no state or of no name is no
// authorization (RFC 8555 section 7.1.4), and may be one the next time.
func (p *proof) look(ctx context.Context) (*acme.Authorization, error) {
	const op = "look at authorization"
	authorization, err := p.acme.GetAuthorization(ctx, p.url)
	subject := cmp.Or(string(p.name), p.url)
	switch {
	case err != nil:
		return nil, p.explain(err, op, subject)
	case authorization.Status == "" || authorization.Identifier.Value == "":
		return nil, unreachable(op, subject, "the CA's answer is no authorization (RFC 8555 section 7.1.4)", hintTrouble)
	}
	return authorization, nil
}

// ours returns the name of an authorization, which must be one of the order's. That of
// a wildcard has the name below it (RFC 8555 section 7.1.4).
func (p *proof) ours(authorization *acme.Authorization) (acmecore.Name, error) {
	if name := nameOf(authorization.Identifier, authorization.Wildcard); slices.Contains(p.wanted.Names, name) {
		return name, nil
	}
	return "", &acmecore.Error{Kind: acmecore.Refused, Op: "look at authorization", Subject: p.url,
		Cause: fmt.Errorf("the CA wants %q proved, which was not ordered", acmecore.Inert(authorization.Identifier.Value)), Hint: hintTellCA}
}

// advance publishes the challenge of a pending authorization and tells the CA of
// it. One that is no longer pending was told of before.
func (p *proof) advance(ctx context.Context, authorization *acme.Authorization) error {
	challenge, err := p.answer(ctx, authorization)
	switch {
	case err != nil:
		return err
	case challenge == nil: // it was offered at the last look
		return refusal(string(p.name), errors.New("the CA does not offer the challenge any more that was answered"), hintTellCA)
	case challenge.Status == acme.StatusInvalid:
		return p.refusedName(string(p.name), authorization)
	}
	if p.told || challenge.Status != acme.StatusPending {
		p.told = true
		return nil
	}
	if _, err := p.acme.Accept(ctx, challenge); err != nil {
		return p.explain(err, "tell the CA of the challenge of", string(p.name))
	}
	p.told = true
	p.steps.did("challenge", string(p.name), "told the CA")
	return nil
}

// answer makes a challenge answerable that is to be told of, and returns it. Where its
// method is declined, the next one is tried: the CA has heard of none yet.
func (p *proof) answer(ctx context.Context, authorization *acme.Authorization) (*acme.Challenge, error) {
	for {
		challenge, err := p.choose(authorization)
		if err != nil || challenge == nil || challenge.Status == acme.StatusInvalid {
			return challenge, err
		}
		err = p.publish(ctx, challenge)
		if challenge.Status != acme.StatusPending || !isDeclined(err) || ctx.Err() != nil {
			return challenge, err
		}
		p.steps.did("challenge", string(p.name), fmt.Sprintf("not by %s: %s", acmecore.Inert(challenge.Type), acmecore.Inert(err.Error())))
		p.withdraw(context.WithoutCancel(ctx)) // what was published of it
		p.response = nil
		p.declined, p.without = append(p.declined, err), append(p.without, acmecore.Method(challenge.Type))
	}
}

// isDeclined tells whether another method may be tried.
func isDeclined(err error) bool {
	var declined interface{ Declined() bool }
	return errors.As(err, &declined) && declined.Declined()
}

// publish makes the challenge answerable, the first time.
func (p *proof) publish(ctx context.Context, challenge *acme.Challenge) error {
	if p.response != nil {
		return nil
	}
	response, err := p.respond(challenge)
	if err != nil {
		return err
	}
	p.response = response // also where publishing goes wrong half-way
	if err := p.challenges.Publish(ctx, *response); err != nil {
		return fmt.Errorf("prove %s: %w", p.name, err)
	}
	p.steps.did("challenge", string(p.name), publishedBy(response.Method))
	return nil
}

func publishedBy(method acmecore.Method) string {
	if method == acmecore.HTTP01 {
		return "published"
	}
	return "published by " + string(method)
}

// withdraw removes what was published. That it cannot be removed is no reason to
// throw a certificate away.
func (p *proof) withdraw(ctx context.Context) {
	if p.response == nil {
		return
	}
	if err := p.challenges.Withdraw(ctx, *p.response, p.valid); err != nil {
		p.steps.did("challenge", string(p.name), "not withdrawn: "+acmecore.Inert(err.Error()))
	}
}
