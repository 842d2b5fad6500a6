package web_test

import (
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wcme/web/gallery"
)

var update = flag.Bool("update", false, "write the pages into testdata")

// TestPagesAreThoseOfTheGallery compares each scene of the gallery with its golden
// file, and checks what holds for every page.
func TestPagesAreThoseOfTheGallery(t *testing.T) {
	for _, scene := range gallery.Scenes() {
		t.Run(scene.Name, func(t *testing.T) {
			w := httptest.NewRecorder()
			scene.Site().ServeHTTP(w, scene.Request(t.Context(), "/cgi-bin/wcme"))
			if w.Code != scene.Status {
				t.Errorf("%d, want %d", w.Code, scene.Status)
			}
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				return
			}
			got := text(t, w)
			if strings.HasPrefix(got, "<!") { // others are parts of pages
				checkPage(t, got)
			}
			if !scene.Changing {
				compare(t, filepath.Join("testdata", scene.Name+".html"), got)
			}
		})
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
		"a script":         `(?i)<script[^>]*>[^<]|<script>`,
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

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
