package manager_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
)

// mustBegin begins a task as a page does: by a request that ends at once.
func mustBegin(t *testing.T, m *manager.Manager, task control.Task, key string) acmecore.Job {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	job, err := m.Begin(ctx, task, key)
	if err != nil {
		t.Fatalf("%s: %v", task.Deed, err)
	}
	return job
}

// ended waits for the end of a job.
func ended(t *testing.T, m *manager.Manager, id string) acmecore.Job {
	t.Helper()
	m.WaitForJobs()
	job, err := m.Job(t.Context(), id, 0)
	if err != nil || job.Ended.IsZero() {
		t.Fatalf("got %+v, %v, want that it has ended", job, err)
	}
	return job
}

func do(t *testing.T, m *manager.Manager, task control.Task) acmecore.Job {
	t.Helper()
	return ended(t, m, mustBegin(t, m, task, "").ID)
}

func certifyTask(deed control.Deed, names ...acmecore.Name) control.Task {
	request := request(names...)
	return control.Task{Deed: deed, Certify: &request}
}

// TestLifeOfACertificateFromThePages: each deed is done by a job, whose result says what
// came of it.
func TestLifeOfACertificateFromThePages(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	defer m.Close()
	s.write(s.read("etc", "wcme.toml")+"[verify]\nports = []\n[[load]]\nname = \"servers\"\nrun = \"echo loaded\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	job := mustBegin(t, m, certifyTask(control.DeedCertify, "www.example.test"), "form 1")
	first := job
	if again := mustBegin(t, m, certifyTask(control.DeedCertify, "www.example.test"), "form 1"); again.ID != job.ID {
		t.Error("a double click began another job")
	}
	job = ended(t, m, job.ID)
	if job.Problem != "" || job.Result.Certificate == nil || job.Result.Certificate.Version != "000001" || job.Count == 0 || job.Subject != string(id) || job.By != me() {
		t.Fatalf("certify: got %+v", job)
	}
	if job.Result.Run == nil || job.Result.Run.Trigger != "certify" || len(job.Result.Run.Certificates) != 1 || len(job.Result.Run.Certificates[0].Stages) < 2 {
		t.Errorf("certify: got the run %+v", job.Result.Run)
	}
	task := func(deed control.Deed) control.Task { return control.Task{Deed: deed, ID: id} }
	if job := do(t, m, task(control.DeedRenew)); job.Problem != "" || job.Result.Certificate.Version != "000002" || job.Result.Run.Count(acmecore.Renewed) != 1 {
		t.Errorf("renew: got %+v", job)
	}
	if job := do(t, m, task(control.DeedLoad)); job.Problem != "" || job.Result.Run == nil || len(job.Result.Run.Loads) != 1 || !strings.Contains(job.Result.Run.Loads[0].Commands[0].Output, "loaded") {
		t.Errorf("run the load: got %+v", job)
	}
	if job := do(t, m, task(control.DeedVerify)); job.Problem != "" || len(job.Result.Presences) != 1 {
		t.Errorf("verify: got %+v", job)
	}
	if job := do(t, m, control.Task{Deed: control.DeedRestore, ID: id, Version: "000001"}); job.Problem != "" || job.Result.Certificate.Version != "000001" {
		t.Errorf("restore: got %+v", job)
	}
	if job := do(t, m, control.Task{Deed: control.DeedManage}); job.Problem != "" || job.Result.Run == nil {
		t.Errorf("manage: got %+v", job)
	}
	if job := do(t, m, control.Task{Deed: control.DeedCheckCA}); job.Problem != "" || job.Result.Authority == nil || job.Subject != "lab" {
		t.Errorf("check ca: got %+v", job)
	}
	if job := do(t, m, control.Task{Deed: control.DeedCheckLoad, Action: "servers"}); job.Problem != "" || len(job.Result.Loads) != 1 {
		t.Errorf("check load: got %+v", job)
	}
	if job := do(t, m, control.Task{Deed: control.DeedRevoke, ID: id, Version: "000002"}); job.Problem != "" {
		t.Errorf("revoke: got %+v", job)
	}
	if job := do(t, m, task(control.DeedRemove)); job.Problem != "" || job.Result.Certificate != nil {
		t.Errorf("stop managing: got %+v", job)
	}
	if again := mustBegin(t, m, certifyTask(control.DeedCertify, "www.example.test"), "form 1"); again.ID != first.ID {
		t.Error("a form that was sent again, after all that: got another job")
	}
	if _, err := m.Begin(t.Context(), task(control.DeedRemove), "form 1"); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("the form that was sent again with another wish: got %v, want that there is no such certificate any more", err)
	}
}

func TestFailureOfAJobIsExplained(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	defer m.Close()
	s.write(s.read("etc", "wcme.toml")+"[verify]\nports = []\n[[load]]\nname = \"servers\"\nrun = \"echo broken; exit 3\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	job := do(t, m, certifyTask(control.DeedCertify, "www.example.test"))
	if job.Problem == "" || job.Error == "" || job.Result.Certificate == nil || job.Result.Run == nil || len(job.Result.Run.Loads) != 1 || job.Result.Run.Loads[0].Commands[0].Status != 3 {
		t.Errorf("certify: got %+v", job)
	}
	for _, task := range []control.Task{{Deed: control.DeedLoad, ID: id}, {Deed: control.DeedRenew, ID: id}, {Deed: control.DeedCheckLoad}} {
		if job := do(t, m, task); !strings.Contains(job.Problem, "exit") && !strings.Contains(job.Problem, "status 3") {
			t.Errorf("%s: got %+v", task.Deed, job)
		}
	}
	if job := do(t, m, control.Task{Deed: control.DeedCheckMail}); job.Problem == "" || job.Hint == "" {
		t.Errorf("check mail, which is not configured: got %+v", job)
	}
}

// TestBeginRefusesAtOnce what can be seen to be wrong: a page can then say so beside the
// field. Whatever it is, it reaches nothing (W11).
func TestBeginRefusesAtOnce(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[[install]]\nname = \"nginx\"\ndir = \"/nowhere\"\n[[load]]\nname = \"servers\"\nrun = \"true\"\n")
	s.record(recordOfOne)
	m := s.manager()
	defer m.Close()
	certify := func(change func(*control.CertifyRequest)) control.Task {
		request := control.CertifyRequest{Names: []acmecore.Name{"new.example.test"}}
		change(&request)
		return control.Task{Deed: control.DeedCertify, Certify: &request}
	}
	for what, row := range map[string]struct {
		task control.Task
		want acmecore.Kind
	}{
		"no deed":                {control.Task{}, acmecore.Invalid},
		"an unknown deed":        {control.Task{Deed: "rm -rf /"}, acmecore.Invalid},
		"nothing to certify":     {control.Task{Deed: control.DeedCertify}, acmecore.Invalid},
		"no name":                {certify(func(r *control.CertifyRequest) { r.Names = nil }), acmecore.Invalid},
		"a command as a name":    {certify(func(r *control.CertifyRequest) { r.Names[0] = "x; id" }), acmecore.Invalid},
		"a path as a name":       {certify(func(r *control.CertifyRequest) { r.Names[0] = "../../etc/cron.d/x" }), acmecore.Invalid},
		"a wildcard":             {certify(func(r *control.CertifyRequest) { r.Names[0] = "*.example.test" }), acmecore.Invalid},
		"a key of their own":     {certify(func(r *control.CertifyRequest) { r.PrivateKey = []byte("key") }), acmecore.Denied},
		"a chain":                {certify(func(r *control.CertifyRequest) { r.Chain = "ISRG Root X2" }), acmecore.Denied},
		"a life":                 {certify(func(r *control.CertifyRequest) { r.Validity = time.Hour }), acmecore.Denied},
		"a method":               {certify(func(r *control.CertifyRequest) { r.Challenge = []acmecore.Method{acmecore.HTTP01} }), acmecore.Denied},
		"the key of before":      {certify(func(r *control.CertifyRequest) { r.ReuseKey = new(bool) }), acmecore.Denied},
		"must-staple":            {certify(func(r *control.CertifyRequest) { r.MustStaple = new(bool) }), acmecore.Denied},
		"an order elsewhere":     {certify(func(r *control.CertifyRequest) { r.DryRun = true }), acmecore.Denied},
		"a request of their own": {certify(func(r *control.CertifyRequest) { r.CSR = []byte("request") }), acmecore.Denied},
		"a CA that is a URL":     {certify(func(r *control.CertifyRequest) { r.CA = "https://evil.example/directory" }), acmecore.Invalid},
		"an unknown CA":          {certify(func(r *control.CertifyRequest) { r.CA = "nobody" }), acmecore.Invalid},
		"an unknown key":         {certify(func(r *control.CertifyRequest) { r.Keys = []acmecore.KeyType{"rsa1"} }), acmecore.Invalid},
		"a profile of two":       {certify(func(r *control.CertifyRequest) { r.Profile = "a b" }), acmecore.Invalid},
		"a long profile":         {certify(func(r *control.CertifyRequest) { r.Profile = strings.Repeat("a", 65) }), acmecore.Invalid},
		"an unknown target":      {certify(func(r *control.CertifyRequest) { r.Install = []string{"other"} }), acmecore.Invalid},
		"a path as a target":     {certify(func(r *control.CertifyRequest) { r.Install = []string{"../../etc/cron.d"} }), acmecore.Invalid},
		"a command as an action": {certify(func(r *control.CertifyRequest) { r.Load = []string{"x; id"} }), acmecore.Invalid},
		"an unmanaged ID":        {control.Task{Deed: control.DeedRenew, ID: "other_example_test"}, acmecore.NotFound},
		"no ID":                  {control.Task{Deed: control.DeedVerify}, acmecore.Invalid},
		"a path as an ID":        {control.Task{Deed: control.DeedRemove, ID: "../x"}, acmecore.Invalid},
		"an unknown version":     {control.Task{Deed: control.DeedRestore, ID: id, Version: "000009"}, acmecore.NotFound},
		"a path as a version":    {control.Task{Deed: control.DeedRevoke, ID: id, Version: "../000001"}, acmecore.NotFound},
		"a check of a URL":       {control.Task{Deed: control.DeedCheckCA, CA: "http://127.0.0.1/"}, acmecore.Invalid},
		"an unknown action":      {control.Task{Deed: control.DeedCheckLoad, Action: "id"}, acmecore.Invalid},
		"a check of another":     {control.Task{Deed: control.DeedCheckServed, ID: "other_example_test"}, acmecore.NotFound},
		"challenges of another":  {control.Task{Deed: control.DeedCheckChallenge, ID: "other_example_test"}, acmecore.NotFound},
	} {
		if job, err := m.Begin(t.Context(), row.task, "key "+what); acmecore.KindOf(err) != row.want || job.ID != "" {
			t.Errorf("%s: got %v of kind %q, want %q", what, err, acmecore.KindOf(err), row.want)
		}
	}
	if running := m.Running(); len(running) != 0 {
		t.Errorf("running: got %+v", running)
	}
	if _, err := m.Job(t.Context(), "unknown", 0); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("an unknown job: got %v", err)
	}
}

// TestJobsAreDoneForWhoeverAsked, also when they have gone.
func TestJobsAreDoneForWhoeverAsked(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	defer m.Close()
	before := len(s.audited())
	do(t, m, certifyTask(control.DeedCertify, "www.example.test"))
	s.mustAudit(before, me()+`\|certify\|www_example_test\|\|version 000001.*\|done`)
}

func TestCloseEndsTheJobsOfPages(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[[load]]\nname = \"slow\"\nrun = \"sleep 60\"\n")
	s.record(recordOfOne)
	m := s.manager()
	job := mustBegin(t, m, control.Task{Deed: control.DeedCheckLoad}, "")
	m.Close()
	got, err := m.Job(t.Context(), job.ID, 0)
	if err != nil || got.Ended.IsZero() || got.Problem == "" {
		t.Errorf("got %+v, %v, want that it has ended", got, err)
	}
	if _, err := m.Begin(t.Context(), control.Task{Deed: control.DeedCheckLoad}, ""); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("afterwards: got %v, want busy", err)
	}
}

// TestPlacesChosenOnAPageAreRecorded: a list is kept, and none leaves what was there.
func TestPlacesChosenOnAPageAreRecorded(t *testing.T) {
	t.Parallel()
	s, m := withCA(t)
	defer m.Close()
	first, second := t.TempDir(), t.TempDir()
	s.write(s.read("etc", "wcme.toml")+"[verify]\nports = []\n[[install]]\nname = \"one\"\ndir = \""+first+"\"\n[[install]]\nname = \"two\"\ndir = \""+second+"\"\n"+
		"[[load]]\nname = \"servers\"\nrun = \"true\"\n", "etc", "wcme.toml")
	if err := m.Reload(); err != nil {
		t.Fatal(err)
	}
	certify := func(install, load []string) acmecore.Certificate {
		t.Helper()
		request := control.CertifyRequest{Names: []acmecore.Name{"www.example.test"}, Install: install, Load: load}
		job := do(t, m, control.Task{Deed: control.DeedCertify, Certify: &request})
		if job.Problem != "" {
			t.Fatalf("got %+v", job)
		}
		return *job.Result.Certificate
	}
	certify([]string{"two"}, []string{})
	if text := s.read("etc", "certificates", string(id)+".toml"); !strings.Contains(text, "install = ['two']") || !strings.Contains(text, "load = []") {
		t.Errorf("the record: got %s", text)
	}
	if c := certify(nil, nil); c.Version != "000001" {
		t.Errorf("as it was: got version %s, want that it was kept", c.Version)
	}
	if text := s.read("etc", "certificates", string(id)+".toml"); !strings.Contains(text, "install = ['two']") {
		t.Errorf("the record afterwards: got %s", text)
	}
	certify([]string{"one", "two"}, nil)
	job := do(t, m, control.Task{Deed: control.DeedVerify, ID: id})
	placed := job.Result.Presences[0].Placed
	if len(placed) != 2 || slices.ContainsFunc(placed, func(p acmecore.Placed) bool { return !p.Current }) {
		t.Errorf("got %+v, want it in both", placed)
	}
}

// TestOneFormHasSeveralButtons: the same wish is one job, however often it is sent, and
// another one is another job.
func TestOneFormHasSeveralButtons(t *testing.T) {
	t.Parallel()
	s := newSetting(t, "[[load]]\nname = \"one\"\nrun = \"true\"\n[[load]]\nname = \"two\"\nrun = \"true\"\n")
	s.record(recordOfOne)
	m := s.manager()
	defer m.Close()
	begin := func(action, form string) string {
		t.Helper()
		return ended(t, m, mustBegin(t, m, control.Task{Deed: control.DeedCheckLoad, Action: action}, form).ID).ID
	}
	one, two := begin("one", "form"), begin("two", "form")
	if one == two {
		t.Error("another button began nothing")
	}
	if begin("one", "form") != one || begin("two", "form") != two {
		t.Error("the same button of the same form began something again")
	}
	if begin("one", "another form") == one {
		t.Error("another form began nothing")
	}
	first, second := begin("one", ""), begin("one", "")
	if first == second {
		t.Error("what has no form is taken for the same")
	}
}
