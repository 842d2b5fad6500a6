package front

import (
	"fmt"
	"strconv"
	"strings"
)

// variables are what stands for $NAME in a script.
type variables map[string]string

// isVariable tells whether the text is a name: capitals and digits, a capital first.
func isVariable(text string) bool {
	return nameLength(text) == len(text) && text != ""
}

// nameLength is how long the name is that the text begins with.
func nameLength(text string) int {
	for i := 0; i < len(text); i++ {
		if c := text[i]; (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(text)
}

// expand replaces variables and the escapes of Go's strings. What a variable
// stands for is taken as it is.
func (v variables) expand(text string) (string, error) {
	var expanded strings.Builder
	for text != "" {
		if text[0] == '$' {
			length := nameLength(text[1:])
			value, known := v[text[1:1+length]]
			if !known {
				return "", fmt.Errorf("there is no variable $%s", text[1:1+length])
			}
			expanded.WriteString(value)
			text = text[1+length:]
			continue
		}
		rest, err := unescape(&expanded, text)
		if err != nil {
			return "", err
		}
		text = rest
	}
	return expanded.String(), nil
}

// unescape writes the first character or escape, and returns the rest.
func unescape(expanded *strings.Builder, text string) (rest string, err error) {
	if text[0] != '\\' {
		expanded.WriteByte(text[0])
		return text[1:], nil
	}
	character, multibyte, rest, err := strconv.UnquoteChar(text, 0)
	if err != nil {
		return "", fmt.Errorf("%q does not begin with an escape", text)
	}
	if multibyte {
		expanded.WriteRune(character)
	} else {
		expanded.WriteByte(byte(character))
	}
	return rest, nil
}

// expandAll expands the pieces and puts them together, each followed by end.
func (v variables) expandAll(pieces []string, end string) (string, error) {
	var whole strings.Builder
	for _, piece := range pieces {
		text, err := v.expand(piece)
		if err != nil {
			return "", err
		}
		whole.WriteString(text + end)
	}
	return whole.String(), nil
}

// with returns the variables and one more.
func (v variables) with(name, value string) variables {
	more := variables{name: value}
	for known, value := range v {
		if known != name {
			more[known] = value
		}
	}
	return more
}

// matches tells whether the text is the pattern, in which "*" is any text.
func matches(text, pattern string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return text == pattern
	}
	text, found := strings.CutPrefix(text, first)
	for found && !matches(text, rest) {
		if found = text != ""; found {
			text = text[1:]
		}
	}
	return found
}
