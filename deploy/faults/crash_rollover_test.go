package faults_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// TestKilledWhileTheAccountKeyChanges is C34: wherever it is killed, whatever uses the
// account next finds out which key the CA knows, and neither key is lost before that.
func TestKilledWhileTheAccountKeyChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t, false).registered(t).obtained(t)
	for i, row := range []struct {
		point
		heard bool // the CA has changed the key
	}{
		{point{what: "before the new key is made", at: "create rollover/key.pem"}, false},
		{point{what: "its temporary file is written", at: "written rollover/key.pem"}, false},
		{point{what: "it is renamed, and not yet synced", at: "renamed rollover/key.pem"}, false},
		{point{what: "it is there, and the CA was not told", at: "synced rollover/key.pem"}, false},
		{point{what: "the CA is about to be told", arm: func(h *host, kill func() bool) { h.before(lab.ClassKeyChange, kill) }}, false},
		{point{what: "the CA was told, and its answer is not read", arm: func(h *host, kill func() bool) { h.between.After(lab.ClassKeyChange, 1, kill) }}, true},
		{point{what: "its answer is read, and nothing kept", at: "create .draft-*/*"}, true},
		{point{what: "half of the new version is written", at: "create .draft-*/* 2"}, true},
		{point{what: "the draft is whole, and has no name", at: "rename accounts/*/0*"}, true},
		{point{what: "the version has its name, and is not the current one", at: "create accounts/*/current"}, true},
		{point{what: "it is the current one, and that is not synced", at: "renamed accounts/*/current"}, true},
		{point{what: "it is the current one", at: "synced accounts/*/current"}, true},
		{point{what: "the key's copy is about to be removed", at: "remove accounts/*/rollover"}, true},
		{point{what: "it is out of sight, and not removed", at: "renamed accounts/*/.rollover.gone"}, true},
	} {
		who := []actor{alone, asked}[i%2]
		t.Run("C34 "+row.what+", "+string(who), func(t *testing.T) {
			h := s.newHost(t, false)
			// The CA knows one key of the account; each host begins with one of its own.
			h.run("register", "--new")
			before := h.accountFacts()
			h.killedDoing(row.point, who, "account", "rollover")
			if after := h.accountKeys(); !strings.Contains(after, before.key) {
				t.Error("the old key is lost")
			}
			h.startIfAsked(who)
			shown := h.accountShown()
			after := h.accountFacts()
			if shown.URL != before.url || after.url != before.url || shown.Status != "valid" {
				t.Errorf("the account is %+v, want %s", shown, before.url)
			}
			if changed := after.key != before.key; changed != row.heard {
				t.Errorf("the key has changed: %v, and the CA has heard of it: %v", changed, row.heard)
			}
			if left, _ := filepath.Glob(h.path("state", "priv", "accounts", "*", "rollover")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			h.run("manage", "--force", id)
			h.run("account", "rollover")
			if again := h.accountFacts(); again.key == after.key || again.url != before.url {
				t.Error("the key could not be changed afterwards")
			}
		})
	}
}

// killedDoing begins what the verb does, and returns when it was killed at the point.
func (h *host) killedDoing(p point, who actor, verb ...string) {
	h.Helper()
	v := &victim{started: make(chan struct{})}
	if p.arm != nil {
		p.arm(h, v.kill)
	}
	args := verb
	if who != alone {
		args = []string{"overseer"}
	}
	cmd := h.command(args...)
	if p.at != "" {
		cmd.Env = append(cmd.Env, "WCME_CRASH_AT="+p.at)
	}
	h.start(v, cmd)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if who == asked {
			h.ask(v, verb)
		}
	}()
	h.awaitKill(v)
	<-done
}

// startIfAsked starts an overseer again where one was killed.
func (h *host) startIfAsked(who actor) {
	h.Helper()
	if who == alone {
		return
	}
	overseer, err := lab.StartOverseer(h.Context(), h.programs, h.root())
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		if err := overseer.Stop(); err != nil {
			h.Error(err)
		}
	})
}

// accountFacts is what is kept of the current account.
type accountFacts struct{ url, key string }

func (h *host) accountFacts() (facts accountFacts) {
	h.Helper()
	files, err := filepath.Glob(h.path("state", "priv", "accounts", "*", "current"))
	if err != nil || len(files) != 1 {
		h.Fatalf("accounts: %v, %v", files, err)
	}
	key, err := os.ReadFile(filepath.Join(files[0], "key.pem"))
	if err != nil {
		h.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(files[0], "account.json"))
	if err != nil {
		h.Fatal(err)
	}
	var account struct{ URL string }
	if err := json.Unmarshal(text, &account); err != nil {
		h.Fatal(err)
	}
	return accountFacts{account.URL, string(key)}
}

// accountKeys are all keys that are kept of accounts.
func (h *host) accountKeys() (all string) {
	h.Helper()
	files, err := filepath.Glob(h.path("state", "priv", "accounts", "*", "*", "key.pem"))
	if err != nil {
		h.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			h.Fatal(err)
		}
		all += string(text)
	}
	return all
}

// accountShown is what the CA says of the account.
func (h *host) accountShown() (account struct{ URL, Status string }) {
	h.Helper()
	output, err := h.command("account", "show", "--json", "--quiet").Output()
	if err == nil {
		err = json.Unmarshal(output, &account)
	}
	if err != nil {
		h.Fatalf("%v: %s", err, output)
	}
	return account
}
