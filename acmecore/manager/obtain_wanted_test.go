package manager_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/schedule"
	"wcme/deploy/lab"
)

// TestRenewalsReplaceTheOneBefore, as their CA is told, and each version keeps what it
// was told of.
func TestRenewalsReplaceTheOneBefore(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	heard := new(steps)
	before, unfound := "", false
	for round := range 3 {
		wanted, run := request("www.example.test"), fmt.Sprint(round)
		wanted.Force = true
		if _, err := m.Certify(t.Context(), wanted, heard.of(run, nil)); err != nil {
			t.Fatal(err)
		}
		issue, err := s.root.Issue(id, "")
		if err != nil {
			t.Fatal(err)
		}
		if again := heard.has(run, "placing it once more"); issue.Replaces != before || again != unfound {
			t.Errorf("version %d replaces %q, want %q; placed once more: %v", round+1, issue.Replaces, before, again)
		}
		// Pebble finds the name proved already at one order in a hundred, whatever it is told.
		told := heard.has(run, "told the CA")
		if method := issue.Methods["www.example.test"]; (method == acmecore.HTTP01) != told || round == 0 && !told || issue.Order == "" || issue.CA != "lab" {
			t.Errorf("version %d came to be by %+v; proved now: %v", round+1, issue, told)
		}
		// One serial number in 256 has a zero byte before it in DER (X.690 section 8.3.2). Pebble
		// looks for it without, and refuses what is to take its place.
		leaf := s.leaf(t)
		if before, unfound = identifierOf(t, leaf), leaf.SerialNumber.BitLen()%8 == 0; unfound {
			before = ""
		}
	}
}

// leaf is the certificate of the current version.
func (s *setting) leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	chain, _, err := s.root.Chain(id)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// identifierOf is that of a certificate (RFC 9773 section 4.1).
func identifierOf(t *testing.T, leaf *x509.Certificate) string {
	t.Helper()
	identifier, err := schedule.CertificateID(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return identifier
}

// TestNothingIsReplaced by a certificate that another account has ordered, or that is for
// other names, or of which nobody knows who has ordered it.
func TestNothingIsReplaced(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(acmecore.Issue) acmecore.Issue{
		"another account": func(i acmecore.Issue) acmecore.Issue { i.Account += "0"; return i },
		"another CA":      func(i acmecore.Issue) acmecore.Issue { i.Directory += "0"; return i },
		"unknown":         func(acmecore.Issue) acmecore.Issue { return acmecore.Issue{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, m := withCA(t)
			if _, err := m.Certify(t.Context(), request("www.example.test"), nil); err != nil {
				t.Fatal(err)
			}
			s.keepAgain(t, change)
			wanted := request("www.example.test")
			wanted.Force = true
			heard := new(steps)
			if _, err := m.Certify(t.Context(), wanted, heard.of("run", nil)); err != nil {
				t.Fatal(err)
			}
			if issue, err := s.root.Issue(id, ""); err != nil || issue.Replaces != "" || heard.has("run", "placing it once more") {
				t.Errorf("it replaces %q, %v: %q", issue.Replaces, err, heard.list)
			}
		})
	}
}

// keepAgain keeps the current version once more, as if it had come to be in another way.
func (s *setting) keepAgain(t *testing.T, change func(acmecore.Issue) acmecore.Issue) {
	t.Helper()
	chain, _, err := s.root.Chain(id)
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.root.Key(id)
	if err != nil {
		t.Fatal(err)
	}
	issue, err := s.root.Issue(id, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.root.KeepVersion(id, key, chain, change(issue)); err != nil {
		t.Fatal(err)
	}
}

// TestNamesThatTheProfileHasNoRoomFor are refused before anybody is asked: there is no
// account, and nothing is written.
func TestNamesThatTheProfileHasNoRoomFor(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	m := s.manager()
	var many []acmecore.Name
	for i := range 26 {
		many = append(many, acmecore.Name(fmt.Sprintf("host%d.example.org", i)))
	}
	for name, row := range map[string]struct {
		request control.CertifyRequest
		hint    string
	}{
		"26 for tlsserver":       {control.CertifyRequest{Names: many, Profile: "tlsserver"}, `make 2 certificates of them, or take the profile "classic"`},
		"an address for classic": {control.CertifyRequest{Names: []acmecore.Name{"203.0.114.1"}, Profile: "classic"}, "--profile shortlived"},
		"an address":             {control.CertifyRequest{Names: []acmecore.Name{"203.0.114.1"}}, "--profile shortlived"},
	} {
		_, err := m.Certify(t.Context(), row.request, nil)
		if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(acmecore.HintOf(err), row.hint) {
			t.Errorf("%s: got %v (%s)", name, err, acmecore.HintOf(err))
		}
	}
	if ids, err := s.root.Records(); err != nil || len(ids) > 0 {
		t.Errorf("records were written: %v, %v", ids, err)
	}
}

// TestCertificateForAnAddressIsWhole: it does not lack the name that it has.
func TestCertificateForAnAddressIsWhole(t *testing.T) {
	t.Parallel()
	_, m := withCA(t)
	for _, name := range []acmecore.Name{"192.0.2.1", "2001:db8::1"} {
		for range 2 {
			c, err := m.Certify(t.Context(), request(name), nil)
			if err != nil || c.Problem != "" {
				t.Fatalf("%s: %q, %v", name, c.Problem, err)
			}
		}
	}
}

// TestChainWanted is that of the authority, unless the record has another.
func TestChainWanted(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true, AlternateRoots: 2})
	roots := [2]string{rootAt(t, pebble, 1), rootAt(t, pebble, 2)}
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\nchain = %q\n",
		pebble.Directory, pebble.Roots, roots[0]))
	m := s.manager()
	if _, err := m.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
	for wish, want := range map[string]string{"": roots[0], roots[1]: roots[1]} {
		wanted := request("www.example.test")
		if wanted.Chain = wish; wish != "" {
			wanted.Names = []acmecore.Name{"other.example.test"}
		}
		if _, err := m.Certify(t.Context(), wanted, nil); err != nil {
			t.Fatal(err)
		}
		chain, _, err := s.root.Chain(wanted.Names[0].ID())
		if err != nil {
			t.Fatal(err)
		}
		last, err := x509.ParseCertificate(chain[len(chain)-1])
		if err != nil || last.Issuer.CommonName != want {
			t.Errorf("the chain ends at %q, %v, want %q", last.Issuer.CommonName, err, want)
		}
	}
}

// rootAt names one of Pebble's roots.
func rootAt(t *testing.T, pebble *lab.Pebble, number int) string {
	t.Helper()
	answer, err := pebble.Client.Get(fmt.Sprintf("%s/roots/%d", pebble.Management, number))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return root.Subject.CommonName
}
