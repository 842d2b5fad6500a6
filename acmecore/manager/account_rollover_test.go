package manager_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	acme "wcme/acmecore/order"
	"wcme/deploy/lab"
)

// refuseWhatIsDone has the CA change the key, and what stands before it refuse that.
func (a *atCA) refuseWhatIsDone(status int) {
	a.Helper()
	origin, err := url.Parse(a.pebble.Directory)
	if err != nil {
		a.Fatal(err)
	}
	a.between.Answer(lab.ClassKeyChange, func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			a.Error(err)
		}
		passed, err := http.NewRequest(r.Method, "https://"+origin.Host+r.URL.Path, bytes.NewReader(body))
		if err != nil {
			a.Error(err)
			return false
		}
		passed.Host, passed.Header = r.Host, r.Header
		answer, err := a.pebble.Client.Do(passed)
		if err != nil || answer.StatusCode != http.StatusOK {
			a.Errorf("the CA itself: got %v, %v", answer, err)
			return false
		}
		answer.Body.Close()
		w.WriteHeader(status)
		return true
	})
}

// TestRolloverThatIsDoneAndRefused: the CA has the new key, whatever the answer says.
func TestRolloverThatIsDoneAndRefused(t *testing.T) {
	for _, status := range []int{http.StatusRequestTimeout, http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests, http.StatusNotImplemented} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			a := newAtCA(t)
			before, old := a.kept()
			a.refuseWhatIsDone(status)
			if after := a.do(control.AccountAtCARequest{Deed: control.AccountRollOver}); after.URL != before.URL {
				t.Errorf("got %+v", after)
			}
			a.inForce(old)
			if _, err := a.Certify(t.Context(), request("www.example.test"), nil); err != nil {
				t.Error(err)
			}
			if after, _ := a.kept(); after.URL != before.URL {
				t.Errorf("another account is kept, %s", after.URL)
			}
		})
	}
}

// TestRolloverThatIsRefusedWithoutAnAnswer about the new key: the old one stays in force,
// and the new one is kept.
func TestRolloverThatIsRefusedWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	before, old := a.kept()
	a.between.Answer(lab.ClassKeyChange, lab.Reply(http.StatusForbidden, nil, ""))
	var asked atomic.Int32
	a.between.Answer(lab.ClassNewAccount, func(w http.ResponseWriter, r *http.Request) bool {
		if asked.Add(1) > 1 {
			return false
		}
		return lab.Reply(http.StatusForbidden, http.Header{"Content-Type": {"application/problem+json"}},
			`{"type":"urn:ietf:params:acme:error:externalAccountRequired"}`)(w, r)
	})
	if _, err := a.AccountAtCA(t.Context(), control.AccountAtCARequest{Deed: control.AccountRollOver}, nil); acmecore.KindOf(err) != acmecore.Refused {
		t.Errorf("got %v", err)
	}
	a.inForce()
	if after, key := a.kept(); after.URL != before.URL || !same(key, old) {
		t.Errorf("kept: %+v", after)
	}
	a.mustBeSetAside()
}

// mustBeSetAside fails the test unless one key is.
func (a *atCA) mustBeSetAside() {
	a.Helper()
	if aside, _ := filepath.Glob(a.path("priv", "accounts", "*", "rollover.bad-*", "key.pem")); len(aside) != 1 {
		a.Errorf("set aside: %v", aside)
	}
}

// spoilRollover leaves a key of a rollover that cannot be read.
func (a *atCA) spoilRollover() {
	a.Helper()
	if _, err := a.root.NewAccountKey(a.between.Directory); err != nil {
		a.Fatal(err)
	}
	left, err := filepath.Glob(a.path("priv", "accounts", "*", "rollover", "key.pem"))
	if err != nil || len(left) != 1 {
		a.Fatalf("got %v, %v", left, err)
	}
	if err := os.Truncate(left[0], 20); err != nil {
		a.Fatal(err)
	}
}

// TestRolloverThatCannotBeRead stops nothing where the CA knows the key before it.
func TestRolloverThatCannotBeRead(t *testing.T) {
	for what, do := range map[string]func(*atCA) error{
		"certify": func(a *atCA) error {
			_, err := a.Certify(a.Context(), request("www.example.test"), nil)
			return err
		},
		"rollover": func(a *atCA) error {
			_, err := a.AccountAtCA(a.Context(), control.AccountAtCARequest{Deed: control.AccountRollOver}, nil)
			return err
		},
		"another account": func(a *atCA) error {
			_, err := a.Register(a.Context(), control.RegisterRequest{New: true}, nil)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := newAtCA(t)
			a.spoilRollover()
			if err := do(a); err != nil {
				t.Error(err)
			}
			a.inForce()
			a.mustBeSetAside()
		})
	}
}

// TestRolloverThatCannotBeReadAndIsDone: only another account helps, and the key is kept.
func TestRolloverThatCannotBeReadAndIsDone(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	before, old := a.kept()
	fresh := a.key()
	if err := a.ask(acme.Options{Key: old, Account: before.URL}).RollOver(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	a.spoilRollover()
	_, err := a.Certify(t.Context(), request("www.example.test"), nil)
	if err == nil || !strings.Contains(err.Error(), "the new one cannot be read") || !strings.Contains(acmecore.HintOf(err), "wcme register --new") {
		t.Errorf("certify: got %v, hint %q", err, acmecore.HintOf(err))
	}
	if after, err := a.Register(t.Context(), control.RegisterRequest{New: true}, nil); err != nil || after.URL == before.URL {
		t.Errorf("register: got %+v, %v", after, err)
	}
	a.inForce(old)
	a.mustBeSetAside()
	if _, err := a.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Errorf("certify afterwards: %v", err)
	}
}
