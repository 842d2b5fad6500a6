package login_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"wcme/acmecore"
)

// authenticator is a browser with one passkey, as WebAuthn level 3 describes it.
type authenticator struct {
	*rig
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string // of the user, base64url
	counter uint32
	origin  string
}

func (r *rig) newAuthenticator() *authenticator {
	r.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	r.must(err)
	return &authenticator{rig: r, key: key, id: []byte(rand.Text()), origin: "https://www.example.org"}
}

// options are those that are read of what a page offers.
type options struct {
	Challenge        string `json:"challenge"`
	RPID             string `json:"rpId"`
	RP               struct{ ID string }
	User             struct{ ID string }
	UserVerification string `json:"userVerification"`
}

func (a *authenticator) read(text string) (o options) {
	a.Helper()
	a.must(json.Unmarshal([]byte(text), &o))
	return o
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) clientData(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	a.must(err)
	return text
}

// data is the authenticator data (section 6.1): present and verified.
func (a *authenticator) data(host string, flags byte, more []byte) []byte {
	a.counter++
	hash := sha256.Sum256([]byte(host))
	data := append(hash[:], flags|0x05)
	return append(binary.BigEndian.AppendUint32(data, a.counter), more...)
}

// create answers navigator.credentials.create.
func (a *authenticator) create(text string) string {
	a.Helper()
	o := a.read(text)
	a.handle = o.User.ID
	point, err := a.key.PublicKey.Bytes()
	a.must(err)
	public, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	a.must(err)
	attested := bytes.Join([][]byte{make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(a.id))), a.id, public}, nil)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(o.RP.ID, 0x40, attested)})
	a.must(err)
	return a.credential(map[string]string{"clientDataJSON": base64url(a.clientData("webauthn.create", o.Challenge)), "attestationObject": base64url(object)})
}

// get answers navigator.credentials.get.
func (a *authenticator) get(text string) string {
	a.Helper()
	o := a.read(text)
	client, data := a.clientData("webauthn.get", o.Challenge), a.data(o.RPID, 0, nil)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	a.must(err)
	return a.credential(map[string]string{"clientDataJSON": base64url(client), "authenticatorData": base64url(data), "signature": base64url(signature), "userHandle": a.handle})
}

func (a *authenticator) credential(response map[string]string) string {
	text, err := json.Marshal(map[string]any{"id": base64url(a.id), "rawId": base64url(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	a.must(err)
	return string(text)
}

// withPasskey adds one to the account.
func (r *rig) withPasskey(cookie string) *authenticator {
	r.Helper()
	a := r.newAuthenticator()
	offered := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountNewPasskey})
	r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountAddPasskey, Ticket: offered.Ticket, Credential: a.create(offered.Passkey), Name: "blue key", Password: password})
	return a
}

func byPasskey(ticket, credential string) acmecore.AccountRequest {
	return acmecore.AccountRequest{Deed: acmecore.AccountLogIn, Ticket: ticket, Credential: credential}
}

func TestAPasskeyLogsInByItself(t *testing.T) {
	r := newRig(t)
	a := r.withPasskey(r.add("alice", acmecore.RoleAdmin))
	offered := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	if o := a.read(offered.Passkey); o.UserVerification != "required" || o.RPID != "www.example.org" {
		t.Errorf("offered %s", offered.Passkey)
	}
	said := a.get(offered.Passkey)
	r.isIn("alice", r.ask(claim(""), byPasskey(offered.Ticket, said)).Cookie)
	r.refuse(acmecore.Stale, claim(""), byPasskey(offered.Ticket, said)) // replayed
	next := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	r.wrong("passkey", claim(""), byPasskey(next.Ticket, said)) // for another challenge
	r.wait(10 * time.Minute)
	r.refuse(acmecore.Stale, claim(""), byPasskey(next.Ticket, a.get(next.Passkey)))
}

func TestAPasskeyIsASecondFactor(t *testing.T) {
	r := newRig(t)
	a := r.withPasskey(r.add("alice", acmecore.RoleAdmin))
	asked := r.ask(claim(""), byPassword("alice", password))
	if !asked.Missing || asked.ByCode || asked.Passkey == "" || asked.Cookie != "" {
		t.Fatalf("got %+v", asked)
	}
	r.refuse(acmecore.Stale, claim(""), byCode(asked.Ticket, "000000"))
	stranger := r.newAuthenticator()
	stranger.handle = a.handle
	again := r.wrong("passkey", claim(""), byPasskey(asked.Ticket, stranger.get(asked.Passkey)))
	r.isIn("alice", r.ask(claim(""), byPasskey(again.Ticket, a.get(again.Passkey))).Cookie)
}

// TestPasskeysThatAreRefused tries what a phishing site or a thief would send.
func TestPasskeysThatAreRefused(t *testing.T) {
	for what, spoil := range map[string]func(a *authenticator){
		"another site":       func(a *authenticator) { a.origin = "https://www.example.test" },
		"plain http":         func(a *authenticator) { a.origin = "http://www.example.org" },
		"another key":        func(a *authenticator) { a.key = a.newAuthenticator().key },
		"another credential": func(a *authenticator) { a.id = []byte("another") },
		"nobody's":           func(a *authenticator) { a.handle = base64url([]byte("nobody")) },
		"a copy":             func(a *authenticator) { a.counter = 0 },
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			a := r.withPasskey(r.add("alice", acmecore.RoleAdmin))
			first := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountOffer})
			r.ask(claim(""), byPasskey(first.Ticket, a.get(first.Passkey)))
			spoil(a)
			offered := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountOffer})
			r.wrong("passkey", claim(""), byPasskey(offered.Ticket, a.get(offered.Passkey)))
		})
	}
	r := newRig(t)
	offered := r.ask(claim(""), acmecore.AccountRequest{Deed: acmecore.AccountOffer})
	for _, said := range []string{"x", "{}", "[]", "null", `{"id":"","rawId":"","type":"public-key","response":{}}`, strings.Repeat("[", 30_000)} {
		r.wait(time.Minute)
		r.wrong("passkey", claim(""), byPasskey(offered.Ticket, said))
	}
}

// TestNoHostLeadsAroundASecondFactor: whoever has the password chooses the name that the
// pages are asked for by.
func TestNoHostLeadsAroundASecondFactor(t *testing.T) {
	r := newRig(t)
	a := r.withPasskey(r.add("alice", acmecore.RoleAdmin))
	for _, host := range []string{"192.0.2.1", "localhost", "[::1]:8443", "other.example.org", "", "a_b"} {
		c := claim("")
		c.Host = host
		r.wait(time.Minute)
		if answer := r.wrong("password", c, byPassword("alice", password)); !strings.Contains(answer.Mistakes[0].Text, "www.example.org") {
			t.Errorf("%q: %+v", host, answer)
		}
	}
	c := claim("")
	c.Host, a.origin = "www.example.org:8443", "https://www.example.org:8443"
	asked := r.ask(c, byPassword("alice", password))
	if asked.Passkey == "" {
		t.Fatalf("at another port: %+v", asked)
	}
	if answer := r.ask(c, byPasskey(asked.Ticket, a.get(asked.Passkey))); answer.Cookie == "" {
		t.Errorf("at another port: %+v", answer)
	}
}

func TestPasskeysAreListedAndRemoved(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	r.withPasskey(cookie)
	own := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountOwn}).Own
	if len(own.Passkeys) != 1 || own.Passkeys[0].Name != "blue key" || own.Passkeys[0].Host != "www.example.org" || !own.Possible {
		t.Fatalf("got %+v", own)
	}
	remove := acmecore.AccountRequest{Deed: acmecore.AccountRemovePasskey, ID: own.Passkeys[0].ID, Password: "guess"}
	r.wrong("password", claim(cookie), remove)
	r.refuse(acmecore.NotFound, claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountRemovePasskey, ID: "x", Password: password})
	remove.Password = password
	next := r.ask(claim(cookie), remove).Cookie
	r.isIn("", cookie)
	r.isIn("alice", next)
	r.isIn("alice", r.logIn("alice"))
}

func TestAPasskeyIsAddedByThePasswordAndTheSameUser(t *testing.T) {
	r := newRig(t)
	alice, bob := r.add("alice", acmecore.RoleAdmin), r.add("bob", acmecore.RoleView)
	a := r.newAuthenticator()
	offered := r.ask(claim(alice), acmecore.AccountRequest{Deed: acmecore.AccountNewPasskey})
	made := a.create(offered.Passkey)
	request := acmecore.AccountRequest{Deed: acmecore.AccountAddPasskey, Ticket: offered.Ticket, Credential: made, Password: password}
	r.refuse(acmecore.Stale, claim(bob), request)
	request.Password = "guess"
	r.wrong("password", claim(alice), request)
	request.Password, request.Credential = password, "{}"
	r.wrong("credential", claim(alice), request)
	plain := claim(alice)
	plain.HTTPS = false
	if answer := r.ask(plain, acmecore.AccountRequest{Deed: acmecore.AccountNewPasskey}); answer.Passkey != "" {
		t.Error("a passkey is offered over plain http")
	}
}

// TestFormsOfPasskeysFitWhereTheyAreSent: some web servers hand on 8 KiB of a form.
func TestFormsOfPasskeysFitWhereTheyAreSent(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	for range 19 {
		r.wait(time.Minute)
		r.withPasskey(cookie)
	}
	r.wait(time.Minute)
	a := r.newAuthenticator()
	added := r.ask(claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountNewPasskey})
	asked := r.ask(claim(""), byPassword("alice", password))
	for what, form := range map[string]url.Values{
		"a new passkey": {"ticket": {added.Ticket}, "credential": {a.create(added.Passkey)}},
		"a log-in":      {"ticket": {asked.Ticket}, "credential": {a.get(asked.Passkey)}},
	} {
		if size := len(form.Encode()); size > 6<<10 {
			t.Errorf("%s: %d bytes", what, size)
		}
	}
}
