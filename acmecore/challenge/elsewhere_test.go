package challenge_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

const (
	foreign       = acmecore.Token("ForeignTokenOfAnotherClientOnThisHost_-1")
	foreignAnswer = string(foreign) + "." + thumbprint
	host          = "intranet.example.org"
)

// fakeRelay answers every token but its own way, and remembers what it was asked.
type fakeRelay struct {
	asked []string
	err   error
}

func (f *fakeRelay) Fetch(_ context.Context, to string, token acmecore.Token) ([]byte, string, error) {
	f.asked = append(f.asked, to+string(token))
	if f.err != nil {
		return nil, "", f.err
	}
	return []byte(string(token) + "." + thumbprint), "received", nil
}

// stage is a directory with settings, and a relay to count on.
func stage(t *testing.T, s challenge.Settings) (challenge.Elsewhere, *fakeRelay) {
	t.Helper()
	d := challenge.Directory(t.TempDir())
	if err := d.PublishSettings(s); err != nil {
		t.Fatal(err)
	}
	relay := new(fakeRelay)
	return challenge.Elsewhere{Directory: d, Relay: relay}, relay
}

// other is the directory of another client, with its challenge.
func other(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, string(foreign)), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFallbackFinds(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct{ asked, content string }{
		"the token":                             {string(foreign), foreignAnswer},
		"in lower case":                         {strings.ToLower(string(foreign)), foreignAnswer},
		"with a thumbprint behind it":           {foreignAnswer, foreignAnswer},
		"a file that a hook has made with echo": {string(foreign), foreignAnswer + "\n"},
		"a file with a line end of Windows":     {string(foreign), foreignAnswer + "\r\n"},
	} {
		e, relay := stage(t, challenge.Settings{Fallback: []string{t.TempDir(), other(t, row.content)}, Relays: settings().Relays})
		got, problems := e.Find(t.Context(), challenge.Question{Asked: row.asked, Host: host})
		if string(got.Text) != foreignAnswer || got.Received != "" || problems != nil || len(relay.asked) != 0 {
			t.Errorf("%s: got %q, %v, relayed %v", what, got.Text, problems, relay.asked)
		}
	}
}

func TestTheFirstFallbackThatKnowsItAnswers(t *testing.T) {
	t.Parallel()
	first, second := other(t, foreignAnswer), other(t, string(foreign)+"."+strings.Repeat("s", 43))
	e, _ := stage(t, challenge.Settings{Fallback: []string{first, second}})
	if got, _ := e.Find(t.Context(), challenge.Question{Asked: string(foreign)}); string(got.Text) != foreignAnswer {
		t.Errorf("got %q, want that of the first", got.Text)
	}
}

func TestFallbackShowsChallengesAlone(t *testing.T) {
	t.Parallel()
	place := func(put func(path string) error) string {
		dir := t.TempDir()
		if err := put(filepath.Join(dir, string(foreign))); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	secret := filepath.Join(other(t, foreignAnswer), string(foreign))
	for what, dir := range map[string]string{
		"another text":            other(t, "secret"),
		"another token's":         other(t, answer),
		"a text behind it":        other(t, foreignAnswer+"\nsecret"),
		"a line end before it":    other(t, "\n"+foreignAnswer),
		"a long text":             other(t, string(foreign)+"."+strings.Repeat("x", 4096)),
		"an empty file":           other(t, ""),
		"a symbolic link":         place(func(path string) error { return os.Symlink(secret, path) }),
		"a directory":             place(func(path string) error { return os.Mkdir(path, 0o755) }),
		"a FIFO":                  place(func(path string) error { return syscall.Mkfifo(path, 0o644) }),
		"a directory that is not": filepath.Join(t.TempDir(), "gone"),
	} {
		e, _ := stage(t, challenge.Settings{Fallback: []string{dir}})
		for _, asked := range []string{string(foreign), strings.ToLower(string(foreign))} {
			if got, problems := e.Find(t.Context(), challenge.Question{Asked: asked}); got.Text != nil || problems != nil {
				t.Errorf("%s: got %q, %v", what, got.Text, problems)
			}
		}
	}
}

// TestAnUnreadableFallbackIsToldAndTheNextIsTried, and the relay after them.
func TestAnUnreadableFallbackIsToldAndTheNextIsTried(t *testing.T) {
	t.Parallel()
	file := filepath.Join(other(t, foreignAnswer), string(foreign)) // in the place of a directory
	e, _ := stage(t, challenge.Settings{Fallback: []string{file, other(t, foreignAnswer)}})
	got, problems := e.Find(t.Context(), challenge.Question{Asked: string(foreign)})
	if string(got.Text) != foreignAnswer || len(problems) != 1 {
		t.Fatalf("got %q, %v; want the answer and one problem", got.Text, problems)
	}
	if text := problems[0].Error(); !strings.Contains(text, file+": not a directory") || strings.Count(text, string(foreign)) != 1 ||
		!strings.Contains(acmecore.HintOf(problems[0]), "fallback") {
		t.Errorf("problem %q, hint %q: want the directory and its cause, and what to try", text, acmecore.HintOf(problems[0]))
	}
	e, relay := stage(t, challenge.Settings{Fallback: []string{file}, Relays: settings().Relays})
	got, problems = e.Find(t.Context(), challenge.Question{Asked: string(foreign), Host: host})
	if string(got.Text) != foreignAnswer || len(problems) != 1 || len(relay.asked) != 1 {
		t.Errorf("got %q, %v, relayed %v; want the relay's answer and one problem", got.Text, problems, relay.asked)
	}
}

func TestTheRelayOfTheHostIsAsked(t *testing.T) {
	t.Parallel()
	lower := strings.ToLower(string(foreign))
	for what, row := range map[string]struct{ asked, host, want string }{
		"as configured":               {string(foreign), host, settings().Relays[0].To + string(foreign)},
		"another host":                {string(foreign), "mail.example.org", settings().Relays[1].To + string(foreign)},
		"with a port":                 {string(foreign), host + ":80", settings().Relays[0].To + string(foreign)},
		"in capitals":                 {string(foreign), "INTRANET.Example.org", settings().Relays[0].To + string(foreign)},
		"with the root's dot":         {string(foreign), host + ".:8080", settings().Relays[0].To + string(foreign)},
		"a lower-cased path":          {lower, host, settings().Relays[0].To + lower},
		"a thumbprint behind it":      {foreignAnswer, host, settings().Relays[0].To + string(foreign)},
		"no host":                     {string(foreign), "", ""},
		"a host that is not in it":    {string(foreign), "www.example.org", ""},
		"a host below one that is":    {string(foreign), "a." + host, ""},
		"a host that has it in it":    {string(foreign), host + ".evil.example", ""},
		"a user before the host":      {string(foreign), "evil.example@" + host, ""},
		"an address":                  {string(foreign), "192.0.2.86", ""},
		"an address of IPv6":          {string(foreign), "[::1]:80", ""},
		"no token":                    {"", host, ""},
		"a short token":               {string(foreign[:21]), host, ""},
		"a long token":                {strings.Repeat("a", 129), host, ""},
		"a path":                      {"../../../../../../../admin/list", host, ""},
		"a token and a path":          {string(foreign) + "/x", host, ""},
		"a token and a query":         {string(foreign) + "?x", host, ""},
		"a token and a line end":      {string(foreign) + "\r\nX: y", host, ""},
		"a token with a Kelvin sign":  {"\u212a" + string(foreign), host, ""},
		"an escaped token":            {"%46" + string(foreign), host, ""},
		"a URL":                       {"http://192.0.2.1/" + string(foreign), host, ""},
		"the name of the settings":    {settingsName, host, ""},
		"a host with a NUL behind it": {string(foreign), host + "\x00", ""},
	} {
		e, relay := stage(t, settings())
		got, problems := e.Find(t.Context(), challenge.Question{Asked: row.asked, Host: row.host})
		if asked := strings.Join(relay.asked, " "); asked != row.want || problems != nil || (got.Text != nil) != (row.want != "") {
			t.Errorf("%s: asked %q, answer %q, %v; want %q", what, asked, got.Text, problems, row.want)
		}
	}
}

func TestWhatWasRelayedIsNotRelayedAgain(t *testing.T) {
	t.Parallel()
	e, relay := stage(t, challenge.Settings{Fallback: []string{other(t, foreignAnswer)}, Relays: settings().Relays})
	if got, problems := e.Find(t.Context(), challenge.Question{Asked: string(token), Host: host, Relayed: true}); got.Text != nil || problems != nil {
		t.Errorf("got %q, %v", got.Text, problems)
	}
	if got, _ := e.Find(t.Context(), challenge.Question{Asked: string(foreign), Host: host, Relayed: true}); string(got.Text) != foreignAnswer {
		t.Errorf("of another client: got %q, want its answer", got.Text)
	}
	if len(relay.asked) != 0 {
		t.Errorf("relayed %v", relay.asked)
	}
}

func TestAFailedRelayIsToldWithItsHost(t *testing.T) {
	t.Parallel()
	e, relay := stage(t, settings())
	relay.err = errors.New("it answers with status 403 Forbidden")
	got, problems := e.Find(t.Context(), challenge.Question{Asked: string(foreign), Host: host})
	if got.Text != nil || len(problems) != 1 {
		t.Fatalf("got %q, %v; want one problem", got.Text, problems)
	}
	const want = "relay a challenge of intranet.example.org: it answers with status 403 Forbidden"
	if text, hint := problems[0].Error(), acmecore.HintOf(problems[0]); text != want || !strings.Contains(hint, "192.0.2.86") || !strings.Contains(hint, "[[relay]]") {
		t.Errorf("problem %q, hint %q; want %q, and what to try", text, hint, want)
	}
}

// TestElsewhereFollowsTheSettings: one process answers many requests.
func TestElsewhereFollowsTheSettings(t *testing.T) {
	t.Parallel()
	e, relay := stage(t, challenge.Settings{})
	question := challenge.Question{Asked: string(foreign), Host: host}
	for i, s := range []challenge.Settings{{}, settings(), {Relays: manyRelays(2)}, {Fallback: []string{other(t, foreignAnswer)}}, {}} {
		if err := e.Directory.PublishSettings(s); err != nil {
			t.Fatal(err)
		}
		got, _ := e.Find(t.Context(), question)
		if want := slices.Contains([]int{1, 3}, i); (got.Text != nil) != want {
			t.Errorf("step %d: got %q, want an answer: %v", i, got.Text, want)
		}
	}
	if len(relay.asked) != 1 {
		t.Errorf("relayed %v, want once", relay.asked)
	}
}

func TestDamagedSettingsAreAProblemAndNoAnswer(t *testing.T) {
	t.Parallel()
	e, relay := stage(t, settings())
	putSettings(t, e.Directory, "{")
	got, problems := e.Find(t.Context(), challenge.Question{Asked: string(foreign), Host: host})
	if got.Text != nil || len(problems) != 1 || acmecore.HintOf(problems[0]) == "" || len(relay.asked) != 0 {
		t.Errorf("got %q, %v, relayed %v", got.Text, problems, relay.asked)
	}
}
