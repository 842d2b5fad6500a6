package access_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/access"
)

// nobody is a log-in that has no sessions but "good", of alice.
type nobody struct{}

func (nobody) Session(claim acmecore.Claim) (user string, role acmecore.Role, key string) {
	if claim.Cookie == "good" {
		return "alice", acmecore.RoleOperate, "key"
	}
	return "", "", ""
}

func (nobody) Account(context.Context, acmecore.Claim, acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	return acmecore.AccountAnswer{}, nil
}

func desk(policy access.Policy) *access.Desk {
	if policy.Host == nil {
		policy.Host = func(name string) bool { return name == "admin.example.org" }
	}
	d := access.New(nobody{}, "1.0")
	d.Configure(policy)
	return d
}

// claim is one that nothing is wrong with.
func claim(user string) acmecore.Claim {
	return acmecore.Claim{User: user, Address: "192.0.2.7", Host: "admin.example.org", HTTPS: true}
}

func admit(t *testing.T, d *access.Desk, claim acmecore.Claim) acmecore.Admission {
	t.Helper()
	admission, err := d.Admit(t.Context(), claim)
	if err != nil {
		t.Fatal(err)
	}
	return admission
}

func TestRolesOfUsersOfTheWebServer(t *testing.T) {
	lists := access.Policy{View: []string{"*"}, Operate: []string{"bob"}, Admin: []string{"alice"}}
	some := access.Policy{Operate: []string{"bob"}}
	for _, row := range []struct {
		policy access.Policy
		user   string
		role   acmecore.Role
		why    acmecore.Refusal
	}{
		{access.Policy{}, "anybody", acmecore.RoleAdmin, ""},
		{access.Policy{}, "", "", acmecore.RefusedNobody},
		{lists, "alice", acmecore.RoleAdmin, ""},
		{lists, "bob", acmecore.RoleOperate, ""},
		{lists, "carol", acmecore.RoleView, ""},
		{lists, "", "", acmecore.RefusedNobody},
		{some, "bob", acmecore.RoleOperate, ""},
		{some, "Bob", "", acmecore.RefusedRole},
		{some, "alice", "", acmecore.RefusedRole},
		{some, "*", "", acmecore.RefusedRole},
	} {
		got := admit(t, desk(row.policy), claim(row.user))
		if got.Role != row.role || got.Refusal != row.why {
			t.Errorf("%+v %q: got %q, %q, want %q, %q", row.policy, row.user, got.Role, got.Refusal, row.role, row.why)
		}
	}
}

// TestWebServersUserIsNobodyForTheLogIn, and a cookie nothing for the web server.
func TestWebServersUserIsNobodyForTheLogIn(t *testing.T) {
	d := desk(access.Policy{LogIn: true, Admin: []string{"*"}})
	if got := admit(t, d, claim("alice")); got.Refusal != acmecore.RefusedNobody || !got.LogIn || got.Role != "" || got.Version != "" {
		t.Errorf("got %+v, want that nobody is signed in", got)
	}
	signedIn := claim("mallory")
	signedIn.Cookie = "good"
	if got := admit(t, d, signedIn); got.User != "alice" || got.Role != acmecore.RoleOperate || got.Refusal != "" {
		t.Errorf("got %+v, want alice", got)
	}
	signedIn.User = ""
	if got := admit(t, desk(access.Policy{}), signedIn); got.Refusal != acmecore.RefusedNobody || got.LogIn {
		t.Errorf("got %+v, want that nobody is signed in", got)
	}
}

func TestPlainConnections(t *testing.T) {
	for _, row := range []struct {
		address string
		policy  access.Policy
		want    acmecore.Refusal
	}{
		{"192.0.2.7", access.Policy{}, acmecore.RefusedPlain},
		{"", access.Policy{}, acmecore.RefusedPlain},
		{"127.0.0.1.example.org", access.Policy{}, acmecore.RefusedPlain},
		{"127.0.0.1", access.Policy{}, ""},
		{"::1", access.Policy{}, ""},
		{"::ffff:127.0.0.1", access.Policy{}, ""},
		{"192.0.2.7", access.Policy{HTTP: true}, ""},
		{"127.0.0.1 by way of a proxy", access.Policy{}, acmecore.RefusedPlain},
		{"127.0.0.1 by way of a proxy", access.Policy{HTTP: true}, ""},
	} {
		c := claim("alice")
		row.address, c.Proxied = strings.CutSuffix(row.address, " by way of a proxy")
		c.HTTPS, c.Address = false, row.address
		if got := admit(t, desk(row.policy), c).Refusal; got != row.want {
			t.Errorf("%+v from %q: got %q, want %q", row.policy.HTTP, row.address, got, row.want)
		}
	}
}

// TestHosts is W08: a name that another site makes point here borrows nobody's rights.
func TestHosts(t *testing.T) {
	for host, allowed := range map[string]bool{
		"admin.example.org": true, "admin.example.org:8443": true, "ADMIN.Example.org": true, "admin.example.org.": true,
		"127.0.0.1": true, "127.0.0.1:8080": true, "192.0.2.1": true, "[2001:db8::1]:443": true, "[2001:db8::1]": true, "localhost": true, "wcme.localhost:80": true,
		"evil.example": false, "admin.example.org.evil.example": false, "evil.example:443": false, "": false, "admin.example.org@evil.example": false,
		"1.2.3.4.evil.example": false, "localhost.evil.example": false, "notlocalhost": false, "admin.example.org:evil": true, "[[1.2.3.4": false, "[fe80::1%eth0]": false, "[fe80::1]": true,
	} {
		c := claim("alice")
		c.Host = host
		if got := admit(t, desk(access.Policy{}), c); (got.Refusal == "") != allowed {
			t.Errorf("%q: got %q, want allowed %v", host, got.Refusal, allowed)
		}
	}
}

func TestForms(t *testing.T) {
	d := desk(access.Policy{})
	shown := admit(t, d, claim("alice"))
	other := admit(t, d, claim("alice"))
	spend := func(d *access.Desk, user, token string) (string, error) {
		c := claim(user)
		c.Form = token
		return d.Spend(t.Context(), c, acmecore.Admission{})
	}
	first, err := spend(d, "alice", shown.Form)
	again, _ := spend(d, "alice", shown.Form)
	second, _ := spend(d, "alice", other.Form)
	if err != nil || first == "" || first != again || first == second {
		t.Errorf("got %q, %q for the same form and %q for another, %v", first, again, second, err)
	}
	for name, row := range map[string]struct {
		desk        *access.Desk
		user, token string
	}{
		"nobody's":            {d, "", shown.Form},
		"another user's":      {d, "bob", shown.Form},
		"none":                {d, "alice", ""},
		"one of before":       {desk(access.Policy{}), "alice", shown.Form},
		"one cut short":       {d, "alice", shown.Form[:len(shown.Form)-3]},
		"one that is changed": {d, "alice", "A" + shown.Form[1:] + "A"},
	} {
		if _, err := spend(row.desk, row.user, row.token); acmecore.KindOf(err) != acmecore.Stale || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %v, want that it is stale", name, err)
		}
	}
}

// TestFormsOfASessionAreItsOwn: a form that was shown before the log-in is none after it.
func TestFormsOfASessionAreItsOwn(t *testing.T) {
	d := desk(access.Policy{LogIn: true})
	before := admit(t, d, claim(""))
	after := claim("")
	after.Cookie, after.Form = "good", before.Form
	if _, err := d.Spend(t.Context(), after, acmecore.Admission{}); acmecore.KindOf(err) != acmecore.Stale {
		t.Errorf("got %v, want that it is stale", err)
	}
	if _, err := d.Account(t.Context(), after, acmecore.AccountRequest{Deed: acmecore.AccountLogOut}); acmecore.KindOf(err) != acmecore.Stale {
		t.Errorf("account: got %v, want that it is stale", err)
	}
	if _, err := d.Account(t.Context(), after, acmecore.AccountRequest{Deed: acmecore.AccountOwn}); err != nil {
		t.Errorf("a look at the account: %v", err)
	}
	after.Form = admit(t, d, after).Form
	if _, err := d.Account(t.Context(), after, acmecore.AccountRequest{}); err != nil {
		t.Errorf("account: %v", err)
	}
}

// TestAccountIsForTheLogInAlone, by a connection and a name that it is shown by.
func TestAccountIsForTheLogInAlone(t *testing.T) {
	plain, rebound := claim(""), claim("")
	plain.HTTPS = false
	rebound.Host = "evil.example"
	for name, row := range map[string]struct {
		policy access.Policy
		claim  acmecore.Claim
	}{
		"the web server's": {access.Policy{}, claim("alice")}, "plain http": {access.Policy{LogIn: true}, plain}, "another name": {access.Policy{LogIn: true}, rebound},
	} {
		d := desk(row.policy)
		row.claim.Form = admit(t, desk(row.policy), claim("")).Form
		if _, err := d.Account(t.Context(), row.claim, acmecore.AccountRequest{}); acmecore.KindOf(err) != acmecore.Denied {
			t.Errorf("%s: got %v, want that it is denied", name, err)
		}
	}
}

func TestNobodyIsAdmittedBeforeThereIsAPolicy(t *testing.T) {
	d := access.New(nobody{}, "1.0")
	if _, err := d.Admit(t.Context(), claim("alice")); err == nil {
		t.Error("got no error")
	}
	if _, err := d.Spend(t.Context(), claim("alice"), acmecore.Admission{}); err == nil {
		t.Error("form: got no error")
	}
}

// TestFormsAreTakenAtAPace: a script that was broken into cannot keep the overseer busy.
func TestFormsAreTakenAtAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := desk(access.Policy{})
		c := claim("alice")
		c.Form = admit(t, d, c).Form
		for _, row := range []struct {
			what  string
			after time.Duration
			want  int
		}{{"at once", 0, 60}, {"ten seconds later", 10 * time.Second, 10}} {
			time.Sleep(row.after)
			taken := 0
			for range 200 {
				_, err := d.Spend(t.Context(), c, acmecore.Admission{})
				switch {
				case err == nil:
					taken++
				case acmecore.KindOf(err) != acmecore.Busy:
					t.Fatal(err)
				}
			}
			if taken != row.want {
				t.Errorf("%s %d forms were taken, want %d", row.what, taken, row.want)
			}
		}
	})
}

func TestHostileUserIsInert(t *testing.T) {
	if got := admit(t, desk(access.Policy{}), claim("a\r\n\x1b[2Jb\u202e")).User; got != acmecore.Inert(got) {
		t.Errorf("got %q", got)
	}
}

func BenchmarkAdmit(b *testing.B) {
	d := desk(access.Policy{})
	for b.Loop() {
		if _, err := d.Admit(b.Context(), claim("alice")); err != nil {
			b.Fatal(err)
		}
	}
}
