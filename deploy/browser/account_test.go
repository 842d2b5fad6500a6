package browser_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// passphrase is a password that wCME's own log-in takes.
const passphrase = "eleven hats on a mule"

// cookieName is that of the cookie over https.
const cookieName = "__Host-wcme"

// TestAccount is the life of an account of wCME's own log-in, under nginx.
func TestAccount(t *testing.T) {
	t.Parallel()
	o := underNginx(t, settings{})
	b := browse(t, o.identity.Certificate)
	b.open(o.page("/admin/list"), http.StatusOK, "Log in")
	b.shootAll("login")
	b.welcome(o)
	secret, used := b.setUpCodes(o)
	b.addPasskey(o)
	b.logOut(o)
	b.logInByCode(o, secret, used)
	b.logOut(o)
	b.logInByPasskey(o)
	b.goesNowhereElse(o)
	b.logOutEverywhere(o)
}

// welcome takes a one-time link and sets a password. A cookie that somebody has put into
// the browser before is none of the session's (W01), and its own has every guard (W03).
func (b *tab) welcome(o *office) {
	b.Helper()
	link := o.addUser(admin, "admin")
	planted := strings.Repeat("planted", 20)
	b.plant(o, planted)
	b.open(link, http.StatusOK, "Welcome, "+admin)
	b.shootAll("welcome")
	b.expect("422", "410", "409")
	b.fill("new", "too short")
	b.fill("again", "too short")
	b.press("Set the password", http.StatusUnprocessableEntity, "Welcome")
	b.has("There is something to correct")
	b.setPassword()
	cookie := b.session(o)
	if cookie.Value == planted || !cookie.HTTPOnly || !cookie.Secure || cookie.SameSite != network.CookieSameSiteStrict || cookie.Path != "/" || !cookie.Session {
		b.Errorf("after the log-in the cookie is %+v", cookie)
	}
	b.open(link, http.StatusGone, "This link is not good any more")
	b.open(o.page("/admin/list"), http.StatusOK, "Certificates")
	b.shootAll("list-login")
}

func (b *tab) setPassword() {
	b.Helper()
	b.fill("new", passphrase)
	b.fill("again", passphrase)
	b.press("Set the password", http.StatusOK, "")
}

// addUser adds a user, and returns the one-time link.
func (o *office) addUser(name, role string) (link string) {
	o.Helper()
	output := o.wcmeAdmin("add", name, "--role", role, "--url", o.origin()+mount)
	link = regexp.MustCompile(`https://\S+`).FindString(output)
	if link == "" {
		o.Fatalf("there is no link in %q", output)
	}
	return link
}

// plant puts a cookie of the session's name into the browser, as somebody can who has
// the browser for a moment.
func (b *tab) plant(o *office, value string) {
	b.Helper()
	secure := true
	_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: cookieName, Value: value, URL: o.origin() + "/", Path: "/", Secure: &secure})
	if err != nil {
		b.Fatal(err)
	}
}

// session is the cookie of the session.
func (b *tab) session(o *office) *network.Cookie {
	b.Helper()
	for _, cookie := range b.cookies(o.page("/admin/list")) {
		if cookie.Name == cookieName {
			return cookie
		}
	}
	b.Fatalf("there is no cookie %s", cookieName)
	return nil
}

// setUpCodes has a device make codes (TOTP, RFC 6238). It returns what the device keeps,
// and the code that has been used.
func (b *tab) setUpCodes(o *office) (secret, used string) {
	b.Helper()
	b.open(o.page("/admin/account"), http.StatusOK, "Your account")
	b.shootAll("account")
	b.follow("Set up codes", "Set up codes")
	b.shootAll("account-codes")
	secret = strings.ReplaceAll(b.text("main dl code"), " ", "")
	b.fill("password", passphrase)
	used = totp(b.T, secret, time.Now()) // good for a minute at most
	b.fill("code", used)
	b.press("Confirm the codes", http.StatusOK, "Your account")
	return secret, used
}

// totp is the code of a moment.
func totp(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		t.Fatalf("the secret %q: %v", secret, err)
	}
	mac := hmac.New(sha1.New, key)
	if err := binary.Write(mac, binary.BigEndian, uint64(at.Unix()/30)); err != nil {
		t.Fatal(err)
	}
	sum := mac.Sum(nil)
	start := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[start:])&0x7fffffff)%1_000_000)
}

// addPasskey makes a passkey, with an authenticator of the browser's own (WebAuthn
// level 3, section 11).
func (b *tab) addPasskey(o *office) {
	b.Helper()
	b.do("authenticator", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return chromedp.Void{}, err
	})
	b.follow("Add a passkey", "Add a passkey")
	b.shootAll("account-passkey")
	b.fill("name", "laptop")
	b.fill("password", passphrase)
	b.press("Add a passkey", http.StatusOK, "Your account")
	b.has("laptop")
	b.shootAll("account-with-passkey")
}

// logOut ends the session: its cookie is good for nothing any more (W02).
func (b *tab) logOut(o *office) {
	b.Helper()
	cookie, agent := b.session(o).Value, b.agent()
	if got := o.replay(cookie, agent); got != http.StatusOK {
		b.Errorf("the cookie before the log-out: got %d, want 200: is this test any good?", got)
	}
	b.press("Log out", http.StatusOK, "Log in")
	if got := o.replay(cookie, agent); got != http.StatusSeeOther {
		b.Errorf("the cookie after the log-out: got %d, want 303", got)
	}
	b.plant(o, cookie)
	b.open(o.page("/admin/list"), http.StatusOK, "Log in")
}

// agent is what the browser calls itself.
func (b *tab) agent() string {
	b.Helper()
	return run(b, "read the agent", chromedp.Evaluate[string](`navigator.userAgent`))
}

// replay asks for the list with a cookie, and returns the status.
func (o *office) replay(cookie, agent string) int {
	o.Helper()
	response, _ := o.ask(http.MethodGet, mount+"/admin/list", "", "", "Cookie", cookieName+"="+cookie, "User-Agent", agent)
	return response.StatusCode
}

// logInByCode logs in by password and code. A wrong password is told, and a code is good
// once.
func (b *tab) logInByCode(o *office, secret, used string) {
	b.Helper()
	b.fill("user", admin)
	b.fill("password", "quite another password")
	b.press("Log in", http.StatusUnprocessableEntity, "Log in")
	b.shoot("login-mistake")
	if got := b.value("user"); got != admin {
		b.Errorf("the field has %q, want what was typed", got)
	}
	b.fill("password", passphrase)
	b.press("Log in", http.StatusOK, "one step more")
	b.shootAll("login-code")
	b.fill("code", used)
	b.press("Log in", http.StatusUnprocessableEntity, "one step more")
	b.fill("code", totp(b.T, secret, time.Now().Add(30*time.Second)))
	b.press("Log in", http.StatusOK, "Certificates")
}

// logInByPasskey logs in by the passkey alone.
func (b *tab) logInByPasskey(o *office) {
	b.Helper()
	b.open(o.page("/admin/login?next=//"+foreignName), http.StatusOK, "Log in")
	b.press("Log in with a passkey", http.StatusOK, "Certificates")
	if got := b.location(); !strings.HasPrefix(got, o.page("/admin/")) {
		b.Errorf("the log-in leads to %s", got)
	}
}

// goesNowhereElse shows that the log-in, which leads to the page that was asked for
// before it, leads to no other site (W20).
func (b *tab) goesNowhereElse(o *office) {
	b.Helper()
	cookie, agent := b.session(o).Value, b.agent()
	for _, next := range []string{
		"//" + foreignName, `/\` + foreignName, "https:" + foreignName, "https://" + foreignName + "/admin/list", "///" + foreignName,
		"/admin/../../" + foreignName, "/admin/list\r\nSet-Cookie: a=b", "\t//" + foreignName, "javascript:alert(1)", "/admin/list@" + foreignName,
	} {
		response, _ := o.ask(http.MethodGet, mount+"/admin/login?next="+url.QueryEscape(next), "", "", "Cookie", cookieName+"="+cookie, "User-Agent", agent)
		location := response.Header.Get("Location")
		if response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(location, mount+"/admin/") || response.Header.Get("Set-Cookie") != "" {
			b.Errorf("next=%q: got %d to %q", next, response.StatusCode, location)
		}
	}
	response, _ := o.ask(http.MethodGet, mount+"/admin/login?next="+url.QueryEscape("/admin/log"), "", "", "Cookie", cookieName+"="+cookie, "User-Agent", agent)
	if got, want := response.Header.Get("Location"), mount+"/admin/log"; got != want {
		b.Errorf("next=/admin/log leads to %q, want %q: is this test any good?", got, want)
	}
}

// logOutEverywhere ends the sessions in other browsers too.
func (b *tab) logOutEverywhere(o *office) {
	b.Helper()
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.Cleanup(end)
	other := newTab(b.T, ctx)
	other.open(o.addUser(operator, "operate"), http.StatusOK, "Welcome")
	other.setPassword()
	other.expect("403")
	other.open(o.page("/admin/certify"), http.StatusForbidden, "Your role does not include that")
	cookie, agent := b.session(o).Value, b.agent()
	b.open(o.page("/admin/account"), http.StatusOK, "Your account")
	b.press("Log out everywhere", http.StatusOK, "Log in")
	if got := o.replay(cookie, agent); got != http.StatusSeeOther {
		b.Errorf("the cookie after the log-out everywhere: got %d, want 303", got)
	}
	other.open(o.page("/admin/account"), http.StatusOK, "Your account") // another user's
	o.wcmeAdmin("logout", operator)
	other.open(o.page("/admin/account"), http.StatusOK, "Log in")
}

// TestRightsStrangersUnderNginx needs root, to be the web server's user.
func TestRightsStrangersUnderNginx(t *testing.T) {
	t.Parallel()
	o := underNginx(t, settings{})
	o.wcme("certify", www+","+shop)
	b := browse(t, o.identity.Certificate)
	b.open(o.addUser(admin, "admin"), http.StatusOK, "Welcome")
	b.setPassword()
	b.open(o.page("/admin/list"), http.StatusOK, "Certificates")
	before := o.changes()
	t.Run("a broken-into script forges nothing", func(t *testing.T) { breakIn(o.on(t), "www-data").forgesNothing(o.on(t)) })
	t.Run("a broken-into script acts on no form", func(t *testing.T) {
		breakIn(o.on(t), "www-data").usesNoMore(o.on(t), b.on(t).session(o).Value, b.agent(), "admin")
	})
	t.Run("another user cannot connect", func(t *testing.T) {
		if conn, err := breakIn(o.on(t), "nobody").dial(t.Context()); err == nil {
			conn.Close()
			t.Error("nobody has connected")
		}
	})
	t.Run("forms of other sites change nothing", func(t *testing.T) { b.on(t).besiege(o.on(t)) })
	t.Run("frames of other sites stay empty", func(t *testing.T) { b.on(t).refusesFrames(o.on(t)) })
	if after := o.changes(); after != before {
		t.Errorf("something has changed: got\n%s\nwant\n%s", after, before)
	}
	cookie, agent := b.session(o).Value, b.agent()
	b.press("Log out", http.StatusOK, "Log in")
	t.Run("a session that has ended is none", func(t *testing.T) {
		breakIn(o.on(t), "www-data").refuses("after the log-out", http.MethodPost, "/1/overview", visitor(o, cookie).with("agent", agent), map[string]any{}, http.StatusForbidden)
	})
}
