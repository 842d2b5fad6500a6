package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
)

// LinkLife is how long a one-time link can be taken.
const LinkLife = 24 * time.Hour

// maxUsers is how many users there may be: far more than administer a host, and few
// enough for one file.
const maxUsers = 1000

// Roster is the list of users. Several processes may have one of the same files: each
// sees at once what another has changed.
type Roster struct {
	files Files
	now   func() time.Time

	mu    sync.Mutex
	stamp string // of the file that known was read from
	known users
}

// NewRoster returns the roster of the files; a nil now is the clock of the host.
func NewRoster(files Files, now func() time.Time) *Roster {
	if now == nil {
		now = time.Now
	}
	return &Roster{files: files, now: now}
}

// read returns the users as they are now. They must not be changed.
func (r *Roster) read() (users, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamp, err := r.files.Stamp(usersFile)
	if err != nil {
		return users{}, fmt.Errorf("look at users of the log-in: %w", err)
	}
	if stamp != "" && stamp == r.stamp {
		return r.known, nil
	}
	found, err := read[users](r.files, usersFile)
	if err != nil {
		return users{}, err
	}
	r.stamp, r.known = stamp, found // a file that was replaced in between has another stamp, and is read again
	return found, nil
}

// change changes users: what does is given them as they are now, and keeps anything from
// being written by returning an error.
func (r *Roster) change(ctx context.Context, does func(users) error) (err error) {
	release, err := r.files.Lock(ctx)
	if err != nil {
		return fmt.Errorf("lock users of the log-in: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	found, err := r.read()
	if err != nil {
		return err
	}
	fresh := found.copied()
	if err := does(fresh); err != nil {
		return err
	}
	r.mu.Lock()
	r.stamp = "" // two changes in one tick of the file system's clock have the same stamp
	r.mu.Unlock()
	return write(r.files, usersFile, fresh)
}

// changeUser changes one user; the error is of kind NotFound where there is none.
func (r *Roster) changeUser(ctx context.Context, name string, does func(*user) error) (changed user, err error) {
	err = r.change(ctx, func(all users) error {
		one, found := all.Users[name]
		if !found {
			return noUser(name)
		}
		if err := does(&one); err != nil {
			return err
		}
		all.Users[name], changed = one, one
		return nil
	})
	return changed, err
}

func noUser(name string) error {
	return &acmecore.Error{Kind: acmecore.NotFound, Op: "find user", Subject: acmecore.Inert(name), Cause: errors.New("there is none of that name"),
		Hint: "`wcme admin list` lists them"}
}

// Add makes a user without a password, and returns the secret of a link by which the
// user sets one. The error is of kind Invalid where there is one of that name.
func (r *Roster) Add(ctx context.Context, name string, role acmecore.Role) (secret string, until time.Time, err error) {
	err = r.change(ctx, func(all users) error {
		if _, found := all.Users[name]; found {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "add user", Subject: name, Cause: errors.New("there is one of that name"),
				Hint: fmt.Sprintf("`wcme admin link %s` makes a new link for that one", name)}
		}
		if len(all.Users) >= maxUsers {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "add user", Subject: name, Cause: fmt.Errorf("there are %d already", maxUsers),
				Hint: "remove those who are not there any more: wcme admin remove"}
		}
		one := user{Name: name, Role: role, Made: r.now().UTC(), Mark: rand.Text(), Handle: random(32)}
		secret, until = r.issue(&one)
		all.Users[name] = one
		return nil
	})
	return secret, until, err
}

// Link makes a new link for a user. It takes the place of an earlier one; the user's
// password and second factors stay until it is taken.
func (r *Roster) Link(ctx context.Context, name string) (secret string, until time.Time, err error) {
	_, err = r.changeUser(ctx, name, func(one *user) error {
		secret, until = r.issue(one)
		return nil
	})
	return secret, until, err
}

func (r *Roster) issue(one *user) (secret string, until time.Time) {
	secret, until = rand.Text(), r.now().Add(LinkLife).UTC()
	one.Link = link{Hash: hashOf(secret), Until: until}
	return secret, until
}

// SetRole gives a user another role, and ends the user's sessions.
func (r *Roster) SetRole(ctx context.Context, name string, role acmecore.Role) error {
	_, err := r.changeUser(ctx, name, func(one *user) error {
		if one.Role != role {
			one.Role, one.Mark = role, rand.Text()
		}
		return nil
	})
	return err
}

// LogOut ends a user's sessions.
func (r *Roster) LogOut(ctx context.Context, name string) error {
	_, err := r.changeUser(ctx, name, func(one *user) error {
		one.Mark = rand.Text()
		return nil
	})
	return err
}

// Remove removes a user, and with it the sessions.
func (r *Roster) Remove(ctx context.Context, name string) error {
	return r.change(ctx, func(all users) error {
		if _, found := all.Users[name]; !found {
			return noUser(name)
		}
		delete(all.Users, name)
		return nil
	})
}

// List returns the users in the order of their names.
func (r *Roster) List() ([]acmecore.LogInUser, error) {
	all, err := r.read()
	if err != nil {
		return nil, err
	}
	list := []acmecore.LogInUser{}
	for _, name := range all.names() {
		one := all.Users[name]
		shown := acmecore.LogInUser{User: acmecore.Inert(one.Name), Role: one.Role, Made: one.Made,
			Password: one.Password != "", Codes: one.Codes.Secret != "", Passkeys: len(one.Passkeys)}
		if one.Link.Until.After(r.now()) {
			shown.Link = one.Link.Until
		}
		list = append(list, shown)
	}
	return slices.Clip(list), nil
}

// hashOf is what is kept of a secret with so much chance in it that nobody can guess
// it.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func random(n int) []byte {
	text := make([]byte, n)
	rand.Read(text) // never fails (crypto/rand)
	return text
}
