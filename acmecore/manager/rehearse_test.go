package manager_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
	"wcme/deploy/lab"
)

// rehearsed is a setting with a CA, its name server, and a web server that answers
// challenges.
type rehearsed struct {
	*setting
	*manager.Manager
	names *lab.NameServer
	asked *atomic.Int32 // how often the web server was
}

func newRehearsed(t *testing.T, configuration string) rehearsed {
	t.Helper()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), HTTPPort: 80, AlwaysValid: true})
	s := newSetting(t, fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n%s\n[verify]\nports = []\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		configuration, pebble.Directory, pebble.Roots))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := new(atomic.Int32)
	answer := files(s.path("www"))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	m := s.manager()
	m.RehearseAt(pebble.Names.DNS, listener.Addr().(*net.TCPAddr).Port)
	t.Cleanup(m.Close)
	return rehearsed{s, m, pebble.Names, asked}
}

func (r rehearsed) register(t *testing.T) {
	t.Helper()
	if _, err := r.Register(t.Context(), control.RegisterRequest{}, nil); err != nil {
		t.Fatal(err)
	}
}

func (r rehearsed) rehearse(t *testing.T, request control.CertifyRequest) acmecore.Rehearsal {
	t.Helper()
	rehearsal, err := r.Rehearse(t.Context(), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rehearsal
}

// about are the texts of the findings about something; those that are wrong begin with
// "!", and the unknown ones with "?".
func about(rehearsal acmecore.Rehearsal, what string) (texts []string) {
	for _, finding := range rehearsal.Findings {
		mark := ""
		switch {
		case finding.Wrong:
			mark = "!"
		case finding.Unknown:
			mark = "?"
		}
		if finding.What == what {
			texts = append(texts, mark+finding.Subject+": "+finding.Text)
		}
	}
	return texts
}

// wantAbout wants that one of the findings about something begins and goes on like
// that.
func wantAbout(t *testing.T, rehearsal acmecore.Rehearsal, what, beginning, text string) {
	t.Helper()
	if !slices.ContainsFunc(about(rehearsal, what), func(found string) bool { return strings.HasPrefix(found, beginning) && strings.Contains(found, text) }) {
		t.Errorf("%s: got %q, want %q and %q", what, about(rehearsal, what), beginning, text)
	}
}

func TestRehearsalFindsNothingWrong(t *testing.T) {
	t.Parallel()
	target := t.TempDir()
	r := newRehearsed(t, fmt.Sprintf("[[install]]\nname = \"nginx\"\ndir = %q\n[[load]]\nname = \"servers\"\nrun = \"+\"\n", target))
	r.register(t)
	if err := r.names.Manage(t.Context(), "/add-caa", map[string]any{"host": "example.test", "policies": []map[string]string{{"tag": "issue", "value": "pebble.letsencrypt.org"}}}); err != nil {
		t.Fatal(err)
	}
	var told steps
	got, err := r.Rehearse(t.Context(), request("www.example.test", "WWW.example.test.", "shop.example.test"), told.of("rehearsal", nil))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Ready || got.Exists || got.ID != id || len(got.Names) != 2 || got.CA != "lab" || got.Key != acmecore.EC256 ||
		!slices.Equal(got.Install, []string{"nginx"}) || !slices.Equal(got.Load, []string{"servers"}) {
		t.Errorf("got %+v", got)
	}
	wantAbout(t, got, "names", "www.example.test", "more than once")
	wantAbout(t, got, "certification authority", "lab", "directory was read")
	wantAbout(t, got, "certification authority", "lab", "the account is there: https://")
	wantAbout(t, got, "challenge path", "www.example.test", "answered rightly")
	wantAbout(t, got, "challenge path", "shop.example.test", "answered rightly")
	wantAbout(t, got, "CAA", "shop.example.test", "of example.test allow pebble.letsencrypt.org")
	wantAbout(t, got, "limits", "lab", "0 certificates")
	wantAbout(t, got, "targets", "nginx", target)
	wantAbout(t, got, "load actions", "servers", "reloaded")
	if !told.has("rehearsal", "allow pebble.letsencrypt.org") {
		t.Errorf("steps: got %q", told.list)
	}
	if entries, err := os.ReadDir(r.path("etc", "certificates")); err != nil || len(entries) != 0 {
		t.Errorf("records: got %v, %v, want none", entries, err)
	}
	r.empty("www")
}

func TestRehearsalFindsWhatTheCAWouldRefuse(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	for host, policies := range map[string][]map[string]string{
		"www.example.test":  {{"tag": "issue", "value": "ca.example"}},
		"shop.example.test": {{"tag": "issue", "value": "pebble.letsencrypt.org; validationmethods=dns-01"}},
	} {
		if err := r.names.Manage(t.Context(), "/add-caa", map[string]any{"host": host, "policies": policies}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.names.Manage(t.Context(), "/set-servfail", map[string]any{"host": "mail.example.test"}); err != nil {
		t.Fatal(err)
	}
	asked := request("www.example.test", "shop.example.test", "mail.example.test")
	asked.Profile = "longlived"
	got := r.rehearse(t, asked)
	if got.Ready {
		t.Error("it is ready")
	}
	wantAbout(t, got, "certification authority", "!lab", "no account")
	wantAbout(t, got, "profile", "!longlived", "no profile of that name")
	wantAbout(t, got, "CAA", "!www.example.test", "ca.example")
	wantAbout(t, got, "CAA", "!shop.example.test", "dns-01")
	wantAbout(t, got, "CAA", "!mail.example.test", "SERVFAIL")
	wantAbout(t, got, "challenge path", "!mail.example.test", "")
	wantAbout(t, got, "targets", "www_example_test", "stay in the folder ssl")
	wantAbout(t, got, "load actions", "www_example_test", "no load action follows")
	for _, finding := range got.Findings {
		if finding.Wrong && finding.Try == "" {
			t.Errorf("nothing is said to try: %+v", finding)
		}
	}
}

func TestRehearsalOfWhatIsManaged(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	r.register(t)
	for range 2 {
		asked := request("www.example.test")
		asked.Force = true
		if _, err := r.Certify(t.Context(), asked, nil); err != nil {
			t.Fatal(err)
		}
	}
	same := r.rehearse(t, request("www.example.test"))
	if !same.Exists || !same.Ready || same.Changes || !same.Kept {
		t.Errorf("got %+v", same)
	}
	wantAbout(t, same, "names", string(id), "nothing of its record changes")
	wantAbout(t, same, "names", string(id), "it would be kept, and none ordered")
	wantAbout(t, same, "limits", "lab", "2 certificates for these very names")
	other := request("www.example.test", "more.example.test")
	other.Keys = []acmecore.KeyType{acmecore.RSA2048}
	changed := r.rehearse(t, other)
	if !changed.Exists || !changed.Changes || changed.Kept {
		t.Errorf("with other names: got %+v", changed)
	}
	wantAbout(t, changed, "names", string(id), "it gets more.example.test; it has another kind of key")
	if slices.ContainsFunc(about(changed, "names"), func(text string) bool { return strings.Contains(text, "would be kept") }) {
		t.Errorf("names: got %q", about(changed, "names"))
	}
	fewer := r.rehearse(t, request("www.example.test"))
	if warned(fewer) {
		t.Errorf("nothing is lost: %+v", fewer.Findings)
	}
	if _, err := r.Certify(t.Context(), request("www.example.test", "more.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	if fewer = r.rehearse(t, request("www.example.test")); !warned(fewer) {
		t.Errorf("a name is lost, and nobody would notice: %+v", fewer.Findings)
	}
}

// warned tells whether a rehearsal says how to keep the name that it loses. Pages show
// what can be tried as a note, and all else as fine.
func warned(rehearsal acmecore.Rehearsal) bool {
	return slices.ContainsFunc(rehearsal.Findings, func(f acmecore.Rehearsed) bool {
		return strings.Contains(f.Text, "it loses more.example.test") && f.Try == "to keep what it has, give more.example.test too"
	})
}

func TestRehearsalWithoutCA(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	r.write("ca = \"gone\"\n[authority.gone]\ndirectory = \"https://127.0.0.1:1/directory\"\n", "etc", "wcme.toml")
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	got := r.rehearse(t, request("www.example.test"))
	wantAbout(t, got, "certification authority", "!gone", "127.0.0.1:1")
	if got.Ready {
		t.Error("it is ready")
	}
}

func TestRehearsalRefuses(t *testing.T) {
	t.Parallel()
	m := newSetting(t, "").manager()
	for what, asked := range map[string]control.CertifyRequest{
		"no name": request(), "a wildcard": request("*.example.test"),
		"an unknown target": {Names: []acmecore.Name{"www.example.test"}, Install: []string{"x"}},
	} {
		if _, err := m.Rehearse(t.Context(), asked, nil); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v, want invalid", what, err)
		}
	}
}

func TestRehearsalEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.Rehearse(ctx, request("www.example.test"), func(acmecore.Step) { cancel() })
	if acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("got %v, want that it was interrupted", err)
	}
	r.empty("www")
}

// TestRehearsalAsAJob: what it has found out about the CA is offered by the next form.
func TestRehearsalAsAJob(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "key = \"rsa2048\"\n[report]\nmail = [\"root\"]\nopcom = [\"none\"]\n[[install]]\nname = \"nginx\"\ndir = \"/nowhere\"\n[[load]]\nname = \"servers\"\nrun = \"+\"\n")
	r.register(t)
	before, err := r.Choices(t.Context())
	if err != nil || len(before.Profiles) != 0 || before.CAs[0] != "lab" || !slices.Contains(before.CAs, "letsencrypt-staging") || before.Keys[0] != acmecore.RSA2048 ||
		len(before.Keys) != 5 || !slices.Equal(before.Install, []string{"nginx"}) || !slices.Equal(before.Load, []string{"servers"}) || !slices.Equal(before.Reports, []string{"mail"}) {
		t.Errorf("choices: got %+v, %v", before, err)
	}
	job := do(t, r.Manager, certifyTask(control.DeedRehearse, "www.example.test"))
	if job.Problem != "" || job.Result.Rehearsal == nil || job.Result.Rehearsal.Key != acmecore.RSA2048 || job.Count == 0 {
		t.Errorf("got %+v", job)
	}
	if after, err := r.Choices(t.Context()); err != nil || len(after.Profiles["lab"]) == 0 {
		t.Errorf("choices afterwards: got %+v, %v", after, err)
	}
}

// TestRehearsalOfAPageAsksNoPrivateAddress: whoever can type a name on a page has this
// host ask nobody in its own networks. What is managed is asked wherever it is, and so is
// everything on the command line.
func TestRehearsalOfAPageAsksNoPrivateAddress(t *testing.T) {
	t.Parallel()
	r := newRehearsed(t, "")
	r.register(t)
	page := func() acmecore.Rehearsal {
		t.Helper()
		job := do(t, r.Manager, certifyTask(control.DeedRehearse, "www.example.test", "shop.example.test"))
		if job.Problem != "" || job.Result.Rehearsal == nil {
			t.Fatalf("got %+v", job)
		}
		return *job.Result.Rehearsal
	}
	got := page()
	for _, name := range []string{"www.example.test", "shop.example.test"} {
		wantAbout(t, got, "challenge path", "?"+name, "127.0.0.1 is not reachable from the Internet, and was not asked")
	}
	if !got.Ready || r.asked.Load() != 0 {
		t.Errorf("ready %v, and the server was asked %d times", got.Ready, r.asked.Load())
	}
	if _, err := r.Certify(t.Context(), request("www.example.test"), nil); err != nil {
		t.Fatal(err)
	}
	got = page()
	wantAbout(t, got, "challenge path", "www.example.test", "answered rightly")
	wantAbout(t, got, "challenge path", "?shop.example.test", "was not asked")
	if asked := r.asked.Load(); asked != 1 {
		t.Errorf("the server was asked %d times, want once", asked)
	}
	if _, err := r.Rehearse(t.Context(), request("shop.example.test"), nil); err != nil || r.asked.Load() != 2 {
		t.Errorf("on the command line: %v, and the server was asked %d times", err, r.asked.Load())
	}
}
