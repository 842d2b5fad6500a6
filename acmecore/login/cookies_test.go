package login_test

import (
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
)

// TestW02CookiesThatAreNoneOfOurs tries what an attacker would make of a cookie.
func TestW02CookiesThatAreNoneOfOurs(t *testing.T) {
	r := newRig(t)
	cookie := r.add("alice", acmecore.RoleAdmin)
	foreign := newRig(t)
	bad := map[string]string{
		"none": "", "empty in quotes": `""`, "a word": "session", "another overseer's": foreign.add("alice", acmecore.RoleAdmin),
		"4 kB": strings.Repeat("A", 4<<10), "64 kB": strings.Repeat(cookie, 300), "twice": cookie + cookie, "control": "\x00\r\n", "no ASCII": "é" + cookie,
	}
	for i := range len(cookie) {
		bad["cut at "+cookie[:i]] = cookie[:i]
		flipped := []byte(cookie)
		flipped[i] ^= 1
		bad["flipped: "+string(flipped)] = string(flipped)
	}
	for what, text := range bad {
		if name, role, key := r.Session(claim(text)); name != "" || role != "" || key != "" {
			t.Errorf("%.40s: signed in as %q", what, name)
		}
	}
	r.isIn("alice", cookie)
	if len(cookie) > 512 {
		t.Errorf("the cookie has %d bytes", len(cookie))
	}
}

// TestW02KeyRotation: a new key ends no session, and an old one makes none.
func TestW02KeyRotation(t *testing.T) {
	r := newRig(t)
	old := r.add("alice", acmecore.RoleAdmin)
	keys := r.files.files["keys"]
	r.wait(7*24*time.Hour - time.Minute)
	before := r.logIn("alice")
	r.wait(time.Minute)
	after := r.logIn("alice")
	if r.files.files["keys"] == keys {
		t.Fatal("the key is the same after a week")
	}
	for range 24 {
		r.isIn("alice", before)
		r.isIn("alice", after)
		r.wait(29 * time.Minute)
	}
	rotated := r.files.files["keys"]
	r.wait(time.Hour)
	r.isIn("", old)
	if r.files.files["keys"] == rotated {
		t.Error("the key before is kept for longer than a session can last")
	}
	r.restart()
	r.isIn("alice", r.logIn("alice"))
}

func TestAFullDiskLetsPeopleLogIn(t *testing.T) {
	r := newRig(t)
	r.add("alice", acmecore.RoleAdmin)
	r.files.full = true
	r.isIn("alice", r.logIn("alice"))
	if !strings.Contains(r.log.String(), "no space left") {
		t.Errorf("log %s", r.log.String())
	}
}

// TestDamagedFilesLetNobodyIn replaces each file in turn.
func TestDamagedFilesLetNobodyIn(t *testing.T) {
	for _, name := range []string{"users", "sessions", "keys", "tries"} {
		for _, text := range []string{"{", "null", "[]", `{"version":0}`, `{"version":1,"content":7}`, `{"version":2,"content":{}}`, "\x00\xff"} {
			r := newRig(t)
			cookie := r.add("alice", acmecore.RoleAdmin)
			r.files.files[name] = text
			r.restart()
			got, _, _ := r.Session(claim(cookie))
			if want := map[bool]string{true: "alice", false: ""}[name == "tries"]; got != want {
				t.Errorf("%s is %q: signed in: %q, want %q", name, text, got, want)
			}
			answer, err := r.Account(t.Context(), claim(""), byPassword("alice", password))
			if in := err == nil && answer.Cookie != ""; in != (name != "users") {
				t.Errorf("%s is %q: %+v, %v", name, text, answer, err)
			}
			if name != "users" && err == nil {
				r.isIn("alice", answer.Cookie)
			}
			if r.log.Len() == 0 {
				t.Errorf("%s is %q: nothing is told", name, text)
			}
		}
	}
}

// FuzzCookie: nobody is signed in by a cookie that was made up.
func FuzzCookie(f *testing.F) {
	r := newRig(f)
	cookie := r.add("alice", acmecore.RoleAdmin)
	for _, seed := range []string{"", cookie, cookie[1:], "MTcwMDAwMDAwMHxhfGI=", "a|b|c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if name, _, _ := r.Session(claim(text)); name != "" && text != cookie {
			t.Errorf("%q signs in %q", text, name)
		}
	})
}

// FuzzFiles: whatever stands in a file, nobody is signed in as somebody who is not
// among the users, and nothing panics.
func FuzzFiles(f *testing.F) {
	r := newRig(f)
	cookie := r.add("alice", acmecore.RoleAdmin)
	for name, text := range r.files.files {
		f.Add(name, text)
	}
	f.Add("users", `{"version":1,"content":{"users":{"alice":{"name":"bob","role":"admin","password":"$argon2id$v=19$m=9999999,t=1,p=1$AAAAAAAAAAA$AAAA"}}}}`)
	f.Add("keys", `{"version":1,"content":{"keys":[{"made":"2026-11-21T05:46:00Z","hash":"AA==","block":""}]}}`)
	kept := r.files.files
	f.Fuzz(func(t *testing.T, name, text string) {
		files := map[string]string{name: text}
		for other, content := range kept {
			if other != name {
				files[other] = content
			}
		}
		fresh := &rig{TB: t, files: &memory{files: files}, now: r.now}
		fresh.roster = r.roster
		fresh.restart()
		fresh.Session(claim(cookie))
		fresh.Account(t.Context(), claim(""), byPassword("alice", "x"))
		fresh.Account(t.Context(), claim(cookie), acmecore.AccountRequest{Deed: acmecore.AccountOwn})
	})
}
