package login_test

import (
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/login"
)

func TestNobodyLogsInBeforeALinkIsTaken(t *testing.T) {
	r := newRig(t)
	secret, until, err := r.roster.Add(t.Context(), "alice", acmecore.RoleOperate)
	r.must(err)
	for _, guess := range []string{"", "alice", "admin", secret, "password"} {
		r.wrong("password", claim(""), byPassword("alice", guess))
	}
	if want := r.now.Add(24 * time.Hour); !until.Equal(want) || strings.Contains(r.files.files["users"], secret) {
		t.Errorf("until %s, want %s; or the secret is in the file", until, want)
	}
	shown := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountLink, Link: secret})
	if shown.User != "alice" || shown.Role != acmecore.RoleOperate || shown.Cookie != "" {
		t.Errorf("the link shows %+v", shown)
	}
	answer := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: secret, NewPassword: password})
	r.isIn("alice", answer.Cookie)
	r.isIn("alice", r.logIn(" ALICE "))
}

func TestALinkIsTakenOnceAndInTime(t *testing.T) {
	r := newRig(t)
	take := func(secret string) acmecore.AccountRequest {
		return acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: secret, NewPassword: password}
	}
	first, _, err := r.roster.Add(t.Context(), "alice", acmecore.RoleAdmin)
	r.must(err)
	second, _, err := r.roster.Link(t.Context(), "alice")
	r.must(err)
	r.refuse(acmecore.Stale, claim(""), take(first)) // the newer one takes its place
	r.ask(claim(""), take(second))
	r.refuse(acmecore.Stale, claim(""), take(second))
	r.refuse(acmecore.Stale, claim(""), acmecore.AccountRequest{Deed: acmecore.AccountLink, Link: second})
	third, _, err := r.roster.Link(t.Context(), "alice")
	r.must(err)
	r.wait(login.LinkLife - time.Second)
	r.wrong("new_password", claim(""), acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: third, NewPassword: "alice"})
	r.wait(time.Second)
	r.refuse(acmecore.Stale, claim(""), take(third))
	for _, never := range []string{"", " ", "alice", strings.Repeat("A", 26), strings.Repeat("A", 1<<16)} {
		r.refuse(acmecore.Stale, claim(""), take(never))
	}
}

func TestALinkResetsWhatWasThere(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	_, cookie = r.withCodes(cookie)
	secret, _, err := r.roster.Link(t.Context(), "alice")
	r.must(err)
	r.isIn("alice", cookie) // nothing happens before it is taken
	r.wait(time.Minute)
	if answer := r.ask(claim(""), byPassword("alice", password)); !answer.Missing || !answer.ByCode {
		t.Errorf("before: %+v", answer)
	}
	const other = "another horse, another staple"
	fresh := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: secret, NewPassword: other})
	r.isIn("", cookie)
	r.isIn("alice", fresh.Cookie)
	r.wrong("password", claim(""), byPassword("alice", password))
	if answer := r.ask(claim(""), byPassword("alice", other)); answer.Missing || answer.Cookie == "" {
		t.Errorf("after: %+v", answer)
	}
}

// TestW01SessionsAreNotFixed: what a browser brings along before a log-in counts for
// nothing after it.
func TestW01SessionsAreNotFixed(t *testing.T) {
	r := newRig(t)
	victim := r.add("alice", acmecore.RoleAdmin)
	attacker := r.add("mallory", acmecore.RoleView)
	brought := claim(attacker)
	after := r.ask(brought, byPassword("alice", password)).Cookie
	if after == attacker || after == victim {
		t.Error("the cookie is one that was there before")
	}
	r.isIn("alice", after)
	r.isIn("", attacker) // the session that the browser had ends
	r.isIn("alice", victim)
	if again := r.ask(claim(after), byPassword("alice", password)).Cookie; again == after {
		t.Error("a second log-in has the same cookie")
	}
	r.isIn("", after)
}

func TestW01TheNumberChangesWithTheRights(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleView)
	other := r.logIn("alice")
	_, _, before := r.Session(claim(cookie))
	r.must(r.roster.SetRole(t.Context(), "alice", acmecore.RoleView)) // which it was
	r.isIn("alice", cookie)
	r.must(r.roster.SetRole(t.Context(), "alice", acmecore.RoleAdmin))
	r.isIn("", cookie)
	r.isIn("", other)
	fresh := r.logIn("alice")
	_, role, key := r.Session(claim(fresh))
	if role != acmecore.RoleAdmin || key == before {
		t.Errorf("role %q, or the number is the same", role)
	}
	_, next := r.withCodes(fresh)
	r.isIn("", fresh)
	r.isIn("alice", next)
}

// TestW02EndedSessionsStayEnded takes a cookie away, and tries it after each thing that
// ends its session.
func TestW02EndedSessionsStayEnded(t *testing.T) {
	deed := func(request acmecore.AccountRequest) func(*rig, string) {
		return func(r *rig, cookie string) { r.ask(claim(cookie), request) }
	}
	for what, end := range map[string]func(r *rig, cookie string){
		"log-out":            deed(acmecore.AccountRequest{Deed: acmecore.AccountLogOut}),
		"log-out everywhere": deed(acmecore.AccountRequest{Deed: acmecore.AccountLogOutAll}),
		"password change":    deed(acmecore.AccountRequest{Deed: acmecore.AccountPassword, Password: password, NewPassword: "staple horse correct"}),
		"codes":              func(r *rig, cookie string) { r.withCodes(cookie) },
		"wcme admin logout":  func(r *rig, _ string) { r.must(r.roster.LogOut(r.Context(), "alice")) },
		"wcme admin role":    func(r *rig, _ string) { r.must(r.roster.SetRole(r.Context(), "alice", acmecore.RoleView)) },
		"wcme admin remove":  func(r *rig, _ string) { r.must(r.roster.Remove(r.Context(), "alice")) },
		"removed and added": func(r *rig, _ string) {
			r.must(r.roster.Remove(r.Context(), "alice"))
			_, _, err := r.roster.Add(r.Context(), "alice", acmecore.RoleAdmin)
			r.must(err)
		},
		"lost files": func(r *rig, _ string) { delete(r.files.files, "sessions"); r.restart() },
		"lost keys":  func(r *rig, _ string) { delete(r.files.files, "keys"); r.restart() },
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			cookie := r.add("alice", acmecore.RoleAdmin)
			r.isIn("alice", cookie)
			end(r, cookie)
			r.isIn("", cookie)
			r.restart()
			r.isIn("", cookie)
		})
	}
}

func TestARestartLogsNobodyOut(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	r.wait(20 * time.Minute)
	r.isIn("alice", cookie)
	r.restart()
	r.wait(20 * time.Minute)
	r.isIn("alice", cookie)
	for name, text := range r.files.files {
		if _, _, number := r.Session(claim(cookie)); strings.Contains(text, number) || strings.Contains(text, cookie) {
			t.Errorf("the file %s has the number of the session", name)
		}
	}
}

func TestLogOutEndsOneSessionAlone(t *testing.T) {
	r := newRig(t)
	first, second := r.add("alice", acmecore.RoleAdmin), r.logIn("alice")
	other := r.add("bob", acmecore.RoleView)
	if answer := r.ask(claim(first), acmecore.AccountRequest{Deed: acmecore.AccountLogOut}); !answer.Forget {
		t.Error("the cookie is not removed")
	}
	r.isIn("", first)
	r.isIn("alice", second)
	r.ask(claim(second), acmecore.AccountRequest{Deed: acmecore.AccountLogOutAll})
	r.isIn("", second)
	r.isIn("bob", other)
}

func TestASessionIsEndedFromAnother(t *testing.T) {
	r := newRig(t)
	first, second := r.add("alice", acmecore.RoleAdmin), r.logIn("alice")
	stranger := r.add("bob", acmecore.RoleAdmin)
	own := r.ask(claim(second), acmecore.AccountRequest{Deed: acmecore.AccountOwn}).Own
	if len(own.Sessions) != 2 || !own.Sessions[0].This || own.Sessions[1].This || own.Sessions[1].Address != "192.0.2.7" {
		t.Fatalf("sessions %+v", own.Sessions)
	}
	r.ask(claim(stranger), acmecore.AccountRequest{Deed: acmecore.AccountEnd, ID: own.Sessions[1].ID})
	r.isIn("alice", first) // it is none of bob's
	if answer := r.ask(claim(second), acmecore.AccountRequest{Deed: acmecore.AccountEnd, ID: own.Sessions[1].ID}); answer.Forget {
		t.Error("the cookie of this session is removed")
	}
	r.isIn("", first)
	if answer := r.ask(claim(second), acmecore.AccountRequest{Deed: acmecore.AccountEnd, ID: own.Sessions[0].ID}); !answer.Forget {
		t.Error("the cookie stays")
	}
	r.isIn("", second)
}

// TestW04SessionsEnd has the times of a session in words.
func TestW04SessionsEnd(t *testing.T) {
	for _, row := range []struct {
		what  string
		steps []time.Duration
		in    bool
	}{
		{"a second before it was idle too long", []time.Duration{login.IdleTime - time.Second}, true},
		{"idle too long", []time.Duration{login.IdleTime}, false},
		{"in use for hours", repeated(29*time.Minute, 24), true},
		{"in use for longer than one may be", repeated(29*time.Minute, 25), false},
		{"a second before its longest time", append(repeated(29*time.Minute, 24), 24*time.Minute-time.Second), true},
		{"its longest time", append(repeated(29*time.Minute, 24), 24*time.Minute), false},
		{"a clock that was put back", []time.Duration{-time.Hour}, false},
	} {
		r := newRig(t)
		cookie, in := r.add("alice", acmecore.RoleAdmin), true
		for _, step := range row.steps {
			r.wait(step)
			name, _, _ := r.Session(claim(cookie))
			in = name == "alice"
		}
		if in != row.in {
			t.Errorf("%s: signed in: %v, want %v", row.what, in, row.in)
		}
	}
}

func repeated(step time.Duration, n int) (steps []time.Duration) {
	for range n {
		steps = append(steps, step)
	}
	return steps
}

func TestASessionIsGoodForItsBrowserAlone(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	stolen := claim(cookie)
	stolen.Agent = "curl/8.14.1"
	if name, role, key := r.Session(stolen); name != "" || role != "" || key != "" {
		t.Errorf("another browser is %q, %q", name, role)
	}
	r.isIn("alice", cookie)
	elsewhere := claim(cookie) // whoever goes from one network to another stays signed in
	elsewhere.Address = "2001:db8::1"
	if name, _, _ := r.Session(elsewhere); name != "alice" {
		t.Errorf("from another address: %q", name)
	}
}

func TestSessionsOfAUserAreLimited(t *testing.T) {
	r := newRig(t)
	first := r.add("alice", acmecore.RoleAdmin)
	var cookies []string
	for range 20 {
		r.wait(time.Minute)
		cookies = append(cookies, r.logIn("alice"))
	}
	r.isIn("", first)
	for _, cookie := range cookies {
		r.isIn("alice", cookie)
	}
}

func TestPasswordChangeWantsTheOldOne(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	change := func(old, fresh string) acmecore.AccountRequest {
		return acmecore.AccountRequest{Deed: acmecore.AccountPassword, Password: old, NewPassword: fresh}
	}
	r.wrong("password", claim(cookie), change("", "staple horse correct"))
	r.wrong("password", claim(cookie), change("staple horse correct", "staple horse correct"))
	r.wrong("new_password", claim(cookie), change(password, "short"))
	r.isIn("alice", cookie)
	next := r.ask(claim(cookie), change(password, "staple horse correct")).Cookie
	r.isIn("alice", next)
	r.wrong("password", claim(""), byPassword("alice", password))
	r.ask(claim(""), byPassword("alice", "staple horse correct"))
}

// TestAPasswordIsTheSameOnEveryKeyboard, in letters that are whole or in parts.
func TestAPasswordIsTheSameOnEveryKeyboard(t *testing.T) {
	r := newRig(t)
	whole, inParts := "caf\u00e9 \u00e0 la carte", "cafe\u0301 a\u0300 la carte"
	cookie := r.add("alice", acmecore.RoleAdmin)
	r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountPassword, Password: password, NewPassword: whole})
	for _, typed := range []string{whole, inParts} {
		if r.ask(claim(""), byPassword("alice", typed)).Cookie == "" {
			t.Errorf("%+q: nobody is signed in", typed)
		}
	}
	r.wrong("password", claim(""), byPassword("alice", "cafe a la carte"))
}

// TestOnlyTheSignedInHaveAnAccount asks for each deed that takes somebody, as nobody.
func TestOnlyTheSignedInHaveAnAccount(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountLogOut})
	for _, deed := range []acmecore.AccountDeed{acmecore.AccountLogOut, acmecore.AccountLogOutAll, acmecore.AccountEnd, acmecore.AccountOwn, acmecore.AccountPassword,
		acmecore.AccountNewCodes, acmecore.AccountConfirmCodes, acmecore.AccountRemoveCodes, acmecore.AccountNewPasskey, acmecore.AccountAddPasskey, acmecore.AccountRemovePasskey} {
		for _, cookie := range []string{"", cookie} {
			r.refuse(acmecore.Denied, claim(cookie), acmecore.AccountRequest{Deed: deed, Password: password, NewPassword: "staple horse correct"})
		}
	}
	r.refuse(acmecore.Invalid, claim(""), acmecore.AccountRequest{Deed: "rm -rf"})
}

func TestAuditTellsWhatHappenedAndNoSecret(t *testing.T) {
	r := newRig(t)
	secret, _, err := r.roster.Add(t.Context(), "alice", acmecore.RoleAdmin)
	r.must(err)
	cookie := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountWelcome, Link: secret, NewPassword: password}).Cookie
	r.wrong("password", claim(""), byPassword("alice", "hunter2"))
	r.wrong("password", claim(""), byPassword("my secret password", "x"))
	codes, cookie := r.withCodes(cookie)
	second := r.ask(claim(""), byPassword("alice", password))
	r.wrong("code", claim(""), acmecore.AccountRequest{Deed: acmecore.AccountLogIn, Ticket: second.Ticket, Code: r.wrongCode(codes)})
	r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountLogOut})
	const want = `visitor at 192.0.2.7|take a link|alice|done: there is a new password, and no second factor
visitor at 192.0.2.7|log in|alice|done, by a one-time link
visitor at 192.0.2.7|log in|alice|refused: the name or the password is not right
visitor at 192.0.2.7|log in|unknown user|refused: the name or the password is not right
user alice at 192.0.2.7|set up codes|alice|done
visitor at 192.0.2.7|log in|alice|refused: the password was right, the code was not
user alice at 192.0.2.7|log out|alice|done
`
	if r.told.String() != want {
		t.Errorf("got %s\nwant %s", r.told.String(), want)
	}
	for _, hidden := range []string{secret, password, "hunter2", "my secret", codes, cookie} {
		if strings.Contains(r.told.String()+r.log.String(), hidden) {
			t.Errorf("%q is told", hidden)
		}
	}
	if r.log.Len() > 0 {
		t.Errorf("log %s", r.log.String())
	}
}
