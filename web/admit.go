package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// maxForm is how long a form may be, in bytes: as much as the smallest server passes on.
const maxForm = 8 << 10

// admit shows what is below adminPath to those whom the overseer admits, but for the
// static files, which hold nothing. It looks at the path, not at the routes, so
// that a new page is guarded before anybody thinks of it.
func (s Site) admit(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !guarded(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		if foreign.Check(r) != nil {
			s.refuseForeign(w, r)
			return
		}
		claim, err := claimOf(w, r)
		if err != nil {
			s.refuseForm(w, r, err)
			return
		}
		ctx := control.WithClaim(r.Context(), claim)
		admission, err := s.ask(ctx)
		if err != nil {
			s.fail(w, r.WithContext(ctx), err)
			return
		}
		r = r.WithContext(withAdmission(ctx, admission))
		if admission.Refusal == "" || admission.Refusal == acmecore.RefusedNobody && admission.LogIn && s.isOpen(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		s.refuse(w, r, admission)
	})
}

// ask asks the overseer whom it takes the visitor for.
func (s Site) ask(ctx context.Context) (acmecore.Admission, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.Overseer.Admit(limited)
}

func guarded(path string) bool {
	return isBelow(path, adminPath) && !isBelow(path, staticPath)
}

// isBelow tells whether the path is dir or stands in it.
func isBelow(path, dir string) bool {
	rest, found := strings.CutPrefix(path, dir)
	return found && (rest == "" || rest[0] == '/')
}

// claimOf is what the web server says of the visitor, and what the browser has sent to
// be told by. It takes the form in, where one was sent.
func claimOf(w http.ResponseWriter, r *http.Request) (acmecore.Claim, error) {
	visitor := VisitorFrom(r.Context())
	claim := acmecore.Claim{User: visitor.User, Address: visitor.Address, HTTPS: visitor.HTTPS, Host: r.Host, Agent: r.UserAgent()}
	claim.Cookie, claim.Proxied = cookieOf(r), isProxied(r)
	if r.Method != http.MethodPost {
		return claim, nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return claim, err
	}
	claim.Form = r.PostForm.Get(formField)
	return claim, nil
}

// isProxied tells whether the request says that it has come by way of a proxy (RFC 7239).
// Whoever sets these headers only loses by it.
func isProxied(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return true
		}
	}
	return false
}

// formField is the field with the token of a form.
const formField = "form"

// cookieName is the name of the cookie of wCME's own log-in: browsers take one of this
// prefix over https alone, for this very host (RFC 6265bis section 4.1.3.2). Over plain
// http, where that is allowed, it has no prefix.
func cookieName(https bool) string {
	if https {
		return "__Host-wcme"
	}
	return "wcme"
}

// maxCookie is how long the cookie may be, in bytes; a longer one is none of ours.
const maxCookie = 1 << 10

func cookieOf(r *http.Request) string {
	cookie, err := r.Cookie(cookieName(VisitorFrom(r.Context()).HTTPS))
	if err != nil || len(cookie.Value) > maxCookie {
		return ""
	}
	return cookie.Value
}

// begin begins a task with the form that was sent.
func (s Site) begin(r *http.Request, task control.Task) (acmecore.Job, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	return s.Overseer.Begin(ctx, task, "")
}

// isTooLong tells of a form that is too long.
func isTooLong(err error) bool {
	var tooLong *http.MaxBytesError
	return errors.As(err, &tooLong)
}

type admissionKey struct{}

func withAdmission(ctx context.Context, admission acmecore.Admission) context.Context {
	return context.WithValue(ctx, admissionKey{}, admission)
}

// admissionFrom returns whom the overseer takes the visitor for; nobody where it was
// not asked.
func admissionFrom(ctx context.Context) acmecore.Admission {
	admission, _ := ctx.Value(admissionKey{}).(acmecore.Admission)
	return admission
}
