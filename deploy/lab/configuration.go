package lab

import (
	"bytes"
	"os"
	"strings"
	"text/template"
)

// Fill writes what a template makes of the values.
func Fill(from, to string, values any) error {
	configuration, err := template.ParseFiles(from)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := configuration.Execute(&text, values); err != nil {
		return err
	}
	return os.WriteFile(to, text.Bytes(), 0o644)
}

// Adapt copies a configuration with the paths of the test in place of its own.
func Adapt(from, to string, paths *strings.Replacer) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(paths.Replace(string(text))), 0o644)
}
