package web_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wcme/static"
	"wcme/web/gallery"
)

var update = flag.Bool("update", false, "write the pages into testdata")

// mount is where the scenes are mounted.
const mount = "/cgi-bin/wcme"

// TestPagesAreThoseOfTheGallery compares each scene of the gallery with its golden
// file, and checks what holds for every answer and every page.
func TestPagesAreThoseOfTheGallery(t *testing.T) {
	for _, scene := range gallery.Scenes() {
		t.Run(scene.Name, func(t *testing.T) {
			w := httptest.NewRecorder()
			scene.Site().ServeHTTP(w, scene.Request(t.Context(), mount))
			if w.Code != scene.Status {
				t.Errorf("%d, want %d", w.Code, scene.Status)
			}
			checkHeaders(t, w.Header())
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				return
			}
			got := text(t, w)
			checkPage(t, got)
			if scene.Name == "list-fifty" && len(got) > 30<<10 {
				t.Errorf("the list of fifty certificates has %d bytes, where 30 KiB are allowed", len(got))
			}
			if !scene.Changing {
				compare(t, filepath.Join("testdata", scene.Name+".html"), got)
			}
		})
	}
}

// TestGalleryKeepsHostileTextInert shows each scene with each payload in each place
// that is filled from outside (W07).
func TestGalleryKeepsHostileTextInert(t *testing.T) {
	places, scenes := 0, gallery.Scenes()
	for first := range gallery.Payloads() {
		for _, scene := range scenes {
			t.Run(fmt.Sprintf("%s-%d", scene.Name, first), func(t *testing.T) {
				hostile := scene.Hostile(first)
				w := httptest.NewRecorder()
				hostile.Site().ServeHTTP(w, hostile.Request(t.Context(), mount))
				if w.Code == http.StatusInternalServerError && scene.Status != w.Code {
					t.Errorf("%d", w.Code)
				}
				checkHeaders(t, w.Header())
				if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
					checkPage(t, text(t, w))
				}
				places += hostile.Replaced()
			})
		}
	}
	if places < 300 {
		t.Errorf("%d payloads were put into the pages, want 300 at least", places)
	}
}

// TestGalleryNamesItsScenes: a name is an address and the name of a file.
func TestGalleryNamesItsScenes(t *testing.T) {
	known := make(map[string]bool)
	for _, scene := range gallery.Scenes() {
		if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(scene.Name) {
			t.Errorf("a scene is named %q: small letters, digits and hyphens are wanted", scene.Name)
		}
		if known[scene.Name] {
			t.Errorf("two scenes are named %q", scene.Name)
		}
		known[scene.Name] = true
	}
	files, err := filepath.Glob("testdata/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[strings.TrimSuffix(filepath.Base(file), ".html")] {
			t.Errorf("%s belongs to no scene of the gallery: remove it", file)
		}
	}
}

// TestGalleryShowsItsScenes: its list has each of them, and what they link to is there.
func TestGalleryShowsItsScenes(t *testing.T) {
	handler := gallery.Handler()
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	list := text(t, ask("/"))
	for _, scene := range gallery.Scenes() {
		if !strings.Contains(list, `href="/`+scene.Name+`/"`) {
			t.Errorf("%s is not in the list", scene.Name)
		}
		if got := ask("/" + scene.Name + "/").Code; got != scene.Status {
			t.Errorf("%s: %d, want %d", scene.Name, got, scene.Status)
		}
		if w := ask("/" + scene.Name + "/admin/static/" + static.Style); w.Code != 200 {
			t.Errorf("%s: its stylesheet is not there: %d", scene.Name, w.Code)
		}
	}
	if w := ask("/no-such-scene/"); w.Code != http.StatusNotFound {
		t.Errorf("no-such-scene: %d", w.Code)
	}
}

// compare compares with a golden file, line by line so that a difference can be seen.
func compare(t *testing.T, file, page string) {
	t.Helper()
	got := golden(page)
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

// golden is the page as it stands in its file: one element a line, and the static
// files without the part of their names that changes with their content.
func golden(page string) string {
	names := strings.NewReplacer(static.Style, "style.css", static.Script, "script.js", static.Passkey, "passkey.js", static.Icon, "icon.svg")
	return strings.ReplaceAll(names.Replace(page), "><", ">\n<") + "\n"
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
