package login

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
)

// own shows the visitor's account.
func (d *Desk) own(_ context.Context, v visit) (acmecore.AccountAnswer, error) {
	own := &acmecore.OwnAccount{User: v.user.Name, Role: v.user.Role, Made: v.user.Made, Password: v.user.Changed, Codes: v.user.Codes.Since,
		Passkeys: []acmecore.Passkey{}, Sessions: []acmecore.Session{}, Possible: party(v.claim, v.Credential) != nil}
	for _, key := range v.user.Passkeys {
		own.Passkeys = append(own.Passkeys, acmecore.Passkey{ID: key.ID, Name: acmecore.Inert(key.Name), Host: acmecore.Inert(key.Host), Made: key.Made, Used: key.Used})
	}
	all, err := d.roster.read()
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions.drop(all)
	for _, one := range d.sessions.of(v.user.Name) {
		shown := acmecore.Session{ID: one.ID, This: one.Hash == v.session.Hash, Since: one.Since, Seen: one.Seen,
			Address: acmecore.Inert(one.Address), Agent: acmecore.Inert(one.Agent)}
		if shown.This {
			own.Sessions = slices.Insert(own.Sessions, 0, shown)
		} else {
			own.Sessions = append(own.Sessions, shown)
		}
	}
	return acmecore.AccountAnswer{User: v.user.Name, Role: v.user.Role, Own: own}, nil
}

// logOut ends the visitor's session.
func (d *Desk) logOut(_ context.Context, v visit) (acmecore.AccountAnswer, error) {
	d.mu.Lock()
	d.sessions.end(v.session.Hash)
	d.mu.Unlock()
	d.audit(v.who(), "log out", v.user.Name, "done")
	return acmecore.AccountAnswer{Forget: true}, nil
}

// logOutAll ends every session of the visitor's user.
func (d *Desk) logOutAll(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	err := d.roster.LogOut(ctx, v.user.Name)
	d.audit(v.who(), "log out everywhere", v.user.Name, outcome(err))
	return acmecore.AccountAnswer{Forget: err == nil}, err
}

// endSession ends one of the sessions of the visitor's user. That there is none such any
// more is as well.
func (d *Desk) endSession(_ context.Context, v visit) (answer acmecore.AccountAnswer, err error) {
	d.mu.Lock()
	for _, one := range d.sessions.of(v.user.Name) {
		if one.ID == v.ID {
			d.sessions.end(one.Hash)
			answer.Forget = answer.Forget || one.Hash == v.session.Hash
		}
	}
	d.mu.Unlock()
	d.audit(v.who(), "end a session", v.user.Name, "done")
	return answer, nil
}

// confirm has whoever is signed in give the password once more: a browser that was left
// open gives nobody the account. It is throttled as a log-in is.
func (d *Desk) confirm(ctx context.Context, v visit, what string) (acmecore.AccountAnswer, error) {
	if err := d.take(v); err != nil {
		return acmecore.AccountAnswer{}, err
	}
	right, err := d.passwords.match(ctx, v.Password, v.user.Password)
	if err != nil {
		return acmecore.AccountAnswer{}, fmt.Errorf("compare password: %w", err)
	}
	if !right {
		d.throttle.end(v.claim.Address, false)
		d.refused(&d.halfway, v, what, v.user.Name, "the password is not right")
		return mistake("password", "That is not your password."), nil
	}
	return acmecore.AccountAnswer{}, nil
}

// changePassword takes another password, for which the one in force is wanted.
func (d *Desk) changePassword(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	if text := fault(v.NewPassword, v.user.Name); text != "" {
		return mistake("new_password", text), nil
	}
	if answer, err := d.confirm(ctx, v, "change the password"); err != nil || len(answer.Mistakes) > 0 {
		return answer, err
	}
	hash, err := d.passwords.hash(ctx, v.NewPassword)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	return d.changeOwn(ctx, v, "change the password", func(one *user) error {
		one.Password, one.Changed = hash, d.now().UTC()
		return nil
	})
}

// errLink says nothing of why a link is not taken.
var errLink = errors.New("the link was used already, or has run out, or was never one")

// linkOf returns the user of a link.
func (d *Desk) linkOf(secret string) (user, error) {
	all, err := d.roster.read()
	if err != nil {
		return user{}, err
	}
	hash := hashOf(secret)
	for _, who := range all.Users {
		if d.opens(who, hash) {
			return who, nil
		}
	}
	return user{}, &acmecore.Error{Kind: acmecore.Stale, Op: "take the link", Cause: errLink, Hint: "whoever administers this host makes a new one: wcme admin link USER"}
}

// opens tells whether the user's link has the secret with that hash. Hashes are compared,
// of which nobody can choose the beginning.
func (d *Desk) opens(who user, hash string) bool {
	return who.Link.Hash == hash && d.now().Before(who.Link.Until)
}

// lookAtLink says whose link it is, and uses nothing up: programs look at links before
// people do.
func (d *Desk) lookAtLink(_ context.Context, v visit) (acmecore.AccountAnswer, error) {
	who, err := d.linkOf(v.Link)
	return acmecore.AccountAnswer{User: who.Name, Role: who.Role}, err
}

// welcome takes a link: the user gets the new password, has no second factor any more,
// and is signed in.
func (d *Desk) welcome(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	who, err := d.linkOf(v.Link)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if text := fault(v.NewPassword, who.Name); text != "" {
		answer := mistake("new_password", text)
		answer.User, answer.Role = who.Name, who.Role
		return answer, nil
	}
	if err := d.take(v); err != nil {
		return acmecore.AccountAnswer{}, err
	}
	hash, err := d.passwords.hash(ctx, v.NewPassword)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	who, err = d.roster.changeUser(ctx, who.Name, func(one *user) error {
		if !d.opens(*one, hashOf(v.Link)) {
			return &acmecore.Error{Kind: acmecore.Stale, Op: "take the link", Cause: errLink}
		}
		one.Password, one.Changed, one.Mark = hash, d.now().UTC(), rand.Text()
		one.Link, one.Codes, one.Passkeys, one.Handle = link{}, codes{}, nil, random(32)
		return nil
	})
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	d.audit(v.who(), "take a link", who.Name, "done: there is a new password, and no second factor")
	return d.complete(v, who, "by a one-time link")
}
