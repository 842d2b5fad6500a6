package login

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/webauthn"

	"wcme/acmecore"
)

// half is a log-in that is not at its end: by a password, of a user whose second factor
// is missing, or by a passkey, of nobody yet.
type half struct {
	User     string
	Mark     string
	Ceremony *webauthn.SessionData // of the passkey that is offered; nil for none
}

// logIn goes a step on by what the request has.
func (d *Desk) logIn(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	if v.Ticket == "" {
		return d.byPassword(ctx, v)
	}
	ticket, err := unseal[half](d.tickets, "log in", v.Ticket)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if v.Credential != "" {
		return d.byPasskey(ctx, v, ticket)
	}
	return d.byCode(ctx, v, ticket)
}

// wrongPassword says nothing of whether there is such a user.
const wrongPassword = "The name or the password is not right."

// byPassword is the first step. An unknown user is as much work as a known one.
func (d *Desk) byPassword(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	if err := d.take(v); err != nil {
		return acmecore.AccountAnswer{}, err
	}
	all, err := d.roster.read()
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	who, known := user{}, false
	if name, err := ParseUser(strings.TrimSpace(v.User)); err == nil {
		who, known = all.Users[name]
	}
	right, err := d.passwords.match(ctx, v.Password, who.Password)
	switch {
	case err != nil:
		return acmecore.AccountAnswer{}, fmt.Errorf("compare password: %w", err)
	case !right:
		subject := who.Name
		if !known {
			subject = "unknown user" // what was typed may be a password
		}
		d.throttle.end(v.claim.Address, false)
		d.refused(&d.strangers, v, "log in", subject, "the name or the password is not right")
		return mistake("password", wrongPassword), nil
	case who.needsMore():
		return d.askMore(v, who)
	}
	return d.complete(v, who, "by password")
}

// take has the throttle decide, and notes how many it has refused.
func (d *Desk) take(v visit) error {
	refused, err := d.throttle.take(v.claim.Address)
	d.auditSilence(d.strangers.refuse(refused, d.now()))
	return err
}

// askMore asks for a second factor.
func (d *Desk) askMore(v visit, who user) (acmecore.AccountAnswer, error) {
	state := half{User: who.Name, Mark: who.Mark}
	answer := acmecore.AccountAnswer{Missing: true, User: who.Name, ByCode: who.Codes.Secret != ""}
	var err error
	if answer.Passkey, state.Ceremony, err = ask(v.claim, who); err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if !answer.ByCode && answer.Passkey == "" {
		return mistake("password", "Your passkeys are for another name of this server: log in by "+who.Passkeys[0].Host+"."), nil
	}
	answer.Ticket, err = seal(d.tickets, "log in", state)
	return answer, err
}

// stillHalf returns the user of a ticket, unless the account has changed since.
func (d *Desk) stillHalf(state half) (user, error) {
	all, err := d.roster.read()
	if err != nil {
		return user{}, err
	}
	who, found := all.Users[state.User]
	if !found || who.Mark != state.Mark {
		return user{}, expired(errors.New("the account was changed meanwhile"))
	}
	return who, nil
}

// byCode is the second step.
func (d *Desk) byCode(ctx context.Context, v visit, ticket ticket[half]) (acmecore.AccountAnswer, error) {
	who, err := d.stillHalf(ticket.Content)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if who.Codes.Secret == "" {
		return acmecore.AccountAnswer{}, expired(errors.New("no code is wanted"))
	}
	if err := d.throttle.takeCode(v.claim.Address, who.Name); err != nil {
		return acmecore.AccountAnswer{}, err
	}
	right := false
	who, err = d.roster.changeUser(ctx, who.Name, func(one *user) error {
		if one.Mark != ticket.Content.Mark {
			return expired(errors.New("the account was changed meanwhile"))
		}
		var step uint64
		if step, right = matchCode(one.Codes.Secret, v.Code, d.now(), one.Codes.Last); right {
			one.Codes.Last = step
		}
		return nil
	})
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if !right {
		return d.refuseSecond(v, who, "code", wrongCode)
	}
	if !spend(d.tickets, ticket) {
		return acmecore.AccountAnswer{}, expired(errors.New("it was gone on with already"))
	}
	return d.complete(v, who, "by password and code")
}

// refuseSecond says that a second factor is wrong, and asks for it again. Whoever sent
// it has the password.
func (d *Desk) refuseSecond(v visit, who user, field, text string) (acmecore.AccountAnswer, error) {
	d.throttle.end(v.claim.Address, false)
	d.refused(&d.halfway, v, "log in", who.Name, "the password was right, the "+field+" was not")
	answer, err := d.askMore(v, who)
	answer.Mistakes = append(mistake(field, text).Mistakes, answer.Mistakes...)
	return answer, err
}

// complete is the end of a log-in.
func (d *Desk) complete(v visit, who user, how string) (acmecore.AccountAnswer, error) {
	d.throttle.end(v.claim.Address, true)
	d.auditSilence(d.strangers.told())
	d.auditSilence(d.halfway.told())
	answer, err := d.begin(v, who)
	d.audit(v.who(), "log in", who.Name, outcome(err)+", "+how)
	return answer, err
}
