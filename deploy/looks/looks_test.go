package looks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"wcme/deploy/lab"
)

// TestPagesInABrowser shows each page to a browser: in light and in dark, on a desk
// and on a phone. Nobody is kept out of it (axe-core), nothing sticks out at its side,
// and the browser has nothing to complain about. Pictures of all go to
// build/screenshots.
func TestPagesInABrowser(t *testing.T) {
	axe := axeCore(t)
	if err := os.RemoveAll(pictures(t)); err != nil {
		t.Fatal(err)
	}
	idle := idleTabs(t)
	t.Run("pages", func(t *testing.T) {
		for _, name := range scenes(t) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := <-idle
				defer func() { idle <- b }()
				look(t, b, name, axe)
			})
		}
	})
}

// look looks at one page in every way.
func look(t *testing.T, b *tab, name, axe string) {
	b.screen(t, 1280, 900)
	b.colours(t, "light")
	b.open(t, "/"+name+"/")
	do(t, b, "inject axe-core", chromedp.Evaluate[bool](axe+";true"))
	keptOut(t, b, "light", rulesFor(name))
	b.shoot(t, name+"-light")
	// What else axe-core looks at is the same in other colours.
	b.colours(t, "dark")
	keptOut(t, b, "dark", `{runOnly: ["color-contrast", "link-in-text-block"]}`)
	b.shoot(t, name+"-dark")
	b.colours(t, "light")
	for _, width := range []int64{1600, 800, 500, 360} {
		b.screen(t, width, 800)
		if wide := evaluate[int64](t, b, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("the page is %d pixels wide on a screen of %d: %s", wide, width, evaluate[string](t, b, sticksOut))
		}
	}
	b.shoot(t, name+"-phone")
	for _, problem := range b.problems(t) {
		t.Errorf("the browser complains: %s", problem)
	}
}

// rulesFor are those of axe-core for the page: all of them. Hostile names, once they
// are inert, may look the same, and so do the parts that are called by them.
func rulesFor(name string) string {
	if strings.Contains(name, hostile) {
		return `{rules: {"landmark-unique": {enabled: false}}}`
	}
	return `{}`
}

// sticksOut tells the first elements that end beyond the side of the screen.
const sticksOut = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".box, nav ul"))
	.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join(" and ")`

// keptOut fails the test for each thing that keeps people out of the page.
func keptOut(t *testing.T, b *tab, scheme, options string) {
	t.Helper()
	for _, violation := range violations(t, b, options) {
		t.Errorf("axe-core, %s: %s", scheme, violation)
	}
}

// violations are what axe-core finds, which must be in the page.
func violations(t *testing.T, b *tab, options string) []string {
	t.Helper()
	return evaluate[[]string](t, b, `axe.run(document, Object.assign({resultTypes: ["violations"]}, `+options+`)).then((r) =>
		r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.html.slice(0, 200) + " " + n.failureSummary)))`)
}

// axeCore is the source of axe-core, which npm installs below build.
func axeCore(t *testing.T) string {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "build", "axe")
	if output, err := exec.Command(filepath.Join(root, ".tools", "axe"), dir).CombinedOutput(); err != nil {
		t.Fatalf("install axe-core: %v\n%s", err, output)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// tallest is how much of a page its picture shows, in pixels.
const tallest = 6000

// shoot makes a picture of the page.
func (b *tab) shoot(t *testing.T, name string) {
	t.Helper()
	size := evaluate[[]float64](t, b, "[innerWidth, document.documentElement.scrollHeight]")
	yes, quality := true, int64(80)
	picture, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatJpeg, Quality: &quality, CaptureBeyondViewport: &yes, OptimizeForSpeed: &yes,
		Clip: &page.Viewport{Width: size[0], Height: min(size[1], tallest), Scale: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := pictures(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".jpg"), picture.Data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// pictures is where they go, below the sources.
func pictures(t *testing.T) string {
	t.Helper()
	root, err := lab.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "build", "screenshots", "gallery")
}

// TestHostileTextRunsNothing puts payloads into every text that comes from outside, on
// each page: nothing of them runs, and the policy has nothing to report (W07). Each
// page begins with another payload; the tests of package web begin with every one.
func TestHostileTextRunsNothing(t *testing.T) {
	idle := idleTabs(t)
	places := 0
	t.Run("pages", func(t *testing.T) {
		for i, name := range scenes(t) {
			path := fmt.Sprintf("/%s/%d/%s/", hostile, i, name)
			answer, body := get(t, gallery+path)
			replaced, err := strconv.Atoi(answer.Header.Get("Gallery-Replaced"))
			if err != nil {
				t.Fatal(err)
			}
			places += replaced
			if !strings.HasPrefix(body, "<!") {
				continue // it leads to another page
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				b := <-idle
				defer func() { idle <- b }()
				b.open(t, path)
				for _, problem := range b.problems(t) {
					if !strings.HasPrefix(problem, "rendering: ") { // a drawing of payloads is none
						t.Errorf("%s", problem)
					}
				}
			})
		}
	})
	t.Logf("%d texts were payloads", places)
	if places < 300 {
		t.Errorf("%d payloads were put into the pages, want 300 at least", places)
	}
}
