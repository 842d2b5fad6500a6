package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"wcme/acmecore"
)

// hostOf is the name of the site that was asked for, in small letters.
func hostOf(claim acmecore.Claim) string {
	name := strings.ToLower(claim.Host)
	if bare, _, err := net.SplitHostPort(name); err == nil {
		name = bare
	}
	return strings.TrimSuffix(name, ".")
}

// party returns what deals with passkeys for the site that was asked for; nil where
// browsers have none: they do it over https, or on the host itself, and for a name (WebAuthn
// level 3, section 5.1.2).
func party(claim acmecore.Claim, credential string) *webauthn.WebAuthn {
	host, scheme := hostOf(claim), "https"
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	if !claim.HTTPS {
		if host != "localhost" && !strings.HasSuffix(host, ".localhost") {
			return nil
		}
		scheme = "http"
	}
	made, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: "wCME", RPOrigins: origins(scheme, host, strings.ToLower(claim.Host), credential)})
	if err != nil {
		return nil // it is no name that a certificate could be for
	}
	return made
}

// origins are those that a passkey may have been used at: the one that was asked for,
// and the one of the same host that the browser says it was, for some web servers keep
// the port to themselves. A passkey is for a host, whatever its ports.
func origins(scheme, host, asked, credential string) []string {
	list := []string{scheme + "://" + asked}
	var said struct {
		Response struct {
			ClientData protocol.URLEncodedBase64 `json:"clientDataJSON"`
		} `json:"response"`
	}
	var client struct {
		Origin string `json:"origin"`
	}
	if json.Unmarshal([]byte(credential), &said) != nil || json.Unmarshal(said.Response.ClientData, &client) != nil {
		return list
	}
	if origin, err := url.Parse(client.Origin); err == nil && origin.Scheme == scheme && origin.Hostname() == host {
		list = append(list, client.Origin)
	}
	return list
}

// holder is a user as the library wants one, with the passkeys for one host.
type holder struct {
	user
	host string
}

// WebAuthnID implements webauthn.User.
func (h holder) WebAuthnID() []byte { return h.Handle }

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.Name }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.Name }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() (list []webauthn.Credential) {
	for _, key := range h.passkeysFor(h.host) {
		list = append(list, key.Credential)
	}
	return list
}

// ask makes the options by which a browser asks for one of the user's passkeys; none
// where there is none for this site.
func ask(claim acmecore.Claim, who user) (options string, ceremony *webauthn.SessionData, err error) {
	site := party(claim, "")
	if site == nil || len(who.passkeysFor(hostOf(claim))) == 0 {
		return "", nil, nil
	}
	assertion, ceremony, err := site.BeginLogin(holder{who, hostOf(claim)}, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return "", nil, fmt.Errorf("ask for passkey: %w", err)
	}
	text, err := json.Marshal(assertion.Response)
	return string(text), ceremony, err
}

// offer is a log-in by a passkey alone: whoever has it must show to it who he or she
// is, so that it is two factors at once. Nothing of it is kept.
func (d *Desk) offer(_ context.Context, v visit) (acmecore.AccountAnswer, error) {
	site := party(v.claim, v.Credential)
	if site == nil {
		return acmecore.AccountAnswer{}, nil
	}
	assertion, ceremony, err := site.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return acmecore.AccountAnswer{}, fmt.Errorf("ask for passkey: %w", err)
	}
	text, err := json.Marshal(assertion.Response)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	ticket, err := seal(d.tickets, "log in", half{Ceremony: ceremony})
	return acmecore.AccountAnswer{Passkey: string(text), Ticket: ticket}, err
}

// wrongPasskey is said of one that is not taken.
const wrongPasskey = "That passkey is not one of yours here, or it was not used in time."

// byPasskey is the second step, or the only one.
func (d *Desk) byPasskey(ctx context.Context, v visit, ticket ticket[half]) (acmecore.AccountAnswer, error) {
	if ticket.Content.Ceremony == nil {
		return acmecore.AccountAnswer{}, expired(errors.New("no passkey was asked for"))
	}
	if err := d.take(v); err != nil {
		return acmecore.AccountAnswer{}, err
	}
	who, credential, err := d.holderOf(v, ticket.Content)
	if acmecore.KindOf(err) == acmecore.Stale {
		return acmecore.AccountAnswer{}, err
	}
	if err != nil {
		return d.refusePasskey(v, ticket.Content, err)
	}
	if !spend(d.tickets, ticket) {
		return acmecore.AccountAnswer{}, expired(errors.New("it was gone on with already"))
	}
	who, err = d.roster.changeUser(ctx, who.Name, func(one *user) error {
		i := slices.IndexFunc(one.Passkeys, func(p passkey) bool { return string(p.Credential.ID) == string(credential.ID) })
		if i < 0 || one.Mark != who.Mark {
			return expired(errors.New("the account was changed meanwhile"))
		}
		one.Passkeys[i].Credential, one.Passkeys[i].Used = *credential, d.now().UTC()
		return nil
	})
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	return d.complete(v, who, "by passkey")
}

// holderOf verifies what the browser says of a passkey, and returns whose it is.
func (d *Desk) holderOf(v visit, state half) (user, *webauthn.Credential, error) {
	site := party(v.claim, v.Credential)
	if site == nil {
		return user{}, nil, errors.New("passkeys are not used here")
	}
	said, err := protocol.ParseCredentialRequestResponseBytes([]byte(v.Credential))
	if err != nil {
		return user{}, nil, err
	}
	if state.User == "" {
		found, credential, err := site.ValidatePasskeyLogin(d.byHandle(hostOf(v.claim)), *state.Ceremony, said)
		if err != nil {
			return user{}, nil, err
		}
		return found.(holder).user, credential, notCloned(credential)
	}
	who, err := d.stillHalf(state)
	if err != nil {
		return user{}, nil, err
	}
	credential, err := site.ValidateLogin(holder{who, hostOf(v.claim)}, *state.Ceremony, said)
	if err != nil {
		return user{}, nil, err
	}
	return who, credential, notCloned(credential)
}

// notCloned refuses a passkey of which somebody has a copy (WebAuthn level 3, section
// 6.1.1).
func notCloned(credential *webauthn.Credential) error {
	if credential.Authenticator.CloneWarning {
		return errors.New("its counter has gone back, so that there is a copy of it")
	}
	return nil
}

// byHandle finds the user of a passkey.
func (d *Desk) byHandle(host string) webauthn.DiscoverableUserHandler {
	return func(_, handle []byte) (webauthn.User, error) {
		all, err := d.roster.read()
		if err != nil {
			return nil, err
		}
		for _, who := range all.Users {
			if len(handle) > 0 && string(who.Handle) == string(handle) {
				return holder{who, host}, nil
			}
		}
		return nil, errors.New("nobody has that passkey")
	}
}

// refusePasskey says that a passkey is wrong, and asks again.
func (d *Desk) refusePasskey(v visit, state half, cause error) (acmecore.AccountAnswer, error) {
	if state.User != "" {
		who, err := d.stillHalf(state)
		if err != nil {
			return acmecore.AccountAnswer{}, err
		}
		return d.refuseSecond(v, who, "passkey", wrongPasskey)
	}
	d.throttle.end(v.claim.Address, false)
	d.refused(&d.strangers, v, "log in", "", acmecore.Inert(cause.Error()))
	return mistake("passkey", wrongPasskey), nil
}
