package web_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/web"
)

const (
	token         = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	authorization = token + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
	unknown       = "Challenge received but no such file or directory.\n"
)

func challengeHeaders(body string) http.Header {
	return http.Header{
		"Content-Length":         {strconv.Itoa(len(body))},
		"Content-Type":           {"text/plain; charset=us-ascii"},
		"X-Content-Type-Options": {"nosniff"},
		"Cache-Control":          {"no-store"},
	}
}

func TestPendingChallengeIsAnswered(t *testing.T) {
	for _, row := range []struct {
		name    string
		path    string
		headers []string
	}{
		{"as a CA asks", token, nil},
		{"with a query (G09)", token + "?a=b", nil},
		{"of a part (G08)", token, []string{"Range", "bytes=0-3"}},
		{"if it has changed (G08)", token, []string{"If-None-Match", "*", "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}},
		{"by a browser (G07)", token, []string{"Accept", "text/html"}},
	} {
		for _, visitor := range []web.Visitor{{}, admin()} {
			s := stage{challenges: fakeChallenges{pending: map[string]string{token: authorization}}}
			w := s.ask(visitor, "GET", "/.well-known/acme-challenge/"+row.path, row.headers...)
			if w.Code != 200 || text(t, w) != authorization || s.log.Len() > 0 {
				t.Errorf("%s: %d %q, log %q", row.name, w.Code, w.Body, &s.log)
			}
			wantHeaders(t, w.Header(), challengeHeaders(authorization))
		}
	}
}

// TestOtherChallengesAreUnknown is G05 to G07 and G10: no byte of what was asked
// for is in the answer, and each answer is the same.
func TestOtherChallengesAreUnknown(t *testing.T) {
	for _, asked := range []string{
		"", "/", "x", token[:21], strings.Repeat("a", 22), strings.Repeat("a", 129), strings.Repeat("a", 10_000),
		"<script>alert(1)</script>", "../admin/list", "admin/list", "%2e%2e%2fetc%2fpasswd", token + "/", token + "/x",
		token + "\x00", " " + token, strings.ReplaceAll(token, "A", "А"), "..", ".", "wcme.toml",
	} {
		s := stage{challenges: fakeChallenges{pending: map[string]string{token: authorization}}}
		w := s.ask(web.Visitor{}, "GET", "/.well-known/acme-challenge/"+asked)
		if w.Code != 404 || text(t, w) != unknown || s.log.Len() > 0 {
			t.Errorf("%.50q: %d %q, log %q", asked, w.Code, w.Body, &s.log)
		}
		wantHeaders(t, w.Header(), challengeHeaders(unknown))
	}
}

func TestBareChallengeAddressShowsTheMapping(t *testing.T) {
	for _, path := range []string{"/.well-known/acme-challenge", "/.well-known/acme-challenge/"} {
		w := new(stage).ask(web.Visitor{}, "GET", path)
		if w.Code != 404 || text(t, w) != unknown {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
}

func TestUnreadableDirectoryIsToldToTheLogOnly(t *testing.T) {
	s := stage{challenges: fakeChallenges{err: errors.New("open /var/lib/wcme/www: permission denied")}}
	w := s.ask(web.Visitor{}, "GET", "/.well-known/acme-challenge/"+token)
	if w.Code != 404 || text(t, w) != unknown {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	wantHeaders(t, w.Header(), challengeHeaders(unknown))
	log := s.log.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "permission denied") || !strings.Contains(log, "WCME_ROOT") {
		t.Errorf("log %q, want one line with the cause and what to try", log)
	}
	if strings.Contains(log, token) {
		t.Errorf("the token is in the log %q", log)
	}
}

// FuzzChallenge asks a real directory for anything: only a pending challenge is
// ever shown, and only its own content.
func FuzzChallenge(f *testing.F) {
	dir := f.TempDir()
	directory := challenge.Directory(filepath.Join(dir, "www"))
	if err := os.Mkdir(string(directory), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := directory.Publish(acmecore.Token(token), authorization); err != nil {
		f.Fatal(err)
	}
	secret := filepath.Join(dir, strings.Repeat("s", 30))
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		f.Fatal(err)
	}
	for _, asked := range []string{token, strings.ToLower(token), authorization, strings.ToLower(authorization), "../" + strings.Repeat("s", 30),
		"", ".", "..", token + ".", token + "\x00", "." + token, secret, strings.Repeat("s", 30)} {
		f.Add(asked)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		s := new(stage)
		site := s.site()
		site.Challenges = directory
		w := ask(site, "/.well-known/acme-challenge/"+asked)
		prefix, _, _ := strings.Cut(asked, ".")
		if strings.EqualFold(prefix, token) && len(prefix) == len(token) {
			if w.Code != 200 || text(t, w) != authorization {
				t.Errorf("%q: %d %q, want the challenge", asked, w.Code, w.Body)
			}
			return
		}
		if w.Code != 404 || text(t, w) != unknown || s.log.Len() > 0 {
			t.Errorf("%q: %d %q, log %q", asked, w.Code, w.Body, &s.log)
		}
	})
}
