package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// document is a text that errors point into.
type document struct {
	path string
	text []byte
}

// at reads "PATH:LINE:COLUMN" of the key, or of the deepest table above it that
// the text has; PATH alone where it has none.
func (d document) at(key ...string) string {
	var table []string
	deepest, where := 0, d.path
	parser := &unstable.Parser{}
	parser.Reset(d.text)
	for parser.NextExpression() {
		expression := parser.Expression()
		words, first := keyWords(expression)
		if expression.Kind == unstable.KeyValue {
			words = append(slices.Clone(table), words...)
		} else {
			table = words
		}
		if len(words) > deepest && len(words) <= len(key) && slices.Equal(words, key[:len(words)]) {
			start := parser.Shape(first.Raw).Start
			deepest, where = len(words), fmt.Sprintf("%s:%d:%d", d.path, start.Line, start.Column)
		}
	}
	return where
}

// atTable reads "PATH:LINE:COLUMN" of the nth table, from 0, of a list of tables.
func (d document) atTable(name string, n int) string {
	parser := &unstable.Parser{}
	parser.Reset(d.text)
	for parser.NextExpression() {
		expression := parser.Expression()
		words, first := keyWords(expression)
		if expression.Kind == unstable.KeyValue || !slices.Equal(words, []string{name}) {
			continue
		}
		if n == 0 {
			start := parser.Shape(first.Raw).Start
			return fmt.Sprintf("%s:%d:%d", d.path, start.Line, start.Column)
		}
		n--
	}
	return d.path
}

// misfit finds the first value that is no text where the struct has a type that is
// made from a text: go-toml does not say where that is.
func (d document) misfit(root reflect.Type) (where string, err error) {
	var table []string
	parser := &unstable.Parser{}
	parser.Reset(d.text)
	for parser.NextExpression() {
		expression := parser.Expression()
		words, _ := keyWords(expression)
		if expression.Kind == unstable.Table || expression.Kind == unstable.ArrayTable {
			table = words
		}
		if expression.Kind != unstable.KeyValue {
			continue
		}
		wanted := parent(root, append(slices.Clone(table), words...))
		value := notText(expression.Value())
		if value == nil || !reflect.PointerTo(wanted).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			continue
		}
		start := parser.Shape(value.Raw).Start
		given := strings.Replace(strings.ToLower(value.Kind.String()), "bool", "boolean", 1)
		return fmt.Sprintf("%s:%d:%d", d.path, start.Line, start.Column), fmt.Errorf("%s given where string is wanted", given)
	}
	return "", nil
}

// notText returns the value, or the first element of a list, that is no string;
// nil where there is none.
func notText(value *unstable.Node) *unstable.Node {
	switch value.Kind {
	case unstable.String:
		return nil
	case unstable.Array:
		for elements := value.Children(); elements.Next(); {
			if found := notText(elements.Node()); found != nil {
				return found
			}
		}
		return nil
	}
	return value
}

// keyWords returns the parts of an expression's key, and the first of them.
func keyWords(expression *unstable.Node) (words []string, first *unstable.Node) {
	if expression.Kind == unstable.Comment {
		return nil, nil
	}
	parts := expression.Key()
	for parts.Next() {
		if first == nil {
			first = parts.Node()
		}
		words = append(words, string(parts.Node().Data))
	}
	return words, first
}
