package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// edit replaces one text of a file of package time, which must be there once.
type edit struct{ file, from, to string }

// edits are what package time needs to go by labNow and labWait of shifted.go.
var edits = []edit{
	{"time.go", "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n", "func Now() Time {\n\tsec, nsec, mono := labNow()\n"},
	{"sleep.go", "\tt := newTimer(when(d), 0, sendTime, c, syncTimer(c))\n", "\tt := newTimer(when(labWait(d)), 0, sendTime, c, syncTimer(c))\n"},
	{"sleep.go", "\tw := when(d)\n\treturn resetTimer(t, w, 0)\n", "\tif t.C != nil {\n\t\td = labWait(d)\n\t}\n\tw := when(d)\n\treturn resetTimer(t, w, 0)\n"},
}

// shifted is what is added to package time, from its package clause on.
//
//go:embed shifted.go
var shifted string

// writeOverlay writes into dir what package time of goroot becomes on the lab's
// clock, and returns the path of the file for `go build -overlay`. Another
// version of Go whose text is another is an error.
func writeOverlay(goroot, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	_, added, _ := strings.Cut(shifted, "//go:build ignore\n")
	files := map[string]string{"shifted.go": added}
	source := filepath.Join(goroot, "src", "time")
	for _, e := range edits {
		if err := e.apply(files, source); err != nil {
			return "", err
		}
	}
	replace := make(map[string]string)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(source, name)] = path
	}
	text, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "  ")
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o644)
}

// apply reads the file, unless an earlier edit has, and replaces the text.
func (e edit) apply(files map[string]string, source string) error {
	text, read := files[e.file]
	if !read {
		original, err := os.ReadFile(filepath.Join(source, e.file))
		if err != nil {
			return err
		}
		text = string(original)
	}
	if n := strings.Count(text, e.from); n != 1 {
		return fmt.Errorf("put package time on the lab's clock: %s of this Go has %d times, not once, the text\n%s", filepath.Join(source, e.file), n, e.from)
	}
	files[e.file] = strings.Replace(text, e.from, e.to, 1)
	return nil
}
