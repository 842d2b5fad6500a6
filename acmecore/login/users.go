package login

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"wcme/acmecore"
)

// user is one who may log in.
type user struct {
	Name string        `json:"name"`
	Role acmecore.Role `json:"role"`
	Made time.Time     `json:"made"`
	// Mark is another one after each change that ends the user's sessions.
	Mark     string    `json:"mark"`
	Password string    `json:"password,omitempty"` // its hash; "" before a link was taken
	Changed  time.Time `json:"changed,omitzero"`   // when it became the password
	Link     link      `json:"link,omitzero"`
	Codes    codes     `json:"codes,omitzero"`
	// Handle is what passkeys know the user by: random, so that it says nothing.
	Handle   []byte    `json:"handle,omitempty"`
	Passkeys []passkey `json:"passkeys,omitempty"`
}

// link is a one-time link that was not taken yet.
type link struct {
	Hash  string    `json:"hash"` // of its secret
	Until time.Time `json:"until"`
}

// codes are what a second factor is made from; none without a secret.
type codes struct {
	Secret string    `json:"secret"` // base32
	Since  time.Time `json:"since"`
	Last   uint64    `json:"last"` // step of the last code that was taken: no code is taken twice (RFC 6238 section 5.2)
}

// passkey is a credential of WebAuthn.
type passkey struct {
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	Host       string              `json:"host"` // the relying party's ID
	Made       time.Time           `json:"made"`
	Used       time.Time           `json:"used,omitzero"`
	Credential webauthn.Credential `json:"credential"`
}

// needsMore tells whether a password alone does not let the user in. It does by no name
// of the server: whoever knows the password chooses the name.
func (u user) needsMore() bool { return u.Codes.Secret != "" || len(u.Passkeys) > 0 }

// passkeysFor are those that a browser can use for the host.
func (u user) passkeysFor(host string) (list []passkey) {
	for _, key := range u.Passkeys {
		if key.Host == host {
			list = append(list, key)
		}
	}
	return list
}

// users are all of them. What is read from a file is shared, and never changed: see
// Roster.change.
type users struct {
	Users map[string]user `json:"users"` // by name
}

// copied is one that can be changed.
func (u users) copied() users {
	fresh := users{Users: make(map[string]user, len(u.Users))}
	for name, one := range u.Users {
		one.Passkeys = slices.Clone(one.Passkeys)
		fresh.Users[name] = one
	}
	return fresh
}

// names are those of all users, in order.
func (u users) names() []string { return slices.Sorted(maps.Keys(u.Users)) }

// maxUser is how long a user's name may be, in bytes.
const maxUser = 64

// ParseUser returns a user's name in small letters: letters, digits and ". _ - @ +" of
// ASCII, the first one a letter or a digit. The error is of kind Invalid.
func ParseUser(text string) (string, error) {
	name := strings.ToLower(text)
	problem := func(why string) error {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "take the user's name", Subject: fmt.Sprintf("%q", acmecore.Inert(text)), Cause: errors.New(why),
			Hint: "use letters, digits and . _ - @ +, and begin with a letter or a digit"}
	}
	switch {
	case name == "":
		return "", problem("it is empty")
	case len(name) > maxUser:
		return "", problem(fmt.Sprintf("it is longer than %d characters", maxUser))
	case strings.ContainsRune("._-@+", rune(name[0])):
		return "", problem("it begins with a sign")
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("._-@+", c) >= 0) {
			return "", problem("it has other characters")
		}
	}
	return name, nil
}

// ParseRole returns a role, or an error of kind Invalid.
func ParseRole(text string) (acmecore.Role, error) {
	role := acmecore.Role(text)
	if !role.May(acmecore.RoleView) {
		return "", &acmecore.Error{Kind: acmecore.Invalid, Op: "take the role", Subject: fmt.Sprintf("%q", acmecore.Inert(text)),
			Cause: errors.New("there is no such role"), Hint: "the roles are view, operate and admin"}
	}
	return role, nil
}
