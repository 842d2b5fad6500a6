package gallery

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/web"
)

// accountScenes are those of wCME's own log-in.
func accountScenes() []Scene {
	var all []Scene
	for _, scene := range [][]Scene{logInScenes(), secondScenes(), welcomeScenes(), ownScenes(), passwordScenes(), codesScenes(), passkeyScenes(), endScenes()} {
		all = append(all, scene...)
	}
	return all
}

// outside is a visitor of the log-in who is not signed in.
func outside() *acmecore.Admission {
	return &acmecore.Admission{Refusal: acmecore.RefusedNobody, LogIn: true, Form: "token"}
}

// inside is one who is.
func inside() *acmecore.Admission {
	return &acmecore.Admission{User: "alice", Role: acmecore.RoleAdmin, LogIn: true, Form: "token", Version: "1.0"}
}

// account makes a scene of the log-in: answer says what it answers to each deed.
func account(name string, admission *acmecore.Admission, path string, status int, form url.Values, answers map[acmecore.AccountDeed]acmecore.AccountAnswer, problems map[acmecore.AccountDeed]error) Scene {
	scene := Scene{Name: name, Visitor: web.Visitor{Address: "192.0.2.7", HTTPS: true}, Path: path, Status: status,
		Overseer: &Overseer{Admission: admission, OnAccount: func(request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
			return answers[request.Deed], problems[request.Deed]
		}}}
	if form != nil {
		scene.Method, scene.Form = "POST", form
	}
	return scene
}

type (
	answers  = map[acmecore.AccountDeed]acmecore.AccountAnswer
	problems = map[acmecore.AccountDeed]error
)

// asks are the options of a passkey that a browser is asked for.
const asks = `{"challenge":"YAvL6jf7PEk0CZ6Wv1zu7cVcGEbmTPLOe2HCEIDVhAA","timeout":300000,"rpId":"admin.example.org","userVerification":"required"}`

func offered() acmecore.AccountAnswer {
	return acmecore.AccountAnswer{Passkey: asks, Ticket: "ticket"}
}

func staleForm() error {
	return &acmecore.Error{Kind: acmecore.Stale, Op: "take the form", Cause: errors.New("the form is not one that was shown here in the last hours"), Hint: "look at it once more, and send it again"}
}

func tooMany() error {
	return &acmecore.Error{Kind: acmecore.Limited, Op: "log in", Cause: errors.New("too many log-ins were tried within a minute"), Hint: "wait 42 seconds, and try again"}
}

func mistaken(field, text string) acmecore.AccountAnswer {
	return acmecore.AccountAnswer{Mistakes: []acmecore.Mistake{{Field: field, Text: text}}}
}

func logInScenes() []Scene {
	typed := url.Values{"user": {"alice"}, "password": {"guess"}, "next": {"/admin/log?level=error"}}
	offer := answers{acmecore.AccountOffer: offered()}
	wrong := answers{acmecore.AccountOffer: offered(), acmecore.AccountLogIn: mistaken("password", "The name or the password is not right.")}
	stranger := answers{acmecore.AccountOffer: offered(), acmecore.AccountLogIn: mistaken("passkey", "That passkey is not one of yours here, or it was not used in time.")}
	byPasskey := url.Values{"ticket": {"ticket"}, "credential": {"{}"}, "next": {""}}
	return []Scene{
		account("login", outside(), "/admin/login", 200, nil, offer, nil),
		account("login-for-a-page", outside(), "/admin/login?next=%2Fadmin%2Flog%3Flevel%3Derror", 200, nil, offer, nil),
		account("login-without-passkeys", outside(), "/admin/login", 200, nil, nil, nil),
		account("login-wrong", outside(), "/admin/login", 422, typed, wrong, nil),
		account("login-wrong-passkey", outside(), "/admin/login", 422, byPasskey, stranger, nil),
		account("login-too-often", outside(), "/admin/login", 429, typed, offer, problems{acmecore.AccountLogIn: tooMany()}),
		account("login-stale", outside(), "/admin/login", 409, typed, offer, problems{acmecore.AccountLogIn: staleForm()}),
		account("login-overseer-absent", outside(), "/admin/login", 503, nil, nil, problems{acmecore.AccountOffer: absent()}),
	}
}

func secondScenes() []Scene {
	typed := url.Values{"user": {"alice"}, "password": {"a password that is right"}}
	coded := url.Values{"ticket": {"ticket"}, "code": {"123456"}}
	step := func(code bool, passkey string, mistakes ...acmecore.Mistake) answers {
		return answers{acmecore.AccountLogIn: {Missing: true, User: "alice", ByCode: code, Passkey: passkey, Ticket: "ticket", Mistakes: mistakes}}
	}
	wrong := acmecore.Mistake{Field: "code", Text: "That code is not right, or was used already. Is the clock of your device right?"}
	stranger := acmecore.Mistake{Field: "passkey", Text: "That passkey is not one of yours here, or it was not used in time."}
	return []Scene{
		account("login-code", outside(), "/admin/login", 200, typed, step(true, ""), nil),
		account("login-code-or-passkey", outside(), "/admin/login", 200, typed, step(true, asks), nil),
		account("login-passkey", outside(), "/admin/login", 200, typed, step(false, asks), nil),
		account("login-code-wrong", outside(), "/admin/login", 422, coded, step(true, "", wrong), nil),
		account("login-passkey-wrong", outside(), "/admin/login", 422, coded, step(false, asks, stranger), nil),
	}
}

func welcomeScenes() []Scene {
	path := "/admin/welcome?link=AAAAAAAAAAAAAAAAAAAAAAAAAA"
	whose := acmecore.AccountAnswer{User: "alice", Role: acmecore.RoleOperate}
	poor := whose
	poor.Mistakes = []acmecore.Mistake{{Field: "new_password", Text: "The password is one of those that are tried first."}}
	typed := url.Values{"link": {"AAAAAAAAAAAAAAAAAAAAAAAAAA"}, "new": {"password1234"}, "again": {"password1234"}}
	other := url.Values{"link": {"AAAAAAAAAAAAAAAAAAAAAAAAAA"}, "new": {"password1234"}, "again": {"password123"}}
	used := &acmecore.Error{Kind: acmecore.Stale, Op: "take the link", Cause: errors.New("the link was used already, or has run out, or was never one")}
	return []Scene{
		account("welcome", outside(), path, 200, nil, answers{acmecore.AccountLink: whose}, nil),
		account("welcome-poor-password", outside(), "/admin/welcome", 422, typed, answers{acmecore.AccountWelcome: poor}, nil),
		account("welcome-not-repeated", outside(), "/admin/welcome", 422, other, answers{acmecore.AccountLink: whose}, nil),
		account("welcome-stale", outside(), "/admin/welcome", 409, typed, answers{acmecore.AccountLink: whose}, problems{acmecore.AccountWelcome: staleForm()}),
		account("welcome-too-late", outside(), path, 410, nil, nil, problems{acmecore.AccountLink: used}),
	}
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

func session(id string, minutes int, address, agent string) acmecore.Session {
	return acmecore.Session{ID: id, Since: Now().Add(-3 * time.Hour), Seen: Now().Add(-time.Duration(minutes) * time.Minute), Address: address, Agent: agent}
}

func usualAccount() *acmecore.OwnAccount {
	this := session("aaaaaaaaaaaaaaaa", 0, "192.0.2.7", firefox)
	this.This = true
	return &acmecore.OwnAccount{User: "alice", Role: acmecore.RoleAdmin, Made: Now().Add(-200 * 24 * time.Hour), Password: Now().Add(-20 * 24 * time.Hour),
		Codes: Now().Add(-19 * 24 * time.Hour), Possible: true,
		Passkeys: []acmecore.Passkey{
			{ID: "bbbbbbbbbbbbbbbb", Name: "laptop", Host: "admin.example.org", Made: Now().Add(-19 * 24 * time.Hour), Used: Now().Add(-3 * time.Hour)},
			{ID: "cccccccccccccccc", Name: "blue key", Host: "admin.example.org", Made: Now().Add(-18 * 24 * time.Hour)},
		},
		Sessions: []acmecore.Session{this, session("dddddddddddddddd", 12, "2001:db8::7", safari)}}
}

func ownScenes() []Scene {
	own := func(name, path string, own *acmecore.OwnAccount) Scene {
		return account(name, inside(), path, 200, nil, answers{acmecore.AccountOwn: {Own: own}}, nil)
	}
	fresh := usualAccount()
	fresh.Codes, fresh.Passkeys, fresh.Sessions, fresh.Possible = time.Time{}, nil, fresh.Sessions[:1], false
	long := usualAccount()
	long.User = strings.Repeat("a", 64)
	for range 18 {
		long.Sessions = append(long.Sessions, session("eeeeeeeeeeeeeeee", 20, "2001:db8:1234:5678:9abc:def0:1234:5678", strings.Repeat("very long name of a browser ", 5)))
		long.Passkeys = append(long.Passkeys, acmecore.Passkey{ID: "f", Name: strings.Repeat("key ", 15), Host: strings.Repeat("a", 60) + ".example.org", Made: Now()})
	}
	hostile := usualAccount()
	hostile.Sessions, hostile.Passkeys = nil, nil
	for _, p := range Payloads() {
		hostile.User = p
		hostile.Sessions = append(hostile.Sessions, session(p, 1, p, p))
		hostile.Passkeys = append(hostile.Passkeys, acmecore.Passkey{ID: p, Name: p, Host: p, Made: Now()})
	}
	return []Scene{
		own("account", "/admin/account", usualAccount()),
		own("account-new", "/admin/account?done=welcome", fresh),
		own("account-long", "/admin/account", long),
		own("account-hostile", "/admin/account?done="+url.QueryEscape("<script>"), hostile),
		account("account-of-the-web-server", &acmecore.Admission{User: "alice", Role: acmecore.RoleAdmin, Form: "token"}, "/admin/account", 404, nil, nil, nil),
	}
}

func passwordScenes() []Scene {
	typed := url.Values{"password": {"guess"}, "new": {"another password"}, "again": {"another password"}}
	other := url.Values{"password": {"guess"}, "new": {"another password"}, "again": {"yet another one"}}
	page := func(name string, status int, form url.Values, answer acmecore.AccountAnswer, problem error) Scene {
		return account("password"+name, inside(), "/admin/account/password", status, form, answers{acmecore.AccountPassword: answer}, problems{acmecore.AccountPassword: problem})
	}
	return []Scene{
		page("", 200, nil, acmecore.AccountAnswer{}, nil),
		page("-wrong", 422, typed, mistaken("password", "That is not your password."), nil),
		page("-poor", 422, typed, mistaken("new_password", "The password is hardly more than your name."), nil),
		page("-not-repeated", 422, other, acmecore.AccountAnswer{}, nil),
		page("-stale", 409, typed, acmecore.AccountAnswer{}, staleForm()),
		page("-too-often", 429, typed, acmecore.AccountAnswer{}, tooMany()),
	}
}

func codesScenes() []Scene {
	made := acmecore.AccountAnswer{Ticket: "ticket", Codes: &acmecore.NewCodes{Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Size: codePictureSize, Picture: codePicture,
		Address: "otpauth://totp/wCME:alice%20at%20admin.example.org?issuer=wCME&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}
	wrong := made
	wrong.Mistakes = []acmecore.Mistake{{Field: "code", Text: "That code is not right, or was used already. Is the clock of your device right?"}}
	typed := url.Values{"ticket": {"ticket"}, "code": {"123456"}, "password": {"guess"}}
	shown := answers{acmecore.AccountNewCodes: made}
	unproven := made
	unproven.Mistakes = []acmecore.Mistake{{Field: "password", Text: "That is not your password."}}
	return []Scene{
		account("codes", inside(), "/admin/account/codes", 200, nil, shown, nil),
		account("codes-wrong", inside(), "/admin/account/codes", 422, typed, answers{acmecore.AccountConfirmCodes: wrong}, nil),
		account("codes-wrong-password", inside(), "/admin/account/codes", 422, typed, answers{acmecore.AccountConfirmCodes: unproven}, nil),
		account("codes-stale", inside(), "/admin/account/codes", 409, typed, shown, problems{acmecore.AccountConfirmCodes: staleForm()}),
		account("codes-remove", inside(), "/admin/account/codes/remove", 200, nil, nil, nil),
		account("codes-remove-wrong", inside(), "/admin/account/codes/remove", 422, url.Values{"password": {"guess"}},
			answers{acmecore.AccountRemoveCodes: mistaken("password", "That is not your password.")}, nil),
	}
}

func passkeyScenes() []Scene {
	creates := acmecore.AccountAnswer{Ticket: "ticket", Passkey: `{"rp":{"name":"wCME","id":"admin.example.org"},"user":{"name":"alice","displayName":"alice","id":"aWQ"},"challenge":"YAvL6jf7PEk0CZ6Wv1zu7cVcGEbmTPLOe2HCEIDVhAA","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`}
	typed := url.Values{"ticket": {"ticket"}, "credential": {"{}"}, "name": {"blue key"}, "password": {"guess"}}
	make := func(name string, status int, form url.Values, answer acmecore.AccountAnswer, problem error) Scene {
		return account("passkey"+name, inside(), "/admin/account/passkey", status, form,
			answers{acmecore.AccountNewPasskey: creates, acmecore.AccountAddPasskey: answer}, problems{acmecore.AccountAddPasskey: problem})
	}
	own := answers{acmecore.AccountOwn: {Own: usualAccount()}, acmecore.AccountRemovePasskey: mistaken("password", "That is not your password.")}
	return []Scene{
		make("", 200, nil, acmecore.AccountAnswer{}, nil),
		make("-wrong", 422, typed, mistaken("password", "That is not your password."), nil),
		make("-unusable", 422, typed, mistaken("credential", "The browser has made no passkey that can be used here."), nil),
		make("-stale", 409, typed, acmecore.AccountAnswer{}, staleForm()),
		account("passkey-nowhere", inside(), "/admin/account/passkey", 200, nil, nil, nil),
		account("passkey-remove", inside(), "/admin/account/passkey/remove?id=cccccccccccccccc", 200, nil, own, nil),
		account("passkey-remove-wrong", inside(), "/admin/account/passkey/remove", 422, url.Values{"id": {"cccccccccccccccc"}, "password": {"guess"}}, own, nil),
		account("passkey-remove-unknown", inside(), "/admin/account/passkey/remove?id=zzzz", 404, nil, own, nil),
	}
}

func endScenes() []Scene {
	return []Scene{
		account("logout", inside(), "/admin/logout", 200, nil, nil, nil),
		account("logout-stale", inside(), "/admin/logout", 409, url.Values{}, nil, problems{acmecore.AccountLogOut: staleForm()}),
		account("logout-everywhere", inside(), "/admin/account/everywhere", 200, nil, nil, nil),
	}
}
