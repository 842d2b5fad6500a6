package front

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"wcme/deploy/lab"
)

// Script is a parsed front.txtar. Its texts are as they stand in the file: the
// variables and escapes in them are expanded when it is played.
type Script struct{ Cases []Case }

// Case is a request, or one for each of several values, and what may be the answer.
type Case struct {
	Name    string
	Channel string   // see Target
	Each    string   // the variable that the values are for, "" for none
	Values  []string // of that variable, one request each
	Request []string // lines, without the empty one at the end
	Body    []string // what follows it, in pieces
	Answers []Answer // one of them must fit
	Takes   []Take
}

// Answer is what an answer must be.
type Answer struct {
	Statuses []int // one of them
	Headers  []Header
	Body     []string // pieces of the whole body; nil for any body
	Contains []string // texts in the body
}

// Header is a header that must be there once, with that value.
type Header struct {
	Name     string
	Value    string // "*" in it is any text
	Absent   bool   // it must not be there
	Optional bool   // it may be missing
}

// Take keeps a part of the body, the pattern's first group, as a variable.
type Take struct {
	Variable string
	Pattern  *regexp.Regexp
}

// Load reads deploy/front.txtar.
func Load() (*Script, error) {
	root, err := lab.Root()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, "deploy", "front.txtar")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	script, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return script, nil
}
