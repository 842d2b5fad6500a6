// Command reference turns the comments of the structs of package config into the
// commented configuration that a new state directory gets (wcme.toml) and into
// the reference for people (REFERENCE.md). `go generate` runs it.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"wcme/acmecore"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string) error {
	sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	tables := make(map[string]table)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		addTables(tables, file)
	}
	if err := os.WriteFile("wcme.toml", []byte(commented(tables)), 0o644); err != nil {
		return err
	}
	return os.WriteFile("REFERENCE.md", []byte(reference(tables)), 0o644)
}

// table is a struct: a table of TOML.
type table struct {
	name string // of the struct
	text string // its comment
	keys []key
}

// key is a field.
type key struct {
	name     string
	text     string
	kind     string // the struct's name where the key is a table
	listed   bool   // it is a list, of values or of tables
	fallback string // the default, as TOML
	example  string // a value, as TOML; for a map of tables the name of one
}

// addTables adds the structs of a file that have keys of TOML.
func addTables(tables map[string]table, file *ast.File) {
	for _, declaration := range file.Decls {
		types, ok := declaration.(*ast.GenDecl)
		if !ok || types.Tok != token.TYPE {
			continue
		}
		spec := types.Specs[0].(*ast.TypeSpec)
		fields, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		if keys := keysOf(fields); len(keys) > 0 {
			tables[spec.Name.Name] = table{name: spec.Name.Name, text: words(types.Doc), keys: keys}
		}
	}
}

func keysOf(fields *ast.StructType) (keys []key) {
	for _, field := range fields.Fields.List {
		if field.Tag == nil {
			continue
		}
		quoted, _ := strconv.Unquote(field.Tag.Value)
		tag := reflect.StructTag(quoted)
		name, _, _ := strings.Cut(tag.Get("toml"), ",")
		keys = append(keys, key{
			name: name, text: words(field.Doc), kind: structOf(field.Type), listed: isList(field.Type),
			fallback: tag.Get("default"), example: tag.Get("example"),
		})
	}
	return keys
}

func structOf(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.Ident:
		return expression.Name
	case *ast.MapType:
		return structOf(expression.Value)
	case *ast.ArrayType:
		return structOf(expression.Elt)
	}
	return ""
}

func isList(expression ast.Expr) bool {
	_, found := expression.(*ast.ArrayType)
	return found
}

// words joins the lines of a comment.
func words(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}

// value is what a key is shown with: its default, else its example.
func (k key) value() string {
	if k.fallback != "" {
		return k.fallback
	}
	return k.example
}

// header is the line that opens a table.
func (k key) header() string {
	switch {
	case k.listed:
		return fmt.Sprintf("[[%s]]", k.name)
	case k.example != "":
		return fmt.Sprintf("[%s.%s]", k.name, k.example)
	}
	return fmt.Sprintf("[%s]", k.name)
}

// commented writes the configuration of Config with every line commented out.
func commented(tables map[string]table) string {
	var text strings.Builder
	text.WriteString("# The configuration of wCME. Every line is commented out and shows the default or\n" +
		"# an example. `wcme config` checks the file and prints what is in force.\n")
	for _, key := range tables["Config"].keys {
		text.WriteString("\n" + wrapped(key.text))
		if _, nested := tables[key.kind]; !nested {
			fmt.Fprintf(&text, "#%s = %s\n", key.name, key.value())
			continue
		}
		fmt.Fprintf(&text, "#%s\n", key.header())
		for _, inner := range tables[key.kind].keys {
			fmt.Fprintf(&text, "#\n%s#%s = %s\n", wrapped(inner.text), inner.name, inner.value())
		}
	}
	return text.String()
}

// wrapped breaks a text into comment lines of at most 80 bytes.
func wrapped(text string) string {
	var lines strings.Builder
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 80 {
			lines.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return lines.String() + line + "\n"
}

// reference writes the page for people.
func reference(tables map[string]table) string {
	var text strings.Builder
	text.WriteString("# Configuration\n\nGenerated from the structs of acmecore/config; change it there.\n")
	section(&text, tables, tables["Config"], "ROOT/etc/wcme.toml")
	for _, key := range tables["Config"].keys {
		if nested, found := tables[key.kind]; found {
			section(&text, tables, nested, strings.Replace(key.header(), "."+key.example+"]", ".NAME]", 1))
		}
	}
	section(&text, tables, tables["Certificate"], "ROOT/etc/certificates/ID.toml")
	presets(&text)
	return text.String()
}

// presets writes the CAs that are known.
func presets(text *strings.Builder) {
	text.WriteString("\n## Presets\n\nThe authorities that `ca` knows by name. One that binds accounts needs eab_kid and eab_key, or\n" +
		"`wcme register --eab-kid`. What follows is what the CAs say themselves, and may have changed.\n\n")
	for _, p := range acmecore.Presets() {
		binding := ""
		if p.Binding {
			binding = " Binds accounts."
		}
		fmt.Fprintf(text, "* `%s`: %s.%s %s\n", p.Name, p.Directory, binding, p.Facts)
	}
}

func section(text *strings.Builder, tables map[string]table, of table, title string) {
	fmt.Fprintf(text, "\n## %s\n\n%s\n\n", title, of.text)
	for _, key := range of.keys {
		if _, nested := tables[key.kind]; nested {
			continue
		}
		fmt.Fprintf(text, "* `%s`: %s", key.name, key.text)
		if key.fallback != "" {
			fmt.Fprintf(text, " Default: `%s`.", key.fallback)
		}
		if key.example != "" {
			fmt.Fprintf(text, " Example: `%s = %s`.", key.name, key.example)
		}
		text.WriteString("\n")
	}
}
