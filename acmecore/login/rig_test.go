package login_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"wcme/acmecore"
	"wcme/acmecore/login"
)

// memory keeps files as a state directory does.
type memory struct {
	mu     sync.Mutex
	users  sync.Mutex
	files  map[string]string
	writes int
	full   bool   // nothing can be written
	before func() // is called before the next lock is taken
}

func (m *memory) Read(name string, parse func([]byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, found := m.files[name]
	if !found {
		return nil
	}
	if err := parse([]byte(text)); err != nil {
		delete(m.files, name)
		return errors.New("it is damaged")
	}
	return nil
}

func (m *memory) Write(name string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		return errors.New("no space left")
	}
	m.files[name] = string(content)
	m.writes++
	return nil
}

func (m *memory) Stamp(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files[name], nil
}

func (m *memory) Lock(context.Context) (func() error, error) {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	m.users.Lock()
	return func() error { m.users.Unlock(); return nil }, nil
}

// rig is a desk with everything around it.
type rig struct {
	testing.TB
	*login.Desk
	roster *login.Roster
	files  *memory
	now    time.Time
	told   strings.Builder // the audit
	log    strings.Builder
	hashes int
}

const (
	agent    = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	password = "correct horse battery"
)

func newRig(tb testing.TB) *rig {
	r := &rig{TB: tb, files: &memory{files: make(map[string]string)}, now: time.Date(2026, 11, 21, 5, 46, 0, 0, time.UTC)}
	r.roster = login.NewRoster(r.files, r.clock)
	r.restart()
	return r
}

func (r *rig) clock() time.Time { return r.now }

// restart is another overseer with the same files.
func (r *rig) restart() {
	var mu sync.Mutex
	r.Desk = login.New(login.Options{Files: r.files, Now: r.clock, Cost: login.Cost{Passes: 1, Memory: 8, Threads: 1},
		Audit: func(who, what, subject, outcome string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&r.told, "%s|%s|%s|%s\n", who, what, subject, outcome)
		},
		Log: slog.New(slog.NewTextHandler(&r.log, nil))})
	r.SetKey(func(password, salt []byte, cost login.Cost) []byte {
		mu.Lock()
		r.hashes++
		mu.Unlock()
		return login.Argon2id(password, salt, cost)
	})
}

// claim is what the script says of an ordinary browser.
func claim(cookie string) acmecore.Claim {
	return acmecore.Claim{Cookie: cookie, Agent: agent, Address: "192.0.2.7", Host: "www.example.org", HTTPS: true}
}

// ask asks something that must be answered.
func (r *rig) ask(claim acmecore.Claim, request acmecore.AccountRequest) acmecore.AccountAnswer {
	r.Helper()
	answer, err := r.Account(r.Context(), claim, request)
	if err != nil {
		r.Fatalf("%s: %v", request.Deed, err)
	}
	return answer
}

// refuse asks something that must be an error of that kind.
func (r *rig) refuse(kind acmecore.Kind, claim acmecore.Claim, request acmecore.AccountRequest) {
	r.Helper()
	answer, err := r.Account(r.Context(), claim, request)
	if err == nil || acmecore.KindOf(err) != kind {
		r.Fatalf("%s: got %+v, %v; want an error of kind %s", request.Deed, answer, err, kind)
	}
}

// wrong asks something in which that field must be wrong.
func (r *rig) wrong(field string, claim acmecore.Claim, request acmecore.AccountRequest) acmecore.AccountAnswer {
	r.Helper()
	answer := r.ask(claim, request)
	if len(answer.Mistakes) != 1 || answer.Mistakes[0].Field != field || answer.Mistakes[0].Text == "" || answer.Cookie != "" {
		r.Fatalf("%s: got %+v, want a mistake in %s", request.Deed, answer, field)
	}
	return answer
}

// add makes a user with the password, and returns the cookie of the first session.
func (r *rig) add(name string, role acmecore.Role) (cookie string) {
	r.Helper()
	secret, _, err := r.roster.Add(r.Context(), name, role)
	if err != nil {
		r.Fatal(err)
	}
	return r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: secret, NewPassword: password}).Cookie
}

func byPassword(name, password string) acmecore.AccountRequest {
	return acmecore.AccountRequest{Deed: acmecore.AccountLogIn, User: name, Password: password}
}

// logIn logs in by the password alone.
func (r *rig) logIn(name string) (cookie string) {
	r.Helper()
	answer := r.ask(claim(""), byPassword(name, password))
	if answer.Cookie == "" {
		r.Fatalf("no cookie: %+v", answer)
	}
	return answer.Cookie
}

// isIn checks who is signed in by the cookie; "" is nobody.
func (r *rig) isIn(name, cookie string) {
	r.Helper()
	if got, _, _ := r.Session(claim(cookie)); got != name {
		r.Fatalf("signed in: got %q, want %q", got, name)
	}
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// wait lets time go by.
func (r *rig) wait(d time.Duration) { r.now = r.now.Add(d) }

// withCodes sets codes up, and returns their secret and the cookie of the session that
// goes on.
func (r *rig) withCodes(cookie string) (secret, next string) {
	r.Helper()
	made := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountNewCodes})
	confirmed := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountConfirmCodes, Ticket: made.Ticket, Code: r.code(made.Codes.Secret, 0), Password: password})
	if confirmed.Cookie == "" {
		r.Fatalf("codes: got %+v", confirmed)
	}
	return made.Codes.Secret, confirmed.Cookie
}

// code is the one of a device whose clock goes so far ahead.
func (r *rig) code(secret string, ahead time.Duration) string {
	r.Helper()
	code, err := totp.GenerateCode(secret, r.now.Add(ahead))
	r.must(err)
	return code
}

// wrongCode is one that no device makes at about this time: any code that a test made up
// would be right now and then.
func (r *rig) wrongCode(secret string) string {
	r.Helper()
	for n := 0; ; n++ {
		wrong := fmt.Sprintf("%06d", n)
		right := func(steps int) bool { return r.code(secret, time.Duration(steps)*30*time.Second) == wrong }
		if !slices.ContainsFunc([]int{-2, -1, 0, 1, 2}, right) {
			return wrong
		}
	}
}
