package looks_test

import (
	"html"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestPagesCanBeReadAsText shows each page to w3m: its heading is there, and nothing
// that was meant for another kind of browser.
func TestPagesCanBeReadAsText(t *testing.T) {
	for _, name := range scenes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, page := get(t, gallery+"/"+name+"/")
			text := asText(t, page)
			heading := regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`).FindStringSubmatch(page)
			if heading == nil {
				t.Fatalf("the page has no heading:\n%s", page)
			}
			want := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(heading[1], ""))
			if !strings.Contains(joined(text), joined(want)) {
				t.Errorf("the heading %q is not in the text:\n%s", want, text)
			}
			if raw := regexp.MustCompile(`</?(div|span|p|a|svg|table|td|form|input|style|script)[ >]|data-head|&(amp|lt|quot);`).FindString(text); raw != "" && !strings.Contains(name, hostile) {
				t.Errorf("the text has %q:\n%s", raw, text)
			}
		})
	}
}

// asText is the page as w3m shows it.
func asText(t *testing.T, page string) string {
	t.Helper()
	w3m := exec.Command("w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "100")
	w3m.Env = append(os.Environ(), "HOME="+t.TempDir())
	w3m.Stdin = strings.NewReader(page)
	text, err := w3m.Output()
	if err != nil {
		t.Fatalf("w3m: %v (Debian's package w3m; `make test` as root installs it)", err)
	}
	return string(text)
}

// joined is the text without its spaces and the ends of its lines.
func joined(text string) string { return strings.Join(strings.Fields(text), "") }
