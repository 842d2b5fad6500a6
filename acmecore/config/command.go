package config

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Command is what a load action runs: the standard load, a text for the shell, or
// a program with its arguments. It is a list, which go-toml fills from one, and
// takes a text as well.
type Command []Word

// Word is a part of a Command.
type Word struct {
	text string
	lone bool // it was no list
}

// standardLoad is the text that stands for the standard load.
const standardLoad = "+"

// UnmarshalText takes a text.
func (c *Command) UnmarshalText(text []byte) error {
	word := Word{lone: true}
	if err := word.UnmarshalText(text); err != nil {
		return err
	}
	if strings.TrimSpace(word.text) == "" {
		return refusal("command", word.text, `is empty; "+" is the standard load`)
	}
	*c = Command{word}
	return nil
}

// UnmarshalText takes what a program can be given.
func (w *Word) UnmarshalText(text []byte) error {
	if strings.ContainsRune(string(text), 0) {
		return refusal("command", string(text), "has a byte of value 0")
	}
	w.text = string(text)
	return nil
}

// Standard tells whether it is the standard load.
func (c Command) Standard() bool { return c.lone() == standardLoad }

// Shell returns the text for the shell; "" where it is none.
func (c Command) Shell() string {
	if c.Standard() {
		return ""
	}
	return c.lone()
}

// Args returns the program and its arguments; nil where it is none.
func (c Command) Args() (args []string) {
	if c.lone() != "" {
		return nil
	}
	for _, word := range c {
		args = append(args, word.text)
	}
	return args
}

func (c Command) lone() string {
	if len(c) != 1 || !c[0].lone {
		return ""
	}
	return c[0].text
}

// check finds what no single word shows.
func (c Command) check() error {
	switch {
	case c == nil:
		return errors.New(`a load action needs what it shall run; "+" is the standard load`)
	case len(c) == 0:
		return errors.New("the list is empty; it begins with a program")
	case !c[0].lone && !filepath.IsAbs(c[0].text):
		return refusal("program", c[0].text, "is no absolute path")
	}
	return nil
}

// MarshalTOML is the reverse of what go-toml does.
func (c Command) MarshalTOML() ([]byte, error) {
	text, err := toml.Marshal(map[string]any{"x": c.plain()})
	return []byte(strings.TrimSpace(strings.TrimPrefix(string(text), "x = "))), err
}

// plain is the Command as a text or as a list of them.
func (c Command) plain() any {
	if text := c.lone(); text != "" {
		return text
	}
	return append([]string{}, c.Args()...)
}

// String reads as it stands in the configuration.
func (c Command) String() string {
	text, err := c.MarshalTOML()
	if err != nil {
		return err.Error()
	}
	return string(text)
}
