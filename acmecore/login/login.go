// Package login is wCME's own log-in: users with passwords, codes (RFC 6238) and
// passkeys (WebAuthn level 3), and the sessions that they begin.
//
// A Roster is what administrators make users with; no user has a password before
// having taken a one-time link. A Desk, made by New, serves the pages. It promises:
//
//   - A cookie carries a random number and nothing else. What it stands for is in the
//     overseer, so that a session ends at once, wherever it is ended.
//   - A session ends after IdleTime without a request, after LongestTime in any case, when its
//     user logs out, and when the user's password, codes or role change. It is
//     good for the browser that began it alone.
//   - Each log-in gets a new number. So does a session that goes on after its user has
//     changed the password or the codes.
//   - A password is computed with as much work whether the user exists or not, twice at
//     once at most, and after the throttle alone has let it through.
//   - Passwords, codes, links and cookies are in no log. Of passwords, links and cookies,
//     hashes are kept.
package login

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"wcme/acmecore"
)

// The life of a session.
const (
	IdleTime    = 30 * time.Minute
	LongestTime = 12 * time.Hour
)

// Options are what a Desk needs.
type Options struct {
	Files Files
	// Now tells the time; nil is the clock of the host.
	Now func() time.Time
	// Cost is the work of a password; the zero value is the one of RFC 9106.
	Cost Cost
	// Audit is told who did what, to whom, and what came of it; nil tells nobody. Texts
	// are inert.
	Audit func(who, what, subject, outcome string)
	// Log gets what keeps the log-in from working as it should; nil is nobody.
	Log *slog.Logger
}

// Desk implements access.Sessions. Its methods may be called at the same time.
type Desk struct {
	roster    *Roster
	passwords *passwords
	throttle  *throttle
	tickets   tickets
	now       func() time.Time
	audit     func(who, what, subject, outcome string)
	log       *slog.Logger
	strangers failures // of those who have shown nothing
	halfway   failures // of those who have the password, or a session

	mu       sync.Mutex
	cookies  *cookies // nil before they are needed
	sessions *sessions
}

// New returns a desk. It reads no file before somebody asks something of it.
func New(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Audit == nil {
		o.Audit = func(_, _, _, _ string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{
		roster:    NewRoster(o.Files, o.Now),
		passwords: newPasswords(o.Cost),
		throttle:  newThrottle(o.Files, o.Now, o.Log),
		tickets:   newTickets(o.Now),
		now:       o.Now,
		audit:     o.Audit,
		log:       o.Log,
		strangers: failures{whose: "log-ins"},
		halfway:   failures{whose: "tries of those who had the password or a session"},
	}
}

// Session implements access.Sessions.
func (d *Desk) Session(claim acmecore.Claim) (name string, role acmecore.Role, key string) {
	found, who, number := d.signedIn(claim)
	if found == nil {
		return "", "", ""
	}
	return who.Name, who.Role, number
}

// signedIn returns the session of the claim's cookie, its user and the number in the
// cookie; found is nil for nobody.
func (d *Desk) signedIn(claim acmecore.Claim) (found *session, who user, number string) {
	if claim.Cookie == "" {
		return nil, user{}, ""
	}
	users, err := d.roster.read()
	if err != nil {
		d.log.Error("users of the log-in not read", "error", err, "hint", acmecore.HintOf(err))
		return nil, user{}, ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prepare()
	number, good := d.cookies.read(claim.Cookie)
	if !good {
		return nil, user{}, ""
	}
	copied, there := d.sessions.look(number, claim.Agent, users)
	if !there {
		return nil, user{}, ""
	}
	return &copied, users.Users[copied.User], number
}

// prepare reads the keys and the sessions, once. It is called with mu held.
func (d *Desk) prepare() {
	if d.cookies == nil {
		d.cookies = readCookies(d.roster.files, d.now, d.log)
		d.sessions = readSessions(d.roster.files, d.now, d.log)
	}
	d.cookies.rotate()
}

// deed is one that can be asked for.
type deed struct {
	signedIn bool // it takes somebody who is
	do       func(context.Context, visit) (acmecore.AccountAnswer, error)
}

// visit is who asks for a deed, and for what.
type visit struct {
	acmecore.AccountRequest
	claim   acmecore.Claim
	session *session // nil for nobody
	user    user
}

// who is the visitor, for the audit.
func (v visit) who() string {
	address := acmecore.Inert(v.claim.Address)
	if v.user.Name == "" {
		return "visitor at " + address
	}
	return "user " + v.user.Name + " at " + address
}

func (d *Desk) deeds() map[acmecore.AccountDeed]deed {
	return map[acmecore.AccountDeed]deed{
		acmecore.AccountLogIn:         {false, d.logIn},
		acmecore.AccountOffer:         {false, d.offer},
		acmecore.AccountLink:          {false, d.lookAtLink},
		acmecore.AccountWelcome:       {false, d.welcome},
		acmecore.AccountLogOut:        {true, d.logOut},
		acmecore.AccountLogOutAll:     {true, d.logOutAll},
		acmecore.AccountEnd:           {true, d.endSession},
		acmecore.AccountOwn:           {true, d.own},
		acmecore.AccountPassword:      {true, d.changePassword},
		acmecore.AccountNewCodes:      {true, d.newCodes},
		acmecore.AccountConfirmCodes:  {true, d.confirmCodes},
		acmecore.AccountRemoveCodes:   {true, d.removeCodes},
		acmecore.AccountNewPasskey:    {true, d.newPasskey},
		acmecore.AccountAddPasskey:    {true, d.addPasskey},
		acmecore.AccountRemovePasskey: {true, d.removePasskey},
	}
}

// Account implements access.Sessions. What is wrong with a request is in the answer; an
// error is of kind Limited while there are too many tries, Stale where a ticket or a
// link has run out, and Denied where nobody is signed in.
func (d *Desk) Account(ctx context.Context, claim acmecore.Claim, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	deed, found := d.deeds()[request.Deed]
	if !found {
		return acmecore.AccountAnswer{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "ask the log-in to", Subject: acmecore.Inert(string(request.Deed)),
			Cause: errors.New("it does nothing of that name")}
	}
	v := visit{AccountRequest: request, claim: claim}
	v.session, v.user, _ = d.signedIn(claim)
	if deed.signedIn && v.session == nil {
		return acmecore.AccountAnswer{}, &acmecore.Error{Kind: acmecore.Denied, Op: "ask the log-in", Cause: errors.New("nobody is signed in"), Hint: "log in again"}
	}
	return deed.do(ctx, v)
}

// begin begins a session for the user, in place of the visitor's own.
func (d *Desk) begin(v visit, who user) (acmecore.AccountAnswer, error) {
	all, err := d.roster.read()
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prepare()
	d.sessions.drop(all)
	if v.session != nil {
		d.sessions.end(v.session.Hash)
	}
	number := d.sessions.begin(who, v.claim)
	cookie, err := d.cookies.write(number)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	return acmecore.AccountAnswer{Cookie: cookie, User: who.Name, Role: who.Role}, nil
}

// mistake is an answer that says what is wrong with one field.
func mistake(field, text string) acmecore.AccountAnswer {
	return acmecore.AccountAnswer{Mistakes: []acmecore.Mistake{{Field: field, Text: text}}}
}
