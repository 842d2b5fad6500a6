package manager_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func TestRegisterKeepsTheAccountThereIs(t *testing.T) {
	t.Parallel()
	_, m := withCA(t)
	first, err := m.Register(t.Context(), control.RegisterRequest{}, nil)
	if err != nil || !first.Existing {
		t.Fatalf("got %+v, %v, want an existing account", first, err)
	}
	another, err := m.Register(t.Context(), control.RegisterRequest{New: true}, nil)
	if err != nil || another.Existing || another.URL == first.URL {
		t.Errorf("with New: got %+v, %v, want another account", another, err)
	}
	if now, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil || now.URL != another.URL {
		t.Errorf("afterwards: got %+v, %v, want the newer account", now, err)
	}
}

func TestRegisterRefusesTermsThatAreOthers(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	s.write(strings.Replace(s.read("etc", "wcme.toml"), "accept_terms = true", "", 1), "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, terms := range []string{"", "https://ca.example/older-terms"} {
		_, err := m.Register(t.Context(), control.RegisterRequest{New: true, Terms: terms}, nil)
		if acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(err.Error(), "Do%20what%20thou%20wilt") {
			t.Errorf("agreed to %q: got %v, want a refusal that shows the terms", terms, err)
		}
	}
	if _, err := m.Register(t.Context(), control.RegisterRequest{New: true, Terms: "data:text/plain,Do%20what%20thou%20wilt"}, nil); err != nil {
		t.Errorf("agreed to those of the CA: %v", err)
	}
}

// TestRegisterAfterDamage: what cannot be read is not taken for nothing, which
// would make another account; --new does.
func TestRegisterAfterDamage(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"account.json", "key.pem"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s, m := withCA(t)
			paths, err := filepath.Glob(s.path("priv", "accounts", "*", "000001", file))
			if err != nil || len(paths) != 1 {
				t.Fatalf("got %v, %v", paths, err)
			}
			if err := os.WriteFile(paths[0], []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = m.Register(t.Context(), control.RegisterRequest{}, nil)
			if acmecore.KindOf(err) != acmecore.Internal || !strings.Contains(acmecore.HintOf(err), "--new") {
				t.Errorf("register: got %v, want an error with a hint", err)
			}
			if _, err = m.Certify(t.Context(), request("www.example.test"), nil); !strings.Contains(acmecore.HintOf(err), "--new") {
				t.Errorf("certify: got %v, want an error with a hint", err)
			}
			if _, err := m.Register(t.Context(), control.RegisterRequest{New: true}, nil); err != nil {
				t.Errorf("with New: %v", err)
			}
			if _, err = m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
				t.Errorf("certify afterwards: %v", err)
			}
		})
	}
}

// TestRegisterRepeatsWithTheSameKey: a registration that was killed after the CA
// had heard of it finds its account (C04).
func TestRegisterRepeatsWithTheSameKey(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	first, err := m.Register(t.Context(), control.RegisterRequest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// As if it had not been kept: its key is still pending.
	versions, err := filepath.Glob(s.path("priv", "accounts", "*", "000001"))
	if err != nil || len(versions) != 1 {
		t.Fatalf("got %v, %v", versions, err)
	}
	if err := os.Rename(versions[0], filepath.Join(filepath.Dir(versions[0]), "pending")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(filepath.Dir(versions[0]), "current")); err != nil {
		t.Fatal(err)
	}
	again, err := s.manager().Register(t.Context(), control.RegisterRequest{}, nil)
	if err != nil || again.URL != first.URL {
		t.Errorf("got %+v, %v, want the account %s", again, err, first.URL)
	}
	if pending, _ := filepath.Glob(s.path("priv", "accounts", "*", "pending")); len(pending) > 0 {
		t.Errorf("still pending: %v", pending)
	}
}

// TestRegisterWaitsForAnotherNameOfTheSameCA: two accounts would be made.
func TestRegisterWaitsForAnotherNameOfTheSameCA(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	text := s.read("etc", "wcme.toml")
	s.write(text+strings.Replace(text[strings.Index(text, "[authority.lab]"):], "lab", "other", 1), "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	over, end := context.WithCancel(t.Context())
	end()
	met := false
	_, err := m.Register(t.Context(), control.RegisterRequest{New: true}, func(acmecore.Step) {
		met = true
		_, err := m.Register(over, control.RegisterRequest{CA: "other", New: true}, nil)
		if acmecore.KindOf(err) != acmecore.Busy || !strings.Contains(err.Error(), "wait for another run of account at https://") {
			t.Errorf("meanwhile: got %v, want that it waits", err)
		}
	})
	if err != nil || !met {
		t.Errorf("got %v", err)
	}
}
