package config

import (
	"fmt"
	"slices"

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
			deepest, where = len(words), d.position(parser, first)
		}
	}
	return where
}

// atEntry reads "PATH:LINE:COLUMN" of the key in the nth table, from 0, of a list
// of tables; of the table itself where it has no such key, and where the key is "".
func (d document) atEntry(name string, n int, key string) (where string) {
	where = d.at(name)
	parser := &unstable.Parser{}
	parser.Reset(d.text)
	for inside := false; parser.NextExpression(); {
		expression := parser.Expression()
		words, first := keyWords(expression)
		if expression.Kind != unstable.KeyValue {
			if inside {
				return where
			}
			if !slices.Equal(words, []string{name}) {
				continue
			}
			inside = n == 0
			n--
		}
		if inside && (expression.Kind != unstable.KeyValue || words[0] == key) {
			where = d.position(parser, first)
		}
	}
	return where
}

// position reads "PATH:LINE:COLUMN" of a part of the text.
func (d document) position(parser *unstable.Parser, node *unstable.Node) string {
	start := parser.Shape(node.Raw).Start
	return fmt.Sprintf("%s:%d:%d", d.path, start.Line, start.Column)
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
