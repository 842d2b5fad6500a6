package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
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
		return nil
	}
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		return unknownKey(path, &unknown.Errors[0], reflect.TypeOf(target))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		return invalid(position(path, wrong), reason(wrong))
	}
	if where, misfit := (document{path, text}).misfit(reflect.TypeOf(target)); misfit != nil {
		return invalid(where, misfit)
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

// reason is the cause without the library's name before it and without the
// names that its struct has in Go.
func reason(wrong *toml.DecodeError) error {
	text := strings.TrimPrefix(wrong.Error(), "toml: ")
	mismatch := regexp.MustCompile(`^cannot decode TOML (\S+) into (?:.* of type )?(\S+)$`)
	if found := mismatch.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("%s given where %s is wanted", found[1], kindWanted(found[2]))
	}
	return errors.New(text)
}

// kindWanted names a Go type as TOML does.
func kindWanted(goType string) string {
	switch {
	case goType == "bool":
		return "boolean"
	case strings.HasPrefix(goType, "[]"):
		return "list"
	case strings.HasSuffix(goType, ".Script"), strings.HasSuffix(goType, ".Authority"),
		strings.HasSuffix(goType, ".Challenge"), strings.HasSuffix(goType, ".Relay"):
		return "table"
	}
	return "string"
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
	if of.Kind() != reflect.Struct {
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
		keys = append(keys, keyOf(of.Field(i)))
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
