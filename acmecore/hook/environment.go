package hook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// environment is what every hook finds: PATH, HOME of the user that it runs as, LANG, and
// the hook's own variables.
func (h Hook) environment(home string) []string {
	all := []string{"PATH=" + process.SearchPath, "HOME=" + home, "LANG=C.UTF-8"}
	for _, name := range slices.Sorted(maps.Keys(h.Env)) {
		all = append(all, name+"="+h.Env[name])
	}
	return all
}

// secrets are the values of the hook's own variables, and how they look in a URL, in
// JSON and in base64.
func (h Hook) secrets() (secrets []string) {
	for _, value := range h.Env {
		secrets = append(secrets, looks(value)...)
	}
	return secrets
}

// looks are how a value may look in an output.
func looks(value string) []string {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "/", `\/`).Replace(value)
	encoded := strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "=")
	return append(strings.Split(value, "\n"), value, url.QueryEscape(value), url.PathEscape(value), escaped, encoded)
}

// ParseEnvironment reads a file of variables: NAME=VALUE on each line, in which the value
// may be in quotes, single or double, within which nothing stands for anything else; empty
// lines, and lines that begin with "#", are left out. An error has the number of its line,
// and no value.
func ParseEnvironment(text string) (map[string]string, error) {
	variables := make(map[string]string)
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found {
			return nil, lineError(i, errors.New("has no \"=\" in it"))
		}
		if err := acmecore.CheckVariable(name); err != nil {
			return nil, lineError(i, err)
		}
		if _, twice := variables[name]; twice {
			return nil, lineError(i, fmt.Errorf("has %s a second time", name))
		}
		if hasNUL(value) {
			return nil, lineError(i, errors.New("has a byte of value 0"))
		}
		variables[name] = unquoted(value)
	}
	return variables, nil
}

func lineError(i int, cause error) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Hint: "each line is NAME=VALUE", Cause: fmt.Errorf("line %d: %w", i+1, cause)}
}

// unquoted takes away the quotes around a value.
func unquoted(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if inner, found := strings.CutPrefix(value, quote); found && strings.HasSuffix(inner, quote) {
			return strings.TrimSuffix(inner, quote)
		}
	}
	return value
}

func hasNUL(text string) bool { return strings.ContainsRune(text, 0) }
