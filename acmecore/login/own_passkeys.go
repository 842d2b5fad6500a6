package login

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"wcme/acmecore"
)

// maxPasskeys are those of one user.
const maxPasskeys = 20

// coming is a passkey that is being made.
type coming struct {
	User, Mark string
	Ceremony   webauthn.SessionData
}

// newPasskey makes the options by which a browser makes a passkey.
func (d *Desk) newPasskey(_ context.Context, v visit) (acmecore.AccountAnswer, error) {
	answer := acmecore.AccountAnswer{User: v.user.Name}
	site := party(v.claim, v.Credential)
	if site == nil {
		return answer, nil
	}
	known := holder{v.user, hostOf(v.claim)}
	creation, ceremony, err := site.BeginRegistration(known,
		webauthn.WithExclusions(webauthn.Credentials(known.WebAuthnCredentials()).CredentialDescriptors()),
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementPreferred),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation))
	if err != nil {
		return answer, fmt.Errorf("begin with a passkey: %w", err)
	}
	text, err := json.Marshal(creation.Response)
	if err != nil {
		return answer, err
	}
	answer.Passkey = string(text)
	answer.Ticket, err = seal(d.tickets, "passkey", coming{v.user.Name, v.user.Mark, *ceremony})
	return answer, err
}

// addPasskey keeps the passkey that a browser has made.
func (d *Desk) addPasskey(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	ticket, err := unseal[coming](d.tickets, "passkey", v.Ticket)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if ticket.Content.User != v.user.Name || ticket.Content.Mark != v.user.Mark {
		return acmecore.AccountAnswer{}, expired(errors.New("the passkey was begun by somebody else"))
	}
	if answer, err := d.confirm(ctx, v, "add a passkey"); err != nil || len(answer.Mistakes) > 0 {
		return answer, err
	}
	credential, err := d.made(v, ticket.Content.Ceremony)
	if err != nil {
		d.refused(&d.halfway, v, "add a passkey", v.user.Name, acmecore.Inert(err.Error()))
		return mistake("credential", "The browser has made no passkey that can be used here."), nil
	}
	_, err = d.roster.changeUser(ctx, v.user.Name, func(one *user) error {
		if one.Mark != v.user.Mark {
			return expired(errors.New("the account was changed meanwhile"))
		}
		if len(one.Passkeys) >= maxPasskeys {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "add a passkey", Cause: fmt.Errorf("there are %d already", maxPasskeys), Hint: "remove one that you do not use"}
		}
		one.Passkeys = append(one.Passkeys, passkey{ID: strings.ToLower(rand.Text()[:16]), Name: nameOf(v.Name), Host: hostOf(v.claim),
			Made: d.now().UTC(), Credential: *credential})
		return nil
	})
	d.audit(v.who(), "add a passkey", v.user.Name, outcome(err))
	return acmecore.AccountAnswer{User: v.user.Name}, err
}

// made verifies what the browser says of a new passkey.
func (d *Desk) made(v visit, ceremony webauthn.SessionData) (*webauthn.Credential, error) {
	site := party(v.claim, v.Credential)
	if site == nil {
		return nil, errors.New("passkeys are not used here")
	}
	said, err := protocol.ParseCredentialCreationResponseBytes([]byte(v.Credential))
	if err != nil {
		return nil, err
	}
	return site.CreateCredential(holder{v.user, hostOf(v.claim)}, ceremony, said)
}

// maxName is how long the name of a passkey may be, in bytes.
const maxName = 60

// nameOf is what a user calls a passkey.
func nameOf(text string) string {
	name := acmecore.Inert(text)
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	if name == "" {
		return "Passkey"
	}
	return name
}

// removePasskey removes one. The sessions that were begun by it end with all others.
func (d *Desk) removePasskey(ctx context.Context, v visit) (acmecore.AccountAnswer, error) {
	is := func(key passkey) bool { return key.ID == v.ID }
	if !slices.ContainsFunc(v.user.Passkeys, is) {
		return acmecore.AccountAnswer{}, &acmecore.Error{Kind: acmecore.NotFound, Op: "remove a passkey", Cause: errors.New("you have none like that"),
			Hint: "your account shows those that there are"}
	}
	if answer, err := d.confirm(ctx, v, "remove a passkey"); err != nil || len(answer.Mistakes) > 0 {
		return answer, err
	}
	return d.changeOwn(ctx, v, "remove a passkey", func(one *user) error {
		one.Passkeys = slices.DeleteFunc(one.Passkeys, is)
		return nil
	})
}
