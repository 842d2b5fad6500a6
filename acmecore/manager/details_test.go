package manager_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

func (s *setting) details() acmecore.Details {
	s.Helper()
	details, err := s.unrecovered().Details(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return details
}

// inService is a setting with a certificate that stands in a target.
func inService(t *testing.T) *setting {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "target")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newSetting(t, fmt.Sprintf("[[install]]\nname = \"web\"\ndir = %q\n[[load]]\nname = \"server\"\nrun = \"true\"\n[verify]\nports = [\"443\", \"25/smtp\"]\nprobe = [\"192.0.2.7\"]\n", dir))
	s.record(recordOfOne + "profile = \"short\"\n")
	s.keep(s.key(), 10, "www.example.test")
	s.publish()
	s.copyTo(dir)
	return s
}

// copyTo puts the files of the current version into a target by hand.
func (s *setting) copyTo(dir string) {
	s.Helper()
	text := s.read("ssl", "fullchain_"+string(id)+".pem")
	if err := os.WriteFile(filepath.Join(dir, "fullchain_"+string(id)+".pem"), []byte(text), 0o640); err != nil {
		s.Fatal(err)
	}
}

func TestDetailsAreReadFromTheFiles(t *testing.T) {
	t.Parallel()
	s := inService(t)
	d := s.details()
	c := d.Certificate
	if c.ID != id || c.Profile != "short" || strings.Join(c.Targets, " ") != "web" || strings.Join(c.Loads, " ") != "server" || c.Version != "000001" {
		t.Errorf("certificate: got %+v", c)
	}
	if d.Subject != "CN=Test CA" || len(d.SHA1) != 40 || len(d.Chain) != 1 {
		t.Fatalf("got subject %q, SHA-1 %q, %d in the chain", d.Subject, d.SHA1, len(d.Chain))
	}
	link := d.Chain[0]
	if link.Serial != "abc" || link.SHA256 != c.Fingerprint || link.Key != "EC 256" || link.Signature != "ECDSA-SHA256" || link.Issuer != "CN=Test CA" ||
		!link.NotAfter.Equal(c.NotAfter) {
		t.Errorf("link: got %+v", link)
	}
	if strings.Join(d.Ports, " ") != "443 25/smtp" || strings.Join(d.Probe, " ") != "192.0.2.7" {
		t.Errorf("it is verified at %q, %q", d.Ports, d.Probe)
	}
	if len(d.Placed) != 1 || !d.Placed[0].Current || len(d.Loads) != 1 || d.Loads[0] != (acmecore.Loaded{Action: "server"}) {
		t.Errorf("got %+v, loads %+v", d.Placed, d.Loads)
	}
	if want := "on disk, and not loaded yet by server"; d.Drift != want || d.Repair != acmecore.RepairLoad {
		t.Errorf("drift: got %q, repair %q, want %q", d.Drift, d.Repair, want)
	}
	if d.Kept.Record != s.path("etc", "certificates", string(id)+".toml.removed") || d.Kept.Versions != s.path("priv", "certificates", string(id)) {
		t.Errorf("kept: got %+v", d.Kept)
	}
}

// TestDetailsShowNoKey: whatever is told of a certificate can be read by those who see
// the pages.
func TestDetailsShowNoKey(t *testing.T) {
	t.Parallel()
	s := inService(t)
	s.write(s.read(s.current("fullchain.pem")...)+s.read(s.current("key.pem")...), s.current("fullchain.pem")...)
	d := s.details()
	for rest := []byte(d.PEM); len(rest) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			t.Fatalf("got a block %v in the chain", block)
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := pem.Decode([]byte(s.read(s.current("key.pem")...)))
	whole, err := json.Marshal(key.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "PRIVATE") || strings.Contains(string(text), strings.Trim(string(whole), `"`)[:40]) {
		t.Error("a key is in what is told")
	}
}

func TestDetailsHaveOwnersAndModes(t *testing.T) {
	t.Parallel()
	s := inService(t)
	files := s.details().Files
	if len(files) != 4 {
		t.Fatalf("got %d files, want that of the target and three in ssl: %+v", len(files), files)
	}
	if f := files[0]; f.Target != "web" || f.Mode != "0640" || !strings.Contains(f.Owner, ":") || f.Changed.IsZero() || f.Problem != "" {
		t.Errorf("in the target: got %+v", f)
	}
	if f := files[1]; f.Target != "" || f.Path != s.path("ssl", "fullchain_"+string(id)+".pem") || f.Mode != "0600" {
		t.Errorf("in ssl: got %+v", f)
	}
	s.remove("ssl", "cert_"+string(id)+".pem")
	if f := s.details().Files[2]; f.Problem != "there is no such file" || f.Mode != "" {
		t.Errorf("one that is gone: got %+v", f)
	}
}

// TestDriftSaysWhichPartDiffers takes one part after the other away.
func TestDriftSaysWhichPartDiffers(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		change func(*setting, acmecore.Certificate) acmecore.Standing
		drift  string
		repair acmecore.Repair
	}{
		{"nothing", func(_ *setting, c acmecore.Certificate) acmecore.Standing { return served(c, c.Fingerprint) }, "", ""},
		{"another one is served", func(_ *setting, c acmecore.Certificate) acmecore.Standing { return served(c, "00ff") }, "another one is served by www.example.test", acmecore.RepairLoad},
		{"another one is on disk", func(s *setting, c acmecore.Certificate) acmecore.Standing {
			s.keep(s.key(), 0, "www.example.test")
			return acmecore.Standing{}
		}, "not installed in web (there is serial abc)", acmecore.RepairLoad},
		{"none was issued", func(s *setting, c acmecore.Certificate) acmecore.Standing {
			s.remove("priv", "certificates", string(id))
			return acmecore.Standing{}
		}, "none was issued yet", acmecore.RepairRenew},
		{"the key is gone", func(s *setting, c acmecore.Certificate) acmecore.Standing {
			s.remove(s.current("key.pem")...)
			return acmecore.Standing{}
		}, "the issued one cannot be used", acmecore.RepairRenew},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			s := inService(t)
			standing := row.change(s, s.details().Certificate)
			if err := s.root.PutStanding(id, standing); err != nil {
				t.Fatal(err)
			}
			d := s.details()
			if (d.Drift == "") != (row.drift == "") || !strings.Contains(d.Drift, row.drift) || d.Repair != row.repair {
				t.Errorf("got %q, repair %q; want %q, %q", d.Drift, d.Repair, row.drift, row.repair)
			}
		})
	}
}

// served is what is remembered when one place has shown a certificate.
func served(c acmecore.Certificate, fingerprint string) acmecore.Standing {
	proof := acmecore.Proof{Endpoint: acmecore.Endpoint{Name: "www.example.test", Address: "192.0.2.7", Port: 443}, At: time.Now().UTC(),
		Answer: acmecore.Serves, Fingerprint: fingerprint, Serial: "def", NotAfter: c.NotAfter}
	return acmecore.Standing{Loaded: map[string]string{"server": c.Fingerprint}, Served: []acmecore.Proof{proof}}
}

// TestBudgetCountsWhatTheCACounts: refusals by name and hour, certificates by names
// and week.
func TestBudgetCountsWhatTheCACounts(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	s.record("names = [\"www.example.test\", \"example.test\"]\n")
	s.keep(s.key(), 8, "www.example.test", "example.test")
	s.keep(s.key(), 2, "www.example.test")
	s.keep(s.key(), 3, "example.test", "www.example.test")
	s.keep(s.key(), 1, "www.example.test", "example.test")
	refused := func(ago time.Duration, names ...acmecore.Name) acmecore.Failure {
		return acmecore.Failure{At: time.Now().Add(-ago).UTC(), Kind: acmecore.Refused, Cause: "no", Refused: names}
	}
	standing := acmecore.Standing{Failures: []acmecore.Failure{refused(2*time.Hour, "example.test"), refused(50*time.Minute, "example.test", "www.example.test"),
		refused(20*time.Minute, "example.test"), refused(time.Minute)}}
	if err := s.root.PutStanding(id, standing); err != nil {
		t.Fatal(err)
	}
	if got, want := s.details().Budget, (acmecore.Budget{FailuresHour: 2, FailuresLimit: 5, Issued7Days: 2, Issued7Limit: 5}); got != want {
		t.Errorf("Let's Encrypt: got %+v, want %+v", got, want)
	}
	s.record("names = [\"www.example.test\", \"example.test\"]\nca = \"letsencrypt-staging\"\n")
	if got, want := s.details().Budget, (acmecore.Budget{FailuresHour: 2, FailuresLimit: 200, Issued7Days: 2}); got != want {
		t.Errorf("another CA, whose limits are others: got %+v, want %+v", got, want)
	}
}

func TestDetailsHaveTheRunsOfTheCertificate(t *testing.T) {
	t.Parallel()
	s := inService(t)
	began := time.Date(2026, 11, 1, 0, 20, 0, 0, time.UTC)
	for i := range 30 {
		at := began.Add(time.Duration(i) * time.Hour)
		run := acmecore.Run{ID: store.NewRunID(at), Trigger: "schedule", Began: at, Ended: at.Add(time.Minute), Managed: 2, Certificates: []acmecore.Treated{
			{ID: "other_example_test", Names: []acmecore.Name{"www-example-test.example.test"}, Outcome: acmecore.Failed, Stages: []acmecore.Stage{}}}}
		if i%2 == 0 {
			run.Certificates = append(run.Certificates, acmecore.Treated{ID: id, Outcome: acmecore.Renewed, Stages: []acmecore.Stage{{Stage: "order", Began: at, Ended: at.Add(time.Second)}}})
		}
		if err := s.root.PutRun(run); err != nil {
			t.Fatal(err)
		}
	}
	s.write("{", "log", "runs", "20261103T000000-0000.json") // one that cannot be read is left out
	d := s.details()
	if len(d.Runs) != 15 || d.Searched != 31 {
		t.Fatalf("got %d runs of %d, want 15 of 31", len(d.Runs), d.Searched)
	}
	for i, line := range d.Runs {
		if line.Treated == nil || line.Treated.ID != id || len(line.Treated.Stages) != 1 || line.Outcomes[acmecore.Failed] != 1 || line.Outcomes[acmecore.Renewed] != 1 {
			t.Errorf("got %+v", line)
		}
		if i > 0 && !line.Began.Before(d.Runs[i-1].Began) {
			t.Errorf("run %d began at %v, which is not before the one above it", i, line.Began)
		}
	}
}

func TestDetailsOfWhatIsNotManaged(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "")
	for asked, want := range map[acmecore.ID]acmecore.Kind{"www_example_test": acmecore.NotFound, "../../etc/passwd": acmecore.Invalid, "": acmecore.Invalid} {
		if _, err := s.unrecovered().Details(t.Context(), asked); err == nil || acmecore.KindOf(err) != want {
			t.Errorf("%q: got %v, want it %s", asked, err, want)
		}
	}
}

// TestDetailsOfADamagedRecord: it is shown, with what is wrong with it.
func TestDetailsOfADamagedRecord(t *testing.T) {
	t.Parallel()
	s := inService(t)
	s.record("names = [")
	if d := s.details(); d.Certificate.Problem == "" || len(d.Placed) != 0 || len(d.Versions) != 1 || d.Repair != acmecore.RepairRenew {
		t.Errorf("got %+v", d)
	}
}
