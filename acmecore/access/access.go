// Package access decides who may see and do what on the admin pages: by what the web
// server, or wCME's own log-in, says of a visitor, by the name that the visitor asked
// for, by the connection, and by the token of the form that was sent.
//
// The script only passes on what it was told, so that one that was broken into can
// forge neither a session nor a form of another user.
package access

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"wcme/acmecore"
)

// Policy is what the configuration says of it.
type Policy struct {
	LogIn bool // wCME's own log-in says who is signed in; otherwise the web server
	// View, Operate and Admin are the users of each role whom the web server
	// authenticates; "*" is every one. While all are empty, every one is an admin.
	View, Operate, Admin []string
	HTTP                 bool                   // also over plain http
	Host                 func(name string) bool // the pages may be asked for by this name, of small letters, without a port
	Silent               func() time.Time       // since when the daily work has been overdue, for those who are admitted; nil and zero: it is not
}

// Sessions are those of wCME's own log-in.
type Sessions interface {
	// Session returns who is signed in by the claim's cookie; user is "" for nobody. key
	// is the session's own, and secret.
	Session(claim acmecore.Claim) (user string, role acmecore.Role, key string)
	// Account serves the log-in.
	Account(ctx context.Context, claim acmecore.Claim, request acmecore.AccountRequest) (acmecore.AccountAnswer, error)
}

// Desk implements control.Access.
type Desk struct {
	policy   atomic.Pointer[Policy]
	sessions Sessions
	forms    forms
	pace     *rate.Limiter
	version  string
}

// How many forms are taken: of all visitors together, some at once, and then one a
// second. Whoever clicks is never kept waiting by that; a script that was broken into
// is.
const (
	formsAtOnce  = 60
	formInterval = time.Second
)

// New returns a desk that admits nobody before it is configured. The version is what
// pages show.
func New(sessions Sessions, version string) *Desk {
	return &Desk{sessions: sessions, version: version, forms: newForms(), pace: rate.NewLimiter(rate.Every(formInterval), formsAtOnce)}
}

// Configure puts the policy in force.
func (d *Desk) Configure(policy Policy) { d.policy.Store(&policy) }

// Admit implements control.Access.
func (d *Desk) Admit(_ context.Context, claim acmecore.Claim) (acmecore.Admission, error) {
	policy := d.policy.Load()
	if policy == nil {
		return acmecore.Admission{}, errors.New("nobody is admitted yet")
	}
	admission := acmecore.Admission{LogIn: policy.LogIn}
	switch {
	case !policy.allowsHost(claim.Host):
		admission.Refusal = acmecore.RefusedHost
		return admission, nil
	case !claim.HTTPS && !policy.HTTP && !isLocal(claim):
		admission.Refusal = acmecore.RefusedPlain
		return admission, nil
	}
	user, role, session := d.identify(policy, claim)
	admission.Form = d.forms.issue(owner{user, session})
	admission.User, admission.Role = acmecore.Inert(user), role
	switch {
	case user == "":
		admission.Refusal = acmecore.RefusedNobody
	case role == "":
		admission.Refusal = acmecore.RefusedRole
	default:
		admission.Version = d.version
		if policy.Silent != nil {
			admission.Silent = policy.Silent()
		}
	}
	return admission, nil
}

// identify says who is signed in, and as what.
func (d *Desk) identify(policy *Policy, claim acmecore.Claim) (user string, role acmecore.Role, session string) {
	if policy.LogIn {
		return d.sessions.Session(claim)
	}
	return claim.User, policy.role(claim.User), ""
}

// Spend implements control.Access.
func (d *Desk) Spend(_ context.Context, claim acmecore.Claim, _ acmecore.Admission) (key string, err error) {
	key, err = d.spend(claim)
	if err == nil && !d.pace.Allow() {
		return "", &acmecore.Error{Kind: acmecore.Busy, Op: "take the form", Cause: errors.New("too many were sent in the last minute"), Hint: "try again in a minute"}
	}
	return key, err
}

// spend checks the token of the form, and returns the form's number.
func (d *Desk) spend(claim acmecore.Claim) (number string, err error) {
	policy := d.policy.Load()
	if policy == nil {
		return "", errors.New("nobody is admitted yet")
	}
	user, _, session := d.identify(policy, claim)
	return d.forms.check(claim.Form, owner{user, session})
}

// Account implements control.Access: for visitors who need not be signed in. Whatever
// acts takes a form that this desk has issued.
func (d *Desk) Account(ctx context.Context, claim acmecore.Claim, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	admission, err := d.Admit(ctx, claim)
	if err != nil {
		return acmecore.AccountAnswer{}, err
	}
	if !admission.LogIn || admission.Refusal == acmecore.RefusedHost || admission.Refusal == acmecore.RefusedPlain {
		return acmecore.AccountAnswer{}, &acmecore.Error{Kind: acmecore.Denied, Op: "ask the overseer", Cause: errors.New("wCME's own log-in is not to be used here"),
			Hint: `auth = "login" in [admin] of wcme.toml, and https, are what it needs`}
	}
	if !looks(request.Deed) {
		// At no pace: strangers would slow down everybody. The log-in has its own.
		if _, err := d.spend(claim); err != nil {
			return acmecore.AccountAnswer{}, err
		}
	}
	return d.sessions.Account(ctx, claim, request)
}

// looks tells whether the deed changes nothing, and so needs no form.
func looks(deed acmecore.AccountDeed) bool {
	switch deed {
	case acmecore.AccountOffer, acmecore.AccountLink, acmecore.AccountOwn:
		return true
	}
	return false
}

// role is the highest role that lists the user.
func (p *Policy) role(user string) acmecore.Role {
	lists := func(users []string) bool { return slices.Contains(users, user) || slices.Contains(users, "*") }
	switch {
	case user == "":
		return ""
	case lists(p.Admin), len(p.View)+len(p.Operate)+len(p.Admin) == 0:
		return acmecore.RoleAdmin
	case lists(p.Operate):
		return acmecore.RoleOperate
	case lists(p.View):
		return acmecore.RoleView
	}
	return ""
}

// allowsHost tells whether the pages may be asked for by the name: no other site can
// make up an address.
func (p *Policy) allowsHost(host string) bool {
	name := strings.ToLower(host)
	if bare, _, err := net.SplitHostPort(name); err == nil {
		name = bare
	}
	name = strings.TrimSuffix(name, ".")
	if address, found := strings.CutPrefix(name, "["); found {
		name = strings.TrimSuffix(address, "]")
	}
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Zone() == ""
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || p.Host(name)
}

// isLocal tells whether the visitor is on this host: what a proxy here passes on may
// have come from anywhere.
func isLocal(claim acmecore.Claim) bool {
	parsed, err := netip.ParseAddr(claim.Address)
	return err == nil && parsed.Unmap().IsLoopback() && !claim.Proxied
}
