package login_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

// second is the first step of a log-in that wants a second.
func (r *rig) second(name string) acmecore.AccountAnswer {
	r.Helper()
	answer := r.ask(claim(""), byPassword(name, password))
	if !answer.Missing || !answer.ByCode || answer.Ticket == "" || answer.Cookie != "" {
		r.Fatalf("got %+v, want to be asked for a code", answer)
	}
	return answer
}

func byCode(ticket, code string) acmecore.AccountRequest {
	return acmecore.AccountRequest{Deed: acmecore.AccountLogIn, Ticket: ticket, Code: code}
}

func TestACodeIsWantedAndTakenOnce(t *testing.T) {
	r := newRig(t)
	secret, _ := r.withCodes(r.add("alice", acmecore.RoleAdmin))
	r.wrong("code", claim(""), byCode(r.second("alice").Ticket, r.code(secret, 0))) // set up with that one
	r.wait(time.Minute)
	code := r.code(secret, 0)
	first := r.second("alice").Ticket
	r.isIn("alice", r.ask(claim(""), byCode(first, code[:3]+" "+code[3:])).Cookie)
	r.wait(time.Second)
	r.refuse(acmecore.Stale, claim(""), byCode(first, code)) // the ticket is used
	r.wrong("code", claim(""), byCode(r.second("alice").Ticket, code))
	r.wait(30 * time.Second)
	r.wrong("code", claim(""), byCode(r.second("alice").Ticket, code))
	r.isIn("alice", r.ask(claim(""), byCode(r.second("alice").Ticket, r.code(secret, 0))).Cookie)
}

// TestCodesOfClocksThatAreWrong: a device may be half a minute off (RFC 6238 section
// 5.2).
func TestCodesOfClocksThatAreWrong(t *testing.T) {
	for ahead, right := range map[time.Duration]bool{0: true, -30 * time.Second: true, 30 * time.Second: true, -61 * time.Second: false, 61 * time.Second: false} {
		r := newRig(t)
		secret, _ := r.withCodes(r.add("alice", acmecore.RoleAdmin))
		r.wait(time.Hour)
		answer := r.ask(claim(""), byCode(r.second("alice").Ticket, r.code(secret, ahead)))
		if (answer.Cookie != "") != right {
			t.Errorf("a device %s ahead: %+v", ahead, answer.Mistakes)
		}
	}
}

func TestGuessedCodesAreLimited(t *testing.T) {
	r := newRig(t)
	secret, _ := r.withCodes(r.add("alice", acmecore.RoleAdmin))
	r.wait(time.Hour)
	ticket := r.second("alice").Ticket
	tried, wrong := 0, r.wrongCode(secret)
	for i := range 100 {
		c := from(fmt.Sprintf("198.51.100.%d", i))
		if _, err := r.Account(t.Context(), c, byCode(ticket, wrong)); err == nil {
			tried++
		} else if acmecore.KindOf(err) != acmecore.Limited {
			t.Fatal(err)
		}
	}
	if tried != 5 {
		t.Errorf("%d codes were tried within a minute, want 5", tried)
	}
	if !strings.Contains(r.told.String(), "refused: the password was right, the code was not") {
		t.Error("nobody is told that the password is known")
	}
	r.wait(time.Minute)
	r.isIn("alice", r.ask(claim(""), byCode(r.second("alice").Ticket, r.code(secret, 0))).Cookie)
}

func TestATicketRunsOut(t *testing.T) {
	r := newRig(t)
	secret, cookie := r.withCodes(r.add("alice", acmecore.RoleAdmin))
	r.wait(time.Hour)
	ticket := r.second("alice").Ticket
	r.wait(10 * time.Minute)
	r.refuse(acmecore.Stale, claim(""), byCode(ticket, r.code(secret, 0)))
	ticket = r.second("alice").Ticket
	r.restart()
	r.refuse(acmecore.Stale, claim(""), byCode(ticket, r.code(secret, 0)))
	ticket = r.second("alice").Ticket
	r.must(r.roster.LogOut(t.Context(), "alice"))
	r.refuse(acmecore.Stale, claim(""), byCode(ticket, r.code(secret, 0)))
	for _, made := range []string{"x", ticket[1:], cookie, strings.Repeat("A", 64<<10)} {
		r.refuse(acmecore.Stale, claim(""), byCode(made, r.code(secret, 0)))
	}
}

// TestATicketIsGoodForItsStepAlone takes tickets of one step to another.
func TestATicketIsGoodForItsStepAlone(t *testing.T) {
	r := newRig(t)
	alice, bob := r.add("alice", acmecore.RoleAdmin), r.add("bob", acmecore.RoleAdmin)
	made := r.ask(claim(bob), acmecore.AccountRequest{Deed: acmecore.AccountNewCodes})
	code := r.code(made.Codes.Secret, 0)
	r.refuse(acmecore.Stale, claim(alice), acmecore.AccountRequest{Deed: acmecore.AccountConfirmCodes, Ticket: made.Ticket, Code: code, Password: password})
	r.refuse(acmecore.Stale, claim(""), byCode(made.Ticket, code))
	offered := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	r.refuse(acmecore.Stale, claim(""), byCode(offered.Ticket, code)) // of nobody
}

func TestCodesAreConfirmedBeforeTheyCount(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	made := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountNewCodes})
	if !regexp.MustCompile(`^[A-Z2-7]{32}$`).MatchString(made.Codes.Secret) || !strings.HasPrefix(made.Codes.Address, "otpauth://totp/wCME:alice%20at%20www.example.org?") ||
		!strings.Contains(made.Codes.Address, "secret="+made.Codes.Secret) {
		t.Errorf("got %+v", made.Codes)
	}
	if !regexp.MustCompile(`^(M\d+ \d+h\d+v1H\d+z)+$`).MatchString(made.Codes.Picture) || made.Codes.Size < 29 {
		t.Errorf("the picture is %.80q, %d wide", made.Codes.Picture, made.Codes.Size)
	}
	again := r.wrong("code", claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountConfirmCodes, Ticket: made.Ticket, Code: r.wrongCode(made.Codes.Secret), Password: password})
	if again.Codes.Secret != made.Codes.Secret {
		t.Error("the device would have to be set up anew")
	}
	r.isIn("alice", r.logIn("alice"))
	if strings.Contains(r.files.files["users"], made.Codes.Secret) {
		t.Error("the secret is kept already")
	}
}

func TestCodesAreRemovedByThePassword(t *testing.T) {
	r := newRig(t)
	_, cookie := r.withCodes(r.add("alice", acmecore.RoleAdmin))
	r.wrong("password", claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountRemoveCodes, Password: "guess"})
	r.second("alice")
	next := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountRemoveCodes, Password: password}).Cookie
	r.isIn("", cookie)
	r.isIn("alice", next)
	r.isIn("alice", r.logIn("alice"))
}

// TestCodesAreSetUpByThePassword: whoever finds a browser that was left open gets no second
// factor of their own, neither where there is none nor in place of another one.
func TestCodesAreSetUpByThePassword(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	for _, what := range []string{"the first ones", "others"} {
		r.wait(time.Minute)
		made := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountNewCodes})
		for _, guess := range []string{"", "guess"} {
			again := r.wrong("password", claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountConfirmCodes, Ticket: made.Ticket, Code: r.code(made.Codes.Secret, 0), Password: guess})
			if again.Codes.Secret != made.Codes.Secret || again.Ticket == "" {
				t.Errorf("%s: the device would have to be set up anew", what)
			}
		}
		if strings.Contains(r.files.files["users"], made.Codes.Secret) {
			t.Fatalf("%s: they are kept already", what)
		}
		if !strings.Contains(r.told.String(), "user alice at 192.0.2.7|set up codes|alice|refused: the password is not right") {
			t.Errorf("%s: nobody is told of it: %s", what, r.told.String())
		}
		_, cookie = r.withCodes(cookie)
	}
	made := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountNewCodes})
	limited := 0
	for range 20 {
		if _, err := r.Account(t.Context(), claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountConfirmCodes, Ticket: made.Ticket,
			Code: r.code(made.Codes.Secret, 0), Password: "guess"}); acmecore.KindOf(err) == acmecore.Limited && err != nil {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("%d of 20 guesses of the password were limited", limited)
	}
}

// TestACodeIsNotTakenOfAnAccountThatHasChanged while the account was being looked up.
func TestACodeIsNotTakenOfAnAccountThatHasChanged(t *testing.T) {
	r := newRig(t)
	secret, _ := r.withCodes(r.add("alice", acmecore.RoleAdmin))
	r.wait(time.Hour)
	ticket := r.second("alice").Ticket
	r.files.before = func() { r.must(r.roster.LogOut(t.Context(), "alice")) }
	r.refuse(acmecore.Stale, claim(""), byCode(ticket, r.code(secret, 0)))
	r.isIn("alice", r.ask(claim(""), byCode(r.second("alice").Ticket, r.code(secret, 0))).Cookie) // nothing was used up
}
