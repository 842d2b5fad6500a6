package static_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"wcme/static"
)

var update = flag.Bool("update", false, "write the names into static.go")

func TestNamesFitTheContent(t *testing.T) {
	for _, row := range []struct{ file, name string }{
		{"style.css", static.Style},
		{"script.js", static.Script},
		{"passkey.js", static.Passkey},
		{"icon.svg", static.Icon},
	} {
		want := nameFor(t, row.file)
		if row.name == want {
			continue
		}
		if !*update {
			t.Errorf("%s has changed: its name is %s, want %s; run `go generate ./static`", row.file, row.name, want)
			continue
		}
		replace(t, "static.go", row.name, want)
	}
}

// nameFor is the file's name with eight digits of its hash before the ending.
func nameFor(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stem, ending, _ := strings.Cut(file, ".")
	return fmt.Sprintf("%s-%.4x.%s", stem, sha256.Sum256(content), ending)
}

func replace(t *testing.T, file, from, to string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(content), from, to)
	if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLookupKnowsEachFile(t *testing.T) {
	for _, row := range []struct{ name, mediaType string }{
		{static.Style, "text/css; charset=utf-8"},
		{static.Passkey, "text/javascript; charset=utf-8"},
		{static.Script, "text/javascript; charset=utf-8"},
		{static.Icon, "image/svg+xml"},
	} {
		content, mediaType, found := static.Lookup(row.name)
		if !found || len(content) == 0 || mediaType != row.mediaType {
			t.Errorf("Lookup(%q) = %d bytes, %q, %v; want some, %q, true", row.name, len(content), mediaType, found, row.mediaType)
		}
	}
}

func TestLookupKnowsNothingElse(t *testing.T) {
	for _, name := range []string{"", "style.css", "../static.go", "static.go", static.Style + "/", strings.ToUpper(static.Style)} {
		if _, _, found := static.Lookup(name); found {
			t.Errorf("Lookup(%q) found something", name)
		}
	}
}

func TestStylesheetStaysSmall(t *testing.T) {
	content, _, _ := static.Lookup(static.Style)
	if len(content) > 12<<10 {
		t.Errorf("the stylesheet has %d bytes, where 12 KiB are allowed", len(content))
	}
	for _, word := range []string{"@import", "url(", "!important"} {
		if strings.Contains(string(content), word) {
			t.Errorf("the stylesheet has %s", word)
		}
	}
}

// TestScriptsStaySmall also keeps out what would make text into code, and what the
// policy of the pages forbids anyway.
func TestScriptsStaySmall(t *testing.T) {
	for name, most := range map[string]int{static.Script: 6 << 10, static.Passkey: 2560} {
		content, _, _ := static.Lookup(name)
		if len(content) > most {
			t.Errorf("%s has %d bytes, where %d are allowed", name, len(content), most)
		}
		for _, word := range []string{"eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "http:", "https:"} {
			if strings.Contains(string(content), word) {
				t.Errorf("%s has %s", name, word)
			}
		}
	}
}

// TestColoursCanBeRead computes the contrast of every colour on the page's
// ground (WCAG 2.2: 4.5 for text, 3 for lines and shapes) in both schemes.
func TestColoursCanBeRead(t *testing.T) {
	content, _, _ := static.Lookup(static.Style)
	pair := regexp.MustCompile(`--([a-z]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`)
	colours := make(map[string][2]string)
	for _, m := range pair.FindAllStringSubmatch(string(content), -1) {
		colours[m[1]] = [2]string{m[2], m[3]}
	}
	for _, name := range []string{"text", "subtle", "link", "good", "due", "bad", "line"} {
		want := 4.5
		if name == "line" {
			want = 3
		}
		for scheme, word := range []string{"light", "dark"} {
			for _, ground := range []string{"ground", "raised"} {
				if got := contrast(t, colours[name][scheme], colours[ground][scheme]); got < want {
					t.Errorf("%s on %s, %s: contrast %.1f, want %.1f", name, ground, word, got, want)
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	lighter, darker := luminance(t, a), luminance(t, b)
	return (math.Max(lighter, darker) + 0.05) / (math.Min(lighter, darker) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	rgb, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	part := func(shift uint) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
