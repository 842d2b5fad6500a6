package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/pelletier/go-toml/v2"

	"wcme/acmecore"
)

// decode reads the text into the struct that target points to, strictly.
func decode(path string, text []byte, target any) error {
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	err := decoder.Decode(target)
	if err == nil {
		return document{path, text}.misfit(reflect.TypeOf(target))
	}
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		return unknownKey(path, &unknown.Errors[0], reflect.TypeOf(target))
	}
	if misfit := (document{path, text}).misfit(reflect.TypeOf(target)); misfit != nil {
		return misfit
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		return invalid(position(path, wrong), reason(wrong))
	}
	return invalid(path, err)
}

// unknownKey names the key and the nearest one that exists beside it.
func unknownKey(path string, unknown *toml.DecodeError, root reflect.Type) error {
	key := unknown.Key()
	err := invalid(position(path, unknown), fmt.Errorf("there is no key %q", strings.Join(key, ".")))
	err.Hint = "`wcme config --reference` lists the keys there are"
	if near := nearest(key[len(key)-1], keysOf(parent(root, key[:len(key)-1]))); near != "" {
		err.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return err
}

// position reads "PATH:LINE:COLUMN".
func position(path string, at *toml.DecodeError) string {
	line, column := at.Position()
	return fmt.Sprintf("%s:%d:%d", path, line, column)
}

// reason is the cause without the library's name before it, and in the words of
// TOML instead of those of Go.
func reason(wrong *toml.DecodeError) error {
	text := strings.TrimPrefix(wrong.Error(), "toml: ")
	if text == "cannot store an array table in a struct" {
		return errors.New("there is only one of this table: write it in single brackets")
	}
	if given, _, found := strings.Cut(text, " into "); found {
		if kind, found := strings.CutPrefix(given, "cannot decode TOML "); found {
			return fmt.Errorf("%s given where something else is wanted", kind)
		}
	}
	return errors.New(text)
}

func invalid(where string, cause error) *acmecore.Error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: where, Cause: cause, Hint: acmecore.HintOf(cause)}
}

// parent finds the struct that the keys lead to, as far as they exist.
func parent(current reflect.Type, keys []string) reflect.Type {
	for {
		switch current.Kind() {
		case reflect.Pointer, reflect.Slice:
			current = current.Elem()
			continue
		case reflect.Map:
			if current = current.Elem(); len(keys) > 0 {
				keys = keys[1:]
			}
			continue
		}
		if len(keys) == 0 {
			return current
		}
		next, found := fieldOf(current, keys[0])
		if !found {
			return current
		}
		current, keys = next, keys[1:]
	}
}

func fieldOf(of reflect.Type, key string) (reflect.Type, bool) {
	if of.Kind() != reflect.Struct || key == "" {
		return nil, false
	}
	for i := range of.NumField() {
		if keyOf(of.Field(i)) == key {
			return of.Field(i).Type, true
		}
	}
	return nil, false
}

func keysOf(of reflect.Type) (keys []string) {
	if of.Kind() != reflect.Struct {
		return nil
	}
	for i := range of.NumField() {
		if key := keyOf(of.Field(i)); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

func keyOf(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
	return key
}

// nearest returns the candidate that a slip of the finger may have meant, or "".
func nearest(key string, candidates []string) (best string) {
	distance := len(key)/2 + 2
	for _, candidate := range candidates {
		if d := levenshtein.ComputeDistance(strings.ToLower(key), candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}
