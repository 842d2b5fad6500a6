package manager_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// certified returns a setting with a certificate of a CA that takes every challenge for
// answered.
func certified(t *testing.T) (*setting, *manager.Manager, *lab.Pebble) {
	t.Helper()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n", pebble.Directory, pebble.Roots))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	return s, m, pebble
}

// statusAt is what the CA says of a certificate.
func statusAt(t *testing.T, pebble *lab.Pebble, serial string) (status string, reason int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, pebble.Management+"/cert-status-by-serial/"+serial, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := pebble.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Status string
		Reason int
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Status, answer.Reason
}

func TestRevokeTheCurrentVersion(t *testing.T) {
	t.Parallel()
	s, m, pebble := certified(t)
	before := s.details().Certificate
	heard := new(steps)
	revoked, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id, Reason: 1}, heard.of("revoke", nil))
	if err != nil {
		t.Fatal(err)
	}
	if status, reason := statusAt(t, pebble, before.Serial); status != "Revoked" || reason != 1 {
		t.Errorf("the CA says %q, reason %d, want Revoked, 1", status, reason)
	}
	if revoked.Version != before.Version || revoked.State(time.Now()) != acmecore.Unusable || !revoked.Revoked || !strings.HasPrefix(revoked.Problem, "it was revoked at ") {
		t.Errorf("got version %s, state %s, problem %q", revoked.Version, revoked.State(time.Now()), revoked.Problem)
	}
	if !heard.has("revoke", "it stays in service until it is replaced") {
		t.Errorf("steps: %q", heard.list)
	}
	d := s.details()
	if v := d.Versions[0]; time.Since(v.Revoked) > time.Minute || v.Problem == "" || d.Repair != acmecore.RepairRenew {
		t.Errorf("got version %+v, repair %q", v, d.Repair)
	}
	if audit := s.read("log", "audit.log"); !strings.Contains(audit, `"what":"revoke","subject":"www_example_test"`) || !strings.Contains(audit, "revoked: key-compromise") {
		t.Errorf("audit: %s", audit)
	}

	// It is not asked for twice.
	_, err = m.Revoke(t.Context(), control.RevokeRequest{ID: id}, nil)
	if acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(err.Error(), "it was revoked at ") {
		t.Errorf("a second time: got %v", err)
	}
}

// TestRevokedIsReplacedByTheNextPass: and by a key of its own.
func TestRevokedIsReplacedByTheNextPass(t *testing.T) {
	t.Parallel()
	s, m, _ := certified(t)
	key := s.read(s.current("key.pem")...)
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id, Reason: 1}, nil); err != nil {
		t.Fatal(err)
	}
	run, err := m.Manage(t.Context(), control.ManageRequest{}, nil)
	if err != nil || run.Count(acmecore.Renewed) != 1 {
		t.Fatalf("got %+v, %v", run, err)
	}
	if got := run.Certificates[0]; got.Reason != acmecore.BecauseUnusable || !strings.Contains(got.Text, "it was revoked at ") {
		t.Errorf("because %s: %q", got.Reason, got.Text)
	}
	d := s.details()
	if c := d.Certificate; c.Version != "000002" || c.Problem != "" || c.State(time.Now()) != acmecore.Valid {
		t.Errorf("got %+v", c)
	}
	if s.read(s.current("key.pem")...) == key {
		t.Error("the key is the one before")
	}
	if d.Versions[0].Problem != "" || d.Versions[1].Revoked.IsZero() {
		t.Errorf("versions: %+v", d.Versions)
	}

	// Nobody goes back to it.
	_, err = m.Restore(t.Context(), control.RestoreRequest{ID: id}, nil)
	if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "it was revoked at ") {
		t.Errorf("restore: got %v", err)
	}
	if again := s.details().Certificate.Version; again != "000002" {
		t.Errorf("the current version is %s", again)
	}
}

// TestRevokedIsNotKeptByCertify: it would be kept if it were well.
func TestRevokedIsNotKeptByCertify(t *testing.T) {
	t.Parallel()
	_, m, _ := certified(t)
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id}, nil); err != nil {
		t.Fatal(err)
	}
	if c, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil || c.Version != "000002" {
		t.Errorf("got version %s, %v", c.Version, err)
	}
}

func TestRevokeAnEarlierVersion(t *testing.T) {
	t.Parallel()
	s, m, pebble := certified(t)
	serial := s.details().Certificate.Serial
	again := request("www.example.test")
	again.Force = true
	if _, err := m.Certify(t.Context(), again, nil); err != nil {
		t.Fatal(err)
	}
	heard := new(steps)
	c, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id, Version: "000001", Reason: 4}, heard.of("revoke", nil))
	if err != nil || c.Version != "000002" || c.Problem != "" {
		t.Fatalf("got %+v, %v", c, err)
	}
	if status, reason := statusAt(t, pebble, serial); status != "Revoked" || reason != 4 {
		t.Errorf("the CA says %q, reason %d, want Revoked, 4", status, reason)
	}
	if heard.has("revoke", "stays in service") {
		t.Errorf("steps: %q", heard.list)
	}
	if run, err := m.Manage(t.Context(), control.ManageRequest{}, nil); err != nil || len(run.Certificates) != 0 {
		t.Errorf("the next pass: got %+v, %v, want that nothing is due", run.Certificates, err)
	}
}

// TestRevokedElsewhereIsNotedToo: the CA is believed.
func TestRevokedElsewhereIsNotedToo(t *testing.T) {
	t.Parallel()
	s, m, _ := certified(t)
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id}, nil); err != nil {
		t.Fatal(err)
	}
	s.remove(s.current("revoked.json")...)
	if c := s.details().Certificate; c.Problem != "" {
		t.Fatalf("without the note: got %q", c.Problem)
	}
	_, err := m.Revoke(t.Context(), control.RevokeRequest{ID: id}, nil)
	if acmecore.KindOf(err) != acmecore.Refused || !strings.Contains(err.Error(), "the CA says that it is revoked already") {
		t.Errorf("got %v", err)
	}
	if c := s.details().Certificate; !strings.HasPrefix(c.Problem, "it was revoked at ") {
		t.Errorf("problem: got %q", c.Problem)
	}
}

// TestDamagedNoteIsOne: a disk that loses its content takes nothing back.
func TestDamagedNoteIsOne(t *testing.T) {
	t.Parallel()
	s := inService(t)
	s.write("", s.current("revoked.json")...)
	if c := s.details().Certificate; !strings.HasPrefix(c.Problem, "it was revoked at 2") {
		t.Errorf("problem: got %q", c.Problem)
	}
}

func TestRevokeRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := inService(t)
	for what, row := range map[string]struct {
		request control.RevokeRequest
		kind    acmecore.Kind
		want    string
	}{
		"another certificate":     {control.RevokeRequest{ID: "other_example_test"}, acmecore.NotFound, "there is none"},
		"no name of one":          {control.RevokeRequest{ID: "../www_example_test"}, acmecore.Invalid, ""},
		"another version":         {control.RevokeRequest{ID: id, Version: "000007"}, acmecore.NotFound, `version "000007": there is none`},
		"a version that is a way": {control.RevokeRequest{ID: id, Version: "../../x"}, acmecore.NotFound, "there is none"},
		"another reason":          {control.RevokeRequest{ID: id, Reason: 2}, acmecore.Invalid, "there is no reason 2"},
		"a CA without an account": {control.RevokeRequest{ID: id}, acmecore.NotFound, ""},
	} {
		_, err := s.manager().Revoke(t.Context(), row.request, nil)
		if err == nil || acmecore.KindOf(err) != row.kind || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want it %s, with %q", what, err, row.kind, row.want)
		}
	}
	s.gone(s.current("revoked.json")...)
	if c := s.details().Certificate; c.Problem != "" {
		t.Errorf("problem: got %q", c.Problem)
	}
}

// TestRevokeWaitsForAnotherRun, and no longer than it may.
func TestRevokeWaitsForAnotherRun(t *testing.T) {
	t.Parallel()
	_, m, _ := certified(t)
	again := request("www.example.test")
	again.Force = true
	release, done := begin(t, m, new(steps), "certify", again)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := m.Revoke(ctx, control.RevokeRequest{ID: id}, nil); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("revoke: got %v, want that it is busy", err)
	}
	if err := m.Remove(ctx, control.RemoveRequest{ID: id}, nil); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("remove: got %v, want that it is busy", err)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// revokedBy revokes, and its steps must say who has signed.
func revokedBy(t *testing.T, m *manager.Manager, request control.RevokeRequest, want string) {
	t.Helper()
	heard := new(steps)
	if _, err := m.Revoke(t.Context(), request, heard.of("revoke", nil)); err != nil {
		t.Fatal(err)
	}
	if !heard.has("revoke", want) {
		t.Errorf("want %q, steps: %q", want, heard.list)
	}
}

func TestRevokeByTheCertificatesOwnKey(t *testing.T) {
	t.Parallel()
	s, m, pebble := certified(t)
	serial := s.details().Certificate.Serial
	revokedBy(t, m, control.RevokeRequest{ID: id, Reason: 1, ByKey: true}, "signed by the certificate's key")
	if status, reason := statusAt(t, pebble, serial); status != "Revoked" || reason != 1 {
		t.Errorf("the CA says %q, reason %d, want Revoked, 1", status, reason)
	}
}

// TestRevokeByTheAccountThatOrdered: another one has taken its place since.
func TestRevokeByTheAccountThatOrdered(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct {
		forget string // of the first account's directory
		want   string
	}{
		"its key is kept":        {"", "signed by the account https://"},
		"its key is not":         {"000001", "signed by the certificate's key"},
		"nothing is there of it": {"*", "signed by the certificate's key"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s, m, pebble := certified(t)
			serial := s.details().Certificate.Serial
			first, _, err := s.root.Account(pebble.Directory)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Register(t.Context(), control.RegisterRequest{New: true}, nil); err != nil {
				t.Fatal(err)
			}
			want := row.want
			switch row.forget {
			case "":
				want += strings.TrimPrefix(first.URL, "https://")
			case "*":
				s.remove("priv", "accounts")
			default:
				paths, err := filepath.Glob(s.path("priv", "accounts", "*", row.forget))
				if err != nil || len(paths) != 1 {
					t.Fatalf("got %v, %v", paths, err)
				}
				if err := os.RemoveAll(paths[0]); err != nil {
					t.Fatal(err)
				}
			}
			revokedBy(t, m, control.RevokeRequest{ID: id}, want)
			if status, _ := statusAt(t, pebble, serial); status != "Revoked" {
				t.Errorf("the CA says %q", status)
			}
		})
	}
}

// TestRevokeWhatNobodyKnowsTheAccountOf: the current account is tried, and then the key.
func TestRevokeWhatNobodyKnowsTheAccountOf(t *testing.T) {
	t.Parallel()
	s, m, pebble := certified(t)
	serial := s.details().Certificate.Serial
	s.remove(s.current("issue.json")...)
	if _, err := m.Register(t.Context(), control.RegisterRequest{New: true}, nil); err != nil {
		t.Fatal(err)
	}
	revokedBy(t, m, control.RevokeRequest{ID: id}, "signed by the certificate's key")
	if status, _ := statusAt(t, pebble, serial); status != "Revoked" {
		t.Errorf("the CA says %q", status)
	}
}

// TestRevokeByFiles: nothing is kept of the certificate but what came with the request.
// The CA refuses half of the nonces: what is signed again is signed by the right key.
func TestRevokeByFiles(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true, NonceReject: 50})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\nverify.ports = []\n[authority.lab]\ndirectory = %q\nroots = %q\n", pebble.Directory, pebble.Roots))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []acmecore.KeyType{acmecore.EC256, acmecore.EC384, acmecore.RSA2048} {
		wanted := request("www.example.test")
		wanted.Keys, wanted.Force = []acmecore.KeyType{kind}, true
		c, err := m.Certify(t.Context(), wanted, nil)
		if err != nil {
			t.Fatal(err)
		}
		files := control.RevokeRequest{Certificate: []byte(s.read(s.current("fullchain.pem")...)), PrivateKey: []byte(s.read(s.current("key.pem")...)), Reason: 4}
		revoked, err := m.Revoke(t.Context(), files, nil)
		if err != nil || revoked.Serial != c.Serial || revoked.ID != "" || !revoked.Revoked {
			t.Errorf("%s: got %+v, %v", kind, revoked, err)
		}
		if status, reason := statusAt(t, pebble, c.Serial); status != "Revoked" || reason != 4 {
			t.Errorf("%s: the CA says %q, reason %d", kind, status, reason)
		}
	}

	// Without the key the account signs; DER will do.
	again := request("www.example.test")
	again.Force = true
	c, err := m.Certify(t.Context(), again, nil)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(s.read(s.current("fullchain.pem")...)))
	if _, err := m.Revoke(t.Context(), control.RevokeRequest{Certificate: block.Bytes}, nil); err != nil {
		t.Error(err)
	}
	if status, _ := statusAt(t, pebble, c.Serial); status != "Revoked" {
		t.Errorf("the CA says %q", status)
	}
	if audit := s.read("log", "audit.log"); !strings.Contains(audit, `"what":"revoke","subject":"serial `+c.Serial+`"`) || strings.Contains(audit, "PRIVATE") {
		t.Errorf("audit: %s", audit)
	}
}

func TestRevokeByFilesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	s := inService(t)
	certificate, key := []byte(s.read(s.current("fullchain.pem")...)), []byte(s.read(s.current("key.pem")...))
	other, err := keys.Encode(s.key())
	if err != nil {
		t.Fatal(err)
	}
	for what, row := range map[string]struct {
		request control.RevokeRequest
		want    string
	}{
		"a name as well":     {control.RevokeRequest{ID: id, Certificate: certificate}, "a file and the name"},
		"no certificate":     {control.RevokeRequest{Certificate: []byte("hello")}, "no certificate in it"},
		"nothing":            {control.RevokeRequest{Certificate: []byte{}}, "no certificate in it"},
		"a key in its place": {control.RevokeRequest{Certificate: key}, "no certificate in it"},
		"another key":        {control.RevokeRequest{Certificate: certificate, PrivateKey: other}, "the key is not that of the certificate"},
		"no key":             {control.RevokeRequest{Certificate: certificate, PrivateKey: []byte("secret")}, "import key"},
		"another reason":     {control.RevokeRequest{Certificate: certificate, Reason: 3}, "there is no reason 3"},
		"another CA":         {control.RevokeRequest{Certificate: certificate, PrivateKey: key, CA: "nowhere"}, "there is no such authority"},
	} {
		_, err := s.manager().Revoke(t.Context(), row.request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.want) || acmecore.HintOf(err) == "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, hint %q, want %q", what, err, acmecore.HintOf(err), row.want)
		}
	}
}
