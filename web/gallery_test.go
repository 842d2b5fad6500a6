package web_test

import (
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/static"
	"wcme/web"
)

var (
	update  = flag.Bool("update", false, "write the pages into testdata")
	gallery = flag.String("gallery", "", "write the pages and what they link to into this directory, which a plain file server then shows")
)

// scene is a page in one state.
type scene struct {
	name     string
	visitor  web.Visitor
	path     string
	overseer fakeOverseer
	status   int
}

func scenes() []scene {
	usual := []acmecore.Certificate{
		certificate(74, "cloud.example.org"),
		certificate(61, "mail.example.org", "imap.example.org", "smtp.example.org"),
		certificate(88, "www.example.org", "example.org"),
	}
	bad := []acmecore.Certificate{
		certificate(18, "cloud.example.org"),
		certificate(61, append([]acmecore.Name{"intranet.example.org"}, manyNames(24)...)...),
		certificate(-13, "mail.example.org", "imap.example.org", "smtp.example.org"),
		missing("new.example.org"),
		unusable("the private key does not match the certificate", "shop.example.org", "www.shop.example.org"),
		certificate(88, "www.example.org", "example.org", "a-name-of-many-letters-and-hyphens-that-has-to-be-broken-somewhere.example.org"),
	}
	nobody := web.Visitor{Base: "/cgi-bin/wcme"}
	denied := &acmecore.Error{Kind: acmecore.Denied, Hint: "set [script] user in wcme.toml to the web server's user",
		Cause: errors.New("ask the overseer: this user is neither root nor the one of [script] user in wcme.toml")}
	return []scene{
		{"list-empty", admin(), "/admin/list", fakeOverseer{}, 200},
		{"list-usual", admin(), "/admin/list", fakeOverseer{list: usual}, 200},
		{"list-bad", admin(), "/admin/list", fakeOverseer{list: bad}, 200},
		{"list-hostile", hostileVisitor(), "/admin/list", fakeOverseer{list: hostile()}, 200},
		{"nobody-signed-in", nobody, "/admin/list", fakeOverseer{list: usual}, 403},
		{"nobody-signed-in-hostile", web.Visitor{Base: `/"><script>alert(1)</script>`}, "/admin/list", fakeOverseer{}, 403},
		{"overseer-absent", admin(), "/admin/list", fakeOverseer{err: absent()}, 503},
		{"overseer-denies", admin(), "/admin/list", fakeOverseer{err: denied}, 403},
		{"no-such-page", admin(), "/admin/unknown", fakeOverseer{}, 404},
		{"no-such-page-public", nobody, "/index.html", fakeOverseer{}, 404},
	}
}

func manyNames(n int) []acmecore.Name {
	names := make([]acmecore.Name, n)
	for i := range names {
		names[i] = acmecore.Name(fmt.Sprintf("host-%02d.intranet.example.org", i+1))
	}
	return names
}

// hostileVisitor is one that only a broken web server can name.
func hostileVisitor() web.Visitor {
	return web.Visitor{Base: `/cgi-bin/"onload=alert(1) x`, User: "<script>alert(1)</script>"}
}

// hostile are certificates that no parser of ours lets through: the page is the
// last one to keep them inert (W07).
func hostile() []acmecore.Certificate {
	payloads := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, "a\x00\x1b[2J\r\nb",
		"\u202egro.elpmaxe", "\xff\xfe", `{{.}}`, `' onmouseover='alert(1)`, `</table></main><h1>x`, strings.Repeat("long", 1000),
	}
	var list []acmecore.Certificate
	for i, p := range payloads {
		c := certificate(80-20*i, acmecore.Name(p), acmecore.Name(p+".example"))
		c.ID, c.CA = acmecore.ID(p), p
		if i%3 == 2 {
			c.Problem = p
		}
		list = append(list, c)
	}
	return append(list, acmecore.Certificate{ID: "no-names"})
}

func TestPagesAreThoseOfTheGallery(t *testing.T) {
	for _, scene := range scenes() {
		t.Run(scene.name, func(t *testing.T) {
			s := stage{overseer: scene.overseer}
			w := s.ask(scene.visitor, "GET", scene.path)
			if w.Code != scene.status {
				t.Errorf("%d, want %d", w.Code, scene.status)
			}
			got := text(t, w)
			checkPage(t, got)
			compare(t, filepath.Join("testdata", scene.name+".html"), got)
		})
	}
	if *gallery != "" {
		writeGallery(t, *gallery)
	}
}

// compare compares with a golden file, line by line so that a difference can be seen.
func compare(t *testing.T, file, page string) {
	t.Helper()
	got := strings.ReplaceAll(page, "><", ">\n<") + "\n"
	if *update {
		write(t, file, got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	wantLines := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(wantLines) || line != wantLines[i] {
			t.Fatalf("%s:%d: got %s\nif that is meant: go test ./web -update", file, i+1, line)
		}
	}
	t.Fatalf("%s has more than was got; if that is meant: go test ./web -update", file)
}

// checkPage checks what the policy forbids and accessibility asks for, on any page.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for what, pattern := range map[string]string{
		"an inline style":  `(?i)<[^>]*\sstyle\s*=`,
		"an event handler": `(?i)<[a-z][^>"]*("[^"]*"[^>"]*)*\son[a-z]+\s*=`,
		"a script":         `(?i)<script`,
		"a style element":  `(?i)<style`,
		"another's file":   `(?i)(href|src)="(https?:)?//`,
		"a failed address": `TemplFailedSanitizationURL`,
		"a control":        "[\x00-\x08\x0b-\x1f\x7f\u202e]",
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %s: %s", what, found)
		}
	}
	for _, part := range []string{`<html lang="en">`, "<title>", "<main id=\"content\"", "<header>", "<footer>", `<a class="skip" href="#content">`} {
		if strings.Count(page, part) != 1 {
			t.Errorf("the page has %q %d times, want once", part, strings.Count(page, part))
		}
	}
	if strings.Count(page, "<h1>") != 1 {
		t.Errorf("the page has %d h1", strings.Count(page, "<h1>"))
	}
	if tables := strings.Count(page, "<table"); strings.Count(page, "<caption") != tables ||
		regexp.MustCompile(`<th\b`).FindAllString(page, -1) != nil && strings.Contains(page, "<th>") {
		t.Error("a table without caption, or a th without scope")
	}
}

// writeGallery writes each page and the static files under the names that the
// pages link to.
func writeGallery(t *testing.T, dir string) {
	t.Helper()
	var index strings.Builder
	for _, scene := range scenes() {
		s := stage{overseer: scene.overseer}
		scene.visitor.Base = ""
		write(t, filepath.Join(dir, scene.name+".html"), text(t, s.ask(scene.visitor, "GET", scene.path)))
		fmt.Fprintf(&index, "<li><a href=%q>%s</a>\n", scene.name+".html", scene.name)
	}
	write(t, filepath.Join(dir, "index.html"), "<!DOCTYPE html><title>wCME</title><ul>\n"+index.String())
	for _, name := range []string{static.Style, static.Icon} {
		content, _, _ := static.Lookup(name)
		write(t, filepath.Join(dir, "admin", "static", name), string(content))
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ask asks a site as somebody unknown.
func ask(site web.Site, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.URL.Path = path
	w := httptest.NewRecorder()
	web.New(site).ServeHTTP(w, r)
	return w
}
