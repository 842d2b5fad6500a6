package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"wcme/acmecore"
)

// misfit finds the first value that is of another kind than its key wants, or that
// its type refuses, and the first key in capitals. It looks where go-toml does not: that does not always say where
// such a value is, calls kinds as Go does, takes a number for a text, and drops the
// hint of a refusal.
func (d document) misfit(root reflect.Type) error {
	table := root
	parser := &unstable.Parser{}
	parser.Reset(d.text)
	for parser.NextExpression() {
		expression := parser.Expression()
		words, first := keyWords(expression)
		from := root
		if expression.Kind == unstable.KeyValue {
			from = table
		}
		if err := miscased(from, words); err != nil {
			return invalid(d.position(parser, first), err)
		}
		if expression.Kind != unstable.KeyValue {
			if table = typeAt(root, words); table != nil && kindWanted(element(table)) != "table" {
				return invalid(d.position(parser, first), fmt.Errorf("table given where %s is wanted", kindWanted(table)))
			}
			continue
		}
		part, err := misfitting(typeAt(table, words), expression.Value())
		if err == nil {
			continue
		}
		if part.Raw.Length == 0 { // of a list, which has no place of its own
			part = first
		}
		return invalid(d.position(parser, part), err)
	}
	return nil
}

// typeAt returns the type that the keys lead to; nil where they lead nowhere.
func typeAt(from reflect.Type, keys []string) reflect.Type {
	for _, key := range keys {
		from = element(from)
		switch {
		case from == nil:
			return nil
		case from.Kind() == reflect.Map:
			from = from.Elem()
		default:
			from, _ = fieldOf(from, key)
		}
	}
	return from
}

// miscased refuses a key that go-toml takes for another one, which is in small
// letters: both could stand in the file.
func miscased(from reflect.Type, keys []string) error {
	for i, key := range keys {
		table := element(typeAt(from, keys[:i]))
		if table == nil || table.Kind() != reflect.Struct {
			continue
		}
		lower := strings.ToLower(key)
		if _, found := fieldOf(table, lower); found && lower != key {
			return &acmecore.Error{Kind: acmecore.Invalid, Cause: fmt.Errorf("there is no key %q", acmecore.Inert(key)),
				Hint: fmt.Sprintf("did you mean %q?", lower)}
		}
	}
	return nil
}

// element is what a pointer, or a list, is of.
func element(of reflect.Type) reflect.Type {
	for of != nil && (of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice) {
		of = of.Elem()
	}
	return of
}

// misfitting returns the first part of a value that is of another kind than is
// wanted, or refused, and why; nil where there is none.
func misfitting(wanted reflect.Type, value *unstable.Node) (part *unstable.Node, err error) {
	if wanted == nil {
		return nil, nil
	}
	if wanted.Kind() == reflect.Pointer {
		wanted = wanted.Elem()
	}
	kind := kindWanted(wanted)
	switch {
	case value.Kind == unstable.Array && wanted.Kind() == reflect.Slice:
		for elements := value.Children(); elements.Next(); {
			if part, err = misfitting(wanted.Elem(), elements.Node()); err != nil {
				return part, err
			}
		}
	case value.Kind == unstable.InlineTable && kind == "table":
		for pairs := value.Children(); pairs.Next(); {
			words, first := keyWords(pairs.Node())
			if err := miscased(wanted, words); err != nil {
				return first, err
			}
			if part, err = misfitting(typeAt(wanted, words), pairs.Node().Value()); err != nil {
				return part, err
			}
		}
	case !strings.Contains(kind, kindOf(value)):
		return value, fmt.Errorf("%s given where %s is wanted", kindOf(value), kind)
	case value.Kind == unstable.String:
		return value, refused(wanted, value.Data)
	}
	return nil, nil
}

// refused tells why a type does not take a text.
func refused(by reflect.Type, text []byte) error {
	if value, checks := reflect.New(by).Interface().(encoding.TextUnmarshaler); checks {
		return value.UnmarshalText(text)
	}
	return nil
}

// kindWanted names what a type is made from, as TOML does.
func kindWanted(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[Command](), of.Implements(reflect.TypeFor[interface{ several() }]()):
		return "string or list"
	case of.Kind() == reflect.Slice:
		return "list"
	case of.Kind() == reflect.Bool:
		return "boolean"
	case of.Kind() == reflect.Int:
		return "integer"
	case of.Kind() == reflect.String, reflect.PointerTo(of).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "string"
	}
	return "table"
}

// kindOf names a value in the same words.
func kindOf(value *unstable.Node) string {
	switch value.Kind {
	case unstable.Array:
		return "list"
	case unstable.Bool:
		return "boolean"
	case unstable.InlineTable:
		return "table"
	case unstable.LocalDate, unstable.LocalDateTime, unstable.DateTime:
		return "date"
	case unstable.LocalTime:
		return "time"
	}
	return strings.ToLower(value.Kind.String())
}
