package manager_test

import (
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	acme "wcme/acmecore/order"
	"wcme/deploy/lab"
)

// atCA is a setting with an account at a CA, and what stands before the CA.
type atCA struct {
	*setting
	*manager.Manager
	pebble  *lab.Pebble
	between *lab.Between
}

func newAtCA(t *testing.T) *atCA {
	t.Helper()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true, Strict: true})
	between := lab.MustBetween(t, pebble)
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\nverify.ports = []\n[authority.lab]\ndirectory = %q\nroots = %q\n", between.Directory, between.Roots))
	a := &atCA{s, s.manager(), pebble, between}
	if _, err := a.Register(t.Context(), control.RegisterRequest{Contact: []string{"a@example.test"}}, nil); err != nil {
		t.Fatal(err)
	}
	return a
}

// do does something to the account that must succeed.
func (a *atCA) do(request control.AccountAtCARequest) acmecore.Account {
	a.Helper()
	account, err := a.AccountAtCA(a.Context(), request, nil)
	if err != nil {
		a.Fatalf("%s: %v", request.Deed, err)
	}
	return account
}

// kept is the account as it is kept, and its key.
func (a *atCA) kept() (acmecore.Account, crypto.Signer) {
	a.Helper()
	account, key, err := a.root.Account(a.between.Directory)
	if err != nil {
		a.Fatal(err)
	}
	return account, key
}

// inForce fails the test unless the CA knows the key that is kept, and that alone.
func (a *atCA) inForce(others ...crypto.Signer) {
	a.Helper()
	account, key := a.kept()
	if url, found := a.find(key); !found || url != account.URL {
		a.Errorf("the CA knows %q by the key that is kept, want %q", url, account.URL)
	}
	for _, other := range others {
		if url, found := a.find(other); found {
			a.Errorf("the CA knows %q by another key", url)
		}
	}
	if left, _ := filepath.Glob(a.path("priv", "accounts", "*", "rollover")); len(left) > 0 {
		a.Errorf("left: %v", left)
	}
}

func (a *atCA) find(key crypto.Signer) (url string, found bool) {
	a.Helper()
	url, found, err := a.ask(acme.Options{Key: key}).Find(a.Context())
	if err != nil {
		a.Fatal(err)
	}
	return url, found
}

// ask is a client that is not wCME's.
func (a *atCA) ask(options acme.Options) *acme.Client {
	options.Directory, options.Base, options.UserAgent = a.between.Directory, a.pebble.Client.Transport, "test"
	return acme.New(options)
}

func same(a, b crypto.Signer) bool {
	return a.Public().(*ecdsa.PublicKey).Equal(b.Public())
}

func TestAccountShownAndUpdated(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	shown := a.do(control.AccountAtCARequest{Deed: control.AccountShow})
	if shown.Status != "valid" || shown.CA != "lab" || !slices.Equal(shown.Contact, []string{"a@example.test"}) || shown.Terms == "" || shown.Created.IsZero() {
		t.Errorf("shown: %+v", shown)
	}
	for _, contact := range [][]string{{"b@example.test"}, {}, {"c@example.test", "d@example.test"}} {
		updated := a.do(control.AccountAtCARequest{Deed: control.AccountUpdate, Contact: contact})
		kept, _ := a.kept()
		if !slices.Equal(updated.Contact, contact) || !slices.Equal(kept.Contact, contact) || kept.URL != shown.URL {
			t.Errorf("%q: got %+v, kept %+v", contact, updated, kept)
		}
	}
	if agreed := a.do(control.AccountAtCARequest{Deed: control.AccountUpdate, Terms: shown.Terms}); agreed.Terms != shown.Terms || len(agreed.Contact) != 2 {
		t.Errorf("agreed: %+v", agreed)
	}
	if audit := a.read("log", "audit.log"); !strings.Contains(audit, `"what":"account update","subject":"lab"`) || !strings.Contains(audit, "contact b@example.test") || strings.Contains(audit, "account show") {
		t.Errorf("audit: %s", audit)
	}

	// What makes no sense is refused, and changes nothing.
	before, _ := a.kept()
	for what, row := range map[string]struct {
		request control.AccountAtCARequest
		kind    acmecore.Kind
		want    string
	}{
		"no deed":          {control.AccountAtCARequest{}, acmecore.Invalid, "nothing that can be done"},
		"another deed":     {control.AccountAtCARequest{Deed: "sell"}, acmecore.Invalid, `"sell" is nothing`},
		"no change":        {control.AccountAtCARequest{Deed: control.AccountUpdate}, acmecore.Invalid, "nothing is to be changed"},
		"no address":       {control.AccountAtCARequest{Deed: control.AccountUpdate, Contact: []string{"nobody"}}, acmecore.Invalid, `"nobody"`},
		"others' terms":    {control.AccountAtCARequest{Deed: control.AccountUpdate, Terms: "https://ca.example/terms"}, acmecore.Refused, "terms of service are other ones"},
		"no such CA":       {control.AccountAtCARequest{Deed: control.AccountShow, CA: "nowhere"}, acmecore.Invalid, "there is no such authority"},
		"another CA":       {control.AccountAtCARequest{Deed: control.AccountShow, CA: "letsencrypt"}, acmecore.NotFound, "none is registered"},
		"three addresses":  {control.AccountAtCARequest{Deed: control.AccountUpdate, Contact: []string{"a@b.test", "c@b.test", "d@b.test"}}, acmecore.Refused, "too many contacts"},
		"hidden addresses": {control.AccountAtCARequest{Deed: control.AccountUpdate, Contact: []string{"A <a@b.test>"}}, acmecore.Invalid, "mail address"},
	} {
		_, err := a.AccountAtCA(t.Context(), row.request, nil)
		if err == nil || acmecore.KindOf(err) != row.kind || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want it %s, with %q", what, err, row.kind, row.want)
		}
	}
	if after, _ := a.kept(); !slices.Equal(after.Contact, before.Contact) || after.Terms != before.Terms {
		t.Errorf("it was changed: %+v", after)
	}
}

func TestDeactivatedAccountOrdersNothing(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	before, key := a.kept()
	if gone := a.do(control.AccountAtCARequest{Deed: control.AccountDeactivate}); gone.Status != "deactivated" || gone.URL != before.URL {
		t.Errorf("got %+v", gone)
	}
	asked := a.between.Count(lab.ClassNewOrder)
	for what, err := range map[string]error{
		"certify": func() error { _, err := a.Certify(t.Context(), request("www.example.test"), nil); return err }(),
		"show": func() error {
			_, err := a.AccountAtCA(t.Context(), control.AccountAtCARequest{Deed: control.AccountShow}, nil)
			return err
		}(),
	} {
		if acmecore.KindOf(err) != acmecore.NotFound || !strings.Contains(err.Error(), before.URL+", is deactivated") || !strings.Contains(acmecore.HintOf(err), "wcme register") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if got := a.between.Count(lab.ClassNewOrder); got != asked {
		t.Error("the CA was asked for an order")
	}
	if _, err := a.root.AccountKey(a.between.Directory, before.URL); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("its key is still for use: %v", err)
	}
	if files, _ := filepath.Glob(a.path("priv", "accounts", "*", "000001", "key.pem")); len(files) != 1 {
		t.Error("its key is not kept for the record")
	}
	if audit := a.read("log", "audit.log"); strings.Count(audit, `"what":"account deactivate","subject":"lab"`) != 2 || !strings.Contains(audit, `"outcome":"begun"`) {
		t.Errorf("audit: %s", audit)
	}
	another, err := a.Register(t.Context(), control.RegisterRequest{}, nil)
	if err != nil || another.URL == before.URL {
		t.Fatalf("register: got %+v, %v", another, err)
	}
	if _, fresh := a.kept(); same(fresh, key) {
		t.Error("another account has the same key")
	}
	if _, err := a.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Error(err)
	}
}

// TestDeactivatedElsewhere: another client has ended the account (N20).
func TestDeactivatedElsewhere(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	account, key := a.kept()
	if err := a.ask(acme.Options{Key: key, Account: account.URL}).Deactivate(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.record(recordOfOne)
	for pass := 1; pass <= 3; pass++ {
		run, err := a.Manage(t.Context(), control.ManageRequest{Now: true}, nil)
		if err != nil || run.Count(acmecore.Failed) != 1 {
			t.Fatalf("pass %d: got %+v, %v", pass, run, err)
		}
		if problem := run.Certificates[0].Problem; !strings.Contains(problem, "deactivated") || !strings.Contains(problem, account.URL) {
			t.Errorf("pass %d: %s", pass, problem)
		}
	}
	if got := a.between.Count(lab.ClassNewOrder); got != 1 {
		t.Errorf("%d orders were asked for in three passes of a day, want 1", got)
	}
	if c := a.details().Certificate; c.Trouble == "" || !strings.Contains(c.Hint, "wcme register --new") {
		t.Errorf("trouble %q, hint %q", c.Trouble, c.Hint)
	}
	if _, err := a.Register(t.Context(), control.RegisterRequest{New: true}, nil); err != nil {
		t.Fatal(err)
	}
	if run, err := a.Manage(t.Context(), control.ManageRequest{Now: true}, nil); err != nil || run.Count(acmecore.Renewed) != 1 {
		t.Errorf("with another account: got %+v, %v", run, err)
	}
}

// TestActionRequiredIsAStateOfItsOwn: one request a day, whatever is due, until somebody
// has done it (N19).
func TestActionRequiredIsAStateOfItsOwn(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	for _, name := range []string{"a", "b", "c"} {
		if err := a.root.PutRecord(acmecore.ID(name+"_example_test"), []byte(fmt.Sprintf("names = [\"%s.example.test\"]\n", name))); err != nil {
			t.Fatal(err)
		}
	}
	a.between.Answer(lab.ClassNewOrder, lab.Reply(http.StatusForbidden, http.Header{"Content-Type": {"application/problem+json"},
		"Link": {`<https://ca.example/terms/v5>;rel="terms-of-service"`}},
		`{"type":"urn:ietf:params:acme:error:userActionRequired","detail":"new terms","instance":"https://ca.example/agree"}`))
	orders := 0
	pass := func(want acmecore.Outcome, more int) acmecore.Run {
		t.Helper()
		orders += more
		run, err := a.Manage(t.Context(), control.ManageRequest{Now: true}, nil)
		if err != nil || run.Count(want) != 3 {
			t.Errorf("got %+v, %v, want three %s", run.Certificates, err, want)
		}
		if got := a.between.Count(lab.ClassNewOrder); got != orders {
			t.Errorf("%d orders were asked for, want %d", got, orders)
		}
		return run
	}
	if _, err := a.Manage(t.Context(), control.ManageRequest{}, nil); err != nil { // which begins with several at once
		t.Fatal(err)
	}
	if orders = a.between.Count(lab.ClassNewOrder); orders < 1 || orders > 3 {
		t.Errorf("%d orders were asked for", orders)
	}
	for range 3 {
		for _, treated := range pass(acmecore.Failed, 0).Certificates {
			for _, part := range []string{"new terms", "https://ca.example/agree", "https://ca.example/terms/v5"} {
				if !strings.Contains(treated.Problem, part) {
					t.Errorf("%s: %q does not say %q", treated.ID, treated.Problem, part)
				}
			}
		}
	}
	all, err := a.List(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("got %+v, %v", all, err)
	}
	for _, c := range all {
		if !strings.Contains(c.Trouble, "userActionRequired") || !strings.Contains(c.Hint, "wcme account update --accept-terms") || time.Until(c.Next) < 23*time.Hour {
			t.Errorf("%s: trouble %q, hint %q, next %s", c.ID, c.Trouble, c.Hint, c.Next)
		}
	}
	if kept, _ := a.kept(); kept.Trouble.Kind != acmecore.Refused {
		t.Errorf("kept: %+v", kept.Trouble)
	}

	// A day later it is asked for once more.
	kept, _ := a.kept()
	kept.Trouble.At = kept.Trouble.At.Add(-24 * time.Hour)
	if err := a.root.NoteAccountTrouble(a.between.Directory, kept.Trouble); err != nil {
		t.Fatal(err)
	}
	pass(acmecore.Failed, 1)
	pass(acmecore.Failed, 0)

	// And when somebody says that it is done.
	a.do(control.AccountAtCARequest{Deed: control.AccountUpdate, Terms: kept.Terms})
	a.between.Answer(lab.ClassNewOrder, nil)
	pass(acmecore.Renewed, 3)
}

func TestRolloverGivesTheAccountAnotherKey(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	if _, err := a.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	before, old := a.kept()
	after := a.do(control.AccountAtCARequest{Deed: control.AccountRollOver})
	kept, fresh := a.kept()
	if after.URL != before.URL || kept.URL != before.URL || same(old, fresh) || !slices.Equal(kept.Contact, before.Contact) || kept.Terms != before.Terms || !kept.Created.Equal(before.Created) {
		t.Errorf("got %+v, kept %+v", after, kept)
	}
	a.inForce(old)
	if _, err := a.Revoke(t.Context(), control.RevokeRequest{ID: id}, nil); err != nil {
		t.Errorf("revoke what the account ordered before: %v", err)
	}
	if _, err := a.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Error(err)
	}
	if audit := a.read("log", "audit.log"); !strings.Contains(audit, `"what":"account rollover","subject":"lab"`) || strings.Contains(audit, "PRIVATE") {
		t.Errorf("audit: %s", audit)
	}
}

// TestRolloverOfWhichTheAnswerIsLost asks the CA at once, or whoever uses the account next
// does, where the CA cannot be reached.
func TestRolloverOfWhichTheAnswerIsLost(t *testing.T) {
	for _, row := range []struct {
		what    string
		heard   bool // the CA has changed the key
		outage  bool // and cannot be asked
		restart bool
	}{
		{"heard", true, false, false}, {"not heard", false, false, false},
		{"heard, then an outage", true, true, false}, {"not heard, then an outage", false, true, false},
		{"heard, then an outage, then another overseer", true, true, true}, {"not heard, then an outage, then another overseer", false, true, true},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			a := newAtCA(t)
			_, old := a.kept()
			cut := func() bool {
				a.between.SetOutage(row.outage)
				return false
			}
			if row.heard {
				a.between.After(lab.ClassKeyChange, 1, cut)
			} else {
				a.between.Before(lab.ClassKeyChange, 1, cut)
			}
			_, err := a.AccountAtCA(t.Context(), control.AccountAtCARequest{Deed: control.AccountRollOver}, nil)
			if done := row.heard && !row.outage; done != (err == nil) || err != nil && acmecore.KindOf(err) != acmecore.Unreachable {
				t.Errorf("got %v", err)
			}
			if _, key := a.kept(); row.outage && !same(key, old) {
				t.Error("the old key is given up before the CA has said so")
			}
			a.between.SetOutage(false)
			if row.restart {
				a.Manager = a.manager()
			}
			if _, err := a.Certify(t.Context(), request("www.example.test"), nil); err != nil {
				t.Errorf("certify: %v", err)
			}
			if _, key := a.kept(); same(key, old) == row.heard {
				t.Errorf("the key that is kept is the old one: %v", same(key, old))
			}
			if row.heard {
				a.inForce(old)
			} else {
				a.inForce()
			}
		})
	}
}

// TestRolloverThatIsRefused leaves the key as it was, and nothing else.
func TestRolloverThatIsRefused(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	_, old := a.kept()
	for status, want := range map[int]string{501: "cannot change the keys", 409: "has an account there already", 403: "status 403"} {
		a.between.Answer(lab.ClassKeyChange, lab.Reply(status, nil, ""))
		_, err := a.AccountAtCA(t.Context(), control.AccountAtCARequest{Deed: control.AccountRollOver}, nil)
		if acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: got %v, want %q", status, err, want)
		}
		if _, key := a.kept(); !same(key, old) {
			t.Errorf("%d: it has another key", status)
		}
		a.inForce()
	}
}

// TestRolloverWaitsForOrders: one under way would go on with the old key.
func TestRolloverWaitsForOrders(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	release, done := begin(t, a.Manager, new(steps), "certify", request("www.example.test"))
	_, err := a.AccountAtCA(t.Context(), control.AccountAtCARequest{Deed: control.AccountRollOver}, nil)
	if acmecore.KindOf(err) != acmecore.Busy || acmecore.HintOf(err) == "" {
		t.Errorf("got %v, want that it is busy", err)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	a.do(control.AccountAtCARequest{Deed: control.AccountRollOver})
}

// TestRegisterWithABinding of the request, by each algorithm, which is kept nowhere.
func TestRegisterWithABinding(t *testing.T) {
	t.Parallel()
	// As long as HS512 wants it (RFC 7518 section 3.2).
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12WzWNDZM6eQGHWpSRTPal5eA"
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true, Strict: true, ExternalKeys: map[string]string{"kid-1": key}})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n", pebble.Directory, pebble.Roots))
	m := s.manager()
	raw, err := config.DecodeEABKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		request control.RegisterRequest
		kind    acmecore.Kind
	}{
		"nothing":           {control.RegisterRequest{}, acmecore.Refused},
		"no key":            {control.RegisterRequest{EABKeyID: "kid-1"}, acmecore.Invalid},
		"no identifier":     {control.RegisterRequest{EABKey: raw}, acmecore.Invalid},
		"an algorithm only": {control.RegisterRequest{EABAlgorithm: "HS256"}, acmecore.Invalid},
		"another algorithm": {control.RegisterRequest{EABKeyID: "kid-1", EABKey: raw, EABAlgorithm: "RS256"}, acmecore.Invalid},
		"another key":       {control.RegisterRequest{EABKeyID: "kid-1", EABKey: []byte("guessed")}, acmecore.Refused},
		"another account":   {control.RegisterRequest{EABKeyID: "kid-2", EABKey: raw}, acmecore.Refused},
	} {
		if _, err := m.Register(t.Context(), row.request, nil); err == nil || acmecore.KindOf(err) != row.kind || acmecore.HintOf(err) == "" && row.request.EABAlgorithm != "RS256" {
			t.Errorf("%s: got %v, hint %q, want it %s", what, err, acmecore.HintOf(err), row.kind)
		}
	}
	for _, algorithm := range []string{"", "HS384", "HS512"} {
		account, err := m.Register(t.Context(), control.RegisterRequest{New: true, EABKeyID: "kid-1", EABKey: raw, EABAlgorithm: algorithm}, nil)
		if err != nil || account.Existing {
			t.Errorf("%q: got %+v, %v", algorithm, account, err)
		}
	}
	err = filepath.WalkDir(s.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, secret := range []string{string(raw), key[:12]} {
			if strings.Contains(string(text), secret) {
				t.Errorf("the key is in %s", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCheckCAShowsWhatWasAgreedTo, so that new terms are seen.
func TestCheckCAShowsWhatWasAgreedTo(t *testing.T) {
	t.Parallel()
	a := newAtCA(t)
	if ca, err := a.CheckCA(t.Context(), ""); err != nil || ca.Agreed == "" || ca.Agreed != ca.Terms {
		t.Errorf("got %+v, %v", ca, err)
	}
	account, key := a.kept()
	account.Terms = "https://ca.example/terms/v1"
	if err := a.root.ReplaceAccount(account, key); err != nil {
		t.Fatal(err)
	}
	if ca, err := a.CheckCA(t.Context(), ""); err != nil || ca.Agreed != account.Terms || ca.Terms == ca.Agreed {
		t.Errorf("got %+v, %v", ca, err)
	}
}
