package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"wcme/acmecore"
)

// period is the step of codes (RFC 6238 section 4.1): what all devices use.
const period = 30

// secretLength is how long the secret of codes is, in bytes (RFC 4226 section 4).
const secretLength = 20

// matchCode returns the step of a code that is right at the time, or in the step before
// or after it, and later than the last one that was taken; found is false for none.
// It compares with all of them, so that the time it takes says nothing.
func matchCode(secret, code string, now time.Time, last uint64) (step uint64, found bool) {
	code = strings.ReplaceAll(code, " ", "")
	current := uint64(max(now.Unix(), period)) / period
	for _, candidate := range []uint64{current - 1, current, current + 1} {
		want, err := hotp.GenerateCode(secret, candidate)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && candidate > last {
			step, found = candidate, true
		}
	}
	return step, found
}

// wrongCode is said of a code that is not taken.
const wrongCode = "That code is not right, or was used already. Is the clock of your device right?"

// begun are codes that are not wanted yet.
type begun struct{ User, Mark, Secret string }

// newCodes makes a secret, which is in the ticket and nowhere else until it is
// confirmed.
func (d *Desk) newCodes(_ context.Context, v visit) (acmecore.AccountAnswer, error) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random(secretLength))
	return d.showCodes(v, secret)
}

func (d *Desk) showCodes(v visit, secret string) (acmecore.AccountAnswer, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "wCME", AccountName: v.user.Name + " at " + acmecore.Inert(hostOf(v.claim)), Secret: raw, Period: period})
	if err != nil {
		return acmecore.AccountAnswer{}, fmt.Errorf("make codes: %w", err)
	}
	picture, size, err := drawn(key.URL())
	if err != nil {
		return acmecore.AccountAnswer{}, fmt.Errorf("draw codes: %w", err)
	}
	ticket, err := seal(d.tickets, "codes", begun{v.user.Name, v.user.Mark, secret})
	return acmecore.AccountAnswer{Ticket: ticket, User: v.user.Name,
		Codes: &acmecore.NewCodes{Secret: secret, Address: key.URL(), Picture: picture, Size: size}}, err
}

// confirmCodes has codes wanted from now on, of a user whose device makes them. It takes
// the password, as all does that changes who can log in: a browser that was left open
// gives nobody the second factor.
func (d *Desk) confirmCodes(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	ticket, err := unseal[begun](d.tickets, "codes", v.Ticket)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if ticket.Content.User != v.user.Name || ticket.Content.Mark != v.user.Mark {
		return acmecore.AccountAnswer{}, expired(errors.New("the codes were begun by somebody else"))
	}
	step, right := matchCode(ticket.Content.Secret, v.Code, d.now(), 0)
	if !right { // nobody guesses: the page shows the secret
		return d.showCodesAgain(v, ticket.Content.Secret, mistake("code", wrongCode))
	}
	confirmed, err := d.confirm(ctx, v, "set up codes")
	if err != nil {
		return confirmed, err
	}
	if len(confirmed.Mistakes) > 0 {
		return d.showCodesAgain(v, ticket.Content.Secret, confirmed)
	}
	return d.changeOwn(ctx, v, "set up codes", func(one *user) error {
		one.Codes = codes{Secret: ticket.Content.Secret, Since: d.now().UTC(), Last: step}
		return nil
	})
}

// showCodesAgain shows the same secret, and what was wrong.
func (d *Desk) showCodesAgain(v visit, secret string, wrong acmecore.AccountAnswer) (acmecore.AccountAnswer, error) {
	answer, err := d.showCodes(v, secret)
	answer.Mistakes = wrong.Mistakes
	return answer, err
}

// removeCodes has codes wanted no more.
func (d *Desk) removeCodes(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	if answer, err := d.confirm(ctx, v, "remove codes"); err != nil || len(answer.Mistakes) > 0 {
		return answer, err
	}
	return d.changeOwn(ctx, v, "remove codes", func(one *user) error {
		one.Codes = codes{}
		return nil
	})
}

// changeOwn changes the visitor's account, which ends all of the user's sessions, and
// begins a new one.
func (d *Desk) changeOwn(ctx context.Context, v visit, what string, does func(*user) error) (acmecore.AccountAnswer, error) {
	changed, err := d.roster.changeUser(ctx, v.user.Name, func(one *user) error {
		if one.Mark != v.user.Mark {
			return expired(errors.New("the account was changed meanwhile"))
		}
		one.Mark = rand.Text()
		return does(one)
	})
	d.audit(v.who(), what, v.user.Name, outcome(err))
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	return d.begin(v, changed)
}

// outcome is what the audit says of an error.
func outcome(err error) string {
	if err == nil {
		return "done"
	}
	return acmecore.Inert(err.Error())
}
