package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/cgi/gateway"
	"wcme/cgi/meta"
	"wcme/cgi/plain"
	"wcme/web"
)

const (
	pendingToken  = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	pendingAnswer = pendingToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
)

// rootWithChallenge makes a state directory in which the token is pending.
func rootWithChallenge(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	www := filepath.Join(root, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := challenge.Directory(www).Publish(pendingToken, pendingAnswer); err != nil {
		t.Fatal(err)
	}
	return root
}

// asked returns the variables of a request; pairs are changes, a value of "-"
// removes the variable.
func asked(root string, pairs ...string) meta.Variables {
	v := meta.Variables{
		"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "GET",
		"SERVER_SOFTWARE": "test", "SERVER_NAME": "www.example.org", "SERVER_PORT": "80",
		"HTTP_HOST": "www.example.org", "HTTP_ACCEPT": "*/*", "REMOTE_ADDR": "192.0.2.1",
		"SCRIPT_NAME": "/.well-known/acme-challenge", "PATH_INFO": "/" + pendingToken, "QUERY_STRING": "",
		"WCME_ROOT": root,
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v[pairs[i]] = pairs[i+1]; pairs[i+1] == "-" {
			delete(v, pairs[i])
		}
	}
	return v
}

// pagesAnswer is what the program wcme-pages answers to the same request.
func pagesAnswer(t testing.TB, v meta.Variables) string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	directory := challenge.Directory(filepath.Join(v["WCME_ROOT"], "www"))
	site := web.Site{Challenges: directory, Elsewhere: challenge.Elsewhere{Directory: directory}, Log: log}
	pages := gateway.Gateway{Handler: web.New(site), Log: log}
	var output bytes.Buffer
	if err := pages.Serve(t.Context(), v, strings.NewReader(""), &output); err != nil {
		t.Fatal(err)
	}
	return output.String()
}

func TestAPlainChallengeIsAnsweredAsByThePages(t *testing.T) {
	root := rootWithChallenge(t)
	for what, pairs := range map[string][]string{
		"pending":                      {},
		"in lower case":                {"PATH_INFO", "/" + strings.ToLower(pendingToken)},
		"with its thumbprint":          {"PATH_INFO", "/" + pendingAnswer},
		"below the script":             {"SCRIPT_NAME", "/cgi-bin/wcme", "PATH_INFO", "/.well-known/acme-challenge/" + pendingToken},
		"the whole path in one":        {"SCRIPT_NAME", "/.well-known/acme-challenge/" + pendingToken, "PATH_INFO", "-"},
		"HEAD":                         {"REQUEST_METHOD", "HEAD"},
		"HTTP/1.0 without a host":      {"SERVER_PROTOCOL", "HTTP/1.0", "HTTP_HOST", "-"},
		"a host with a port":           {"HTTP_HOST", "www.example.org:8080"},
		"a host that is an address":    {"HTTP_HOST", "192.0.2.7:65535"},
		"an unknown token":             {"PATH_INFO", "/" + strings.Repeat("x", 43)},
		"a short token":                {"PATH_INFO", "/x"},
		"no token":                     {"PATH_INFO", "/"},
		"an admin page's name":         {"PATH_INFO", "/admin/list"},
		"the directory alone":          {"PATH_INFO", "-"},
		"a query, of arguments too":    {"QUERY_STRING", "-config+/etc/passwd"},
		"an empty body":                {"CONTENT_LENGTH", "0"},
		"unknown headers":              {"HTTP_RANGE", "bytes=0-1", "HTTP_IF_NONE_MATCH", "*"},
		"a forwarding header":          {"HTTP_X_FORWARDED_HOST", "evil.example"},
		"a token of 10,000 characters": {"PATH_INFO", "/" + strings.Repeat("x", 8000)},
	} {
		v := asked(root, pairs...)
		got, isPlain := answer(v)
		if want := pagesAnswer(t, v); !isPlain || string(got) != want {
			t.Errorf("%s: got %q, plain %v; the pages answer %q", what, got, isPlain, want)
		}
	}
}

func TestWhateverIsNotPlainIsLeftToThePages(t *testing.T) {
	root := rootWithChallenge(t)
	for what, pairs := range map[string][]string{
		"an admin page":               {"SCRIPT_NAME", "/cgi-bin/wcme", "PATH_INFO", "/admin/list"},
		"the mount point":             {"SCRIPT_NAME", "/cgi-bin/wcme", "PATH_INFO", "-"},
		"POST":                        {"REQUEST_METHOD", "POST"},
		"a method of its own":         {"REQUEST_METHOD", "G\r\nET"},
		"a body":                      {"CONTENT_LENGTH", "3"},
		"a length that is none":       {"CONTENT_LENGTH", "-1"},
		"a body without a length":     {"HTTP_TRANSFER_ENCODING", "chunked"},
		"a user":                      {"REMOTE_USER", "admin"},
		"another protocol":            {"SERVER_PROTOCOL", "HTTP/2"},
		"a path with ..":              {"PATH_INFO", "/../" + pendingToken},
		"a path with //":              {"PATH_INFO", "//" + pendingToken},
		"a path with a NUL":           {"PATH_INFO", "/" + pendingToken + "\x00"},
		"a hostile host":              {"HTTP_HOST", "a?"},
		"a host with a fragment":      {"HTTP_HOST", "a#"},
		"an IPv6 host":                {"HTTP_HOST", "[2001:db8::1]"},
		"a port that is none":         {"HTTP_HOST", "a.example:99999"},
		"a line end in a header":      {"HTTP_X", "a\r\nb"},
		"a long query":                {"QUERY_STRING", strings.Repeat("a", 9000)},
		"many long headers":           {"HTTP_A", strings.Repeat("a", 8000), "HTTP_B", strings.Repeat("a", 8000), "HTTP_C", strings.Repeat("a", 8000)},
		"a directory that is missing": {"WCME_ROOT", filepath.Join(root, "gone")},
	} {
		if text, isPlain := answer(asked(root, pairs...)); isPlain {
			t.Errorf("%s: answered %q", what, text)
		}
	}
}

// rootWithSettings is one where another client's directory is to be looked at too,
// in which a token is pending.
func rootWithSettings(t testing.TB) (root, foreign string) {
	t.Helper()
	root, other := rootWithChallenge(t), t.TempDir()
	foreign = strings.Repeat("f", 43)
	settings := challenge.Settings{Fallback: []string{other}, Relays: []challenge.Relay{{Host: "www.example.org", To: "http://127.0.0.1:1/"}}}
	if err := errors.Join(
		os.WriteFile(filepath.Join(other, foreign), []byte(foreign+"."+foreign), 0o644),
		challenge.Directory(filepath.Join(root, "www")).PublishSettings(settings),
	); err != nil {
		t.Fatal(err)
	}
	return root, foreign
}

func TestWithSettingsAnUnknownTokenIsLeftToThePages(t *testing.T) {
	root, foreign := rootWithSettings(t)
	for what, token := range map[string]string{"another client's": foreign, "nobody's": strings.Repeat("x", 43), "with a dot": foreign + "."} {
		if text, isPlain := answer(asked(root, "PATH_INFO", "/"+token)); isPlain {
			t.Errorf("%s: answered %q", what, text)
		}
	}
	for what, token := range map[string]string{
		"pending": pendingToken, "in lower case": strings.ToLower(pendingToken), "no token": "x", "nothing": "", "the settings": ".wcme.json",
	} {
		v := asked(root, "PATH_INFO", "/"+token)
		got, isPlain := answer(v)
		if want := pagesAnswer(t, v); !isPlain || string(got) != want {
			t.Errorf("%s: got %q, plain %v; the pages answer %q", what, got, isPlain, want)
		}
	}
}

// TestTheDefaultRootIsTheOneOfAll: this program does not link the package that
// names it, because that one links net/http.
func TestTheDefaultRootIsTheOneOfAll(t *testing.T) {
	want := filepath.Join(control.DefaultRoot, "www")
	if got := string(plain.Challenges(nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzAnswer: whatever is answered here is what the pages would have answered,
// with settings and without.
func FuzzAnswer(f *testing.F) {
	simple := rootWithChallenge(f)
	settled, foreign := rootWithSettings(f)
	f.Add(false, "GET", "/.well-known/acme-challenge", "/"+pendingToken, "www.example.org", "", "")
	f.Add(true, "GET", "/.well-known/acme-challenge", "/"+foreign, "www.example.org", "", "")
	f.Add(true, "GET", "/.well-known/acme-challenge", "/"+pendingToken+".x", "a", "", "")
	f.Add(false, "HEAD", "", "/.well-known/acme-challenge/x", "a:1", "x=y", "0")
	f.Add(true, "POST", "/cgi-bin/wcme", "/admin/list", "a?", "-a+b", "-5")
	f.Fuzz(func(t *testing.T, settings bool, method, script, info, host, query, length string) {
		root := simple
		if settings {
			root = settled
		}
		v := asked(root, "REQUEST_METHOD", method, "SCRIPT_NAME", script, "PATH_INFO", info,
			"HTTP_HOST", host, "QUERY_STRING", query, "CONTENT_LENGTH", length)
		got, isPlain := answer(v)
		if !isPlain {
			return
		}
		if want := pagesAnswer(t, v); string(got) != want {
			t.Errorf("%q: got %q; the pages answer %q", v, got, want)
		}
	})
}
