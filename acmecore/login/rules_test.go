package login_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/login"
)

func TestPasswordsThatAreTriedFirstAreRefused(t *testing.T) {
	for password, good := range map[string]bool{
		"correct horse battery":           true,
		"tr0ub4dor&3-and-more":            true,
		"Grüße aus Köln am Rhein":         true,
		"xK9#mQ2$vL5n":                    true,
		strings.Repeat("long words ", 9):  true,
		"":                                false,
		"elevenchars":                     false,
		"passwordpassword":                false,
		"Password1234":                    false,
		"P@ssw0rd2026!":                   false,
		"123456789012":                    false,
		"qwertyuiopas":                    false,
		"qwertz123456":                    false,
		"aaaaaaaaaaaa":                    false,
		"abababababab":                    false,
		"abcdefghijklm":                   false,
		"zyxwvutsrqponm":                  false,
		"administrator1":                  false,
		"letmeinletmein":                  false,
		"alice1234567":                    false,
		"Alice-Alice-1":                   false,
		"alice.alice.alice":               false,
		"Welcome2026!!":                   false,
		"wcmewcmewcme":                    false,
		"correct horse \xff\xfe battery":  false,
		strings.Repeat("long words ", 99): false,
	} {
		for _, user := range []string{"alice", "alice@example.org"} {
			if text := login.Fault(password, user); (text == "") != good {
				t.Errorf("%.40q of %s: %q", password, user, text)
			}
		}
	}
}

func TestNamesOfUsers(t *testing.T) {
	for name, want := range map[string]string{
		"alice": "alice", "Alice": "alice", "a": "a", "a.b-c_d+e@example.org": "a.b-c_d+e@example.org", "0": "0", strings.Repeat("a", 64): strings.Repeat("a", 64),
		"": "", " alice": "", "-alice": "", ".": "", "..": "", "@": "", "a b": "", "a/b": "", "a\\b": "", "a\n": "", "a\x00": "", "ä": "", "а": "", "a\u202eb": "",
		"<script>": "", "a\"b": "", "a'b": "", strings.Repeat("a", 65): "", strings.Repeat("a", 1<<16): "",
	} {
		got, err := login.ParseUser(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: got %q, %v; want %q", name, got, err, want)
		}
		if err != nil && (acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" || len(err.Error()) > 4096) {
			t.Errorf("%.40q: the error is %v", name, err)
		}
	}
}

func TestRoles(t *testing.T) {
	for text, good := range map[string]bool{"view": true, "operate": true, "admin": true, "": false, "Admin": false, "root": false, "*": false} {
		if _, err := login.ParseRole(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestHostileBrowsersAreShownInert(t *testing.T) {
	for _, agent := range []string{"", "<script>alert(1)</script>", "a\r\nSet-Cookie: x", "\x1b[2J", "\xff\xfe", "\u202e", strings.Repeat("long", 4000), strings.Repeat("ä", 4000)} {
		r := newRig(t)
		r.add("alice", acmecore.RoleAdmin)
		c := claim("")
		c.Agent, c.Address = agent, agent
		answer := r.ask(c, byPassword("alice", password))
		c.Cookie = answer.Cookie
		own := r.ask(c, acmecore.AccountRequest{Deed: acmecore.AccountOwn}).Own
		for _, shown := range []string{own.Sessions[0].Agent, own.Sessions[0].Address, r.told.String()} {
			text := strings.ReplaceAll(shown, "\n", "")
			if strings.ContainsAny(text, "\x00\x1b\r\u202e\ufffd") || len(own.Sessions[0].Agent) > 200 {
				t.Errorf("%.20q is shown as %.80q", agent, shown)
			}
		}
	}
}

func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQxMjM0NTY$RdescudvJCsgt3ub+b0dWRWJTmaaJObG0000000000A")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$AAAA")
	f.Add("$argon2i$v=19$m=8,t=1,p=1$$")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if err := login.DecodeHash(text); err != nil && strings.Contains(err.Error(), "$") {
			t.Errorf("the error quotes it: %v", err)
		}
	})
}
