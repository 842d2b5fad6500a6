package browser_test

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"wcme/deploy/lab"
)

// shots is where pictures go, below the sources.
const shots = "build/screenshots"

// shoot makes a picture of the whole page.
func (b *tab) shoot(name string) {
	b.Helper()
	b.keep("browser/"+name+".png", run(b, "picture of "+name, chromedp.FullScreenshot(100)))
}

// shootAll makes one in light, one in dark, and one as a phone has it.
func (b *tab) shootAll(name string) {
	b.Helper()
	b.shoot(name)
	b.colours("dark")
	b.shoot(name + "-dark")
	b.colours("light")
	b.do("phone", chromedp.EmulateViewport(390, 844))
	b.shoot(name + "-phone")
	b.do("desk", chromedp.EmulateViewport(width, height))
}

// colours are those that the visitor prefers: "light" or "dark".
func (b *tab) colours(preferred string) {
	b.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: preferred}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		b.Fatal(err)
	}
}

// keep writes a picture.
func (b *tab) keep(name string, picture []byte) {
	b.Helper()
	root, err := lab.Root()
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(root, shots, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		b.Fatal(err)
	}
}
