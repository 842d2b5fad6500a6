package config

import (
	"cmp"
	"encoding"
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"wcme/acmecore"
)

// Several is one value or a list of them: a text in the file is a list of one.
type Several[V any] []V

// UnmarshalText takes one value.
func (s *Several[V]) UnmarshalText(text []byte) error {
	var value V
	reader, ok := any(&value).(encoding.TextUnmarshaler)
	if !ok {
		return errors.New("takes no text")
	}
	if err := reader.UnmarshalText(text); err != nil {
		return err
	}
	*s = Several[V]{value}
	return nil
}

// MarshalTOML is the reverse of what go-toml does: one value reads as a text.
func (s Several[V]) MarshalTOML() ([]byte, error) {
	var plain any = []V(s)
	if len(s) == 1 {
		plain = s[0]
	}
	text, err := toml.Marshal(map[string]any{"x": plain})
	return []byte(strings.TrimSpace(strings.TrimPrefix(string(text), "x = "))), err
}

// several is what kindWanted knows a Several by.
func (Several[V]) several() {}

// Method is an acmecore.Method that was checked.
type Method struct{ acmecore.Method }

// String returns the name of the method.
func (m Method) String() string { return string(m.Method) }

// CA names an authority: a preset, an [authority.NAME], or the URL of a directory.
type CA struct{ text string }

// UnmarshalText takes what can be one.
func (c *CA) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" || strings.ContainsAny(string(text), " ,\t\n") {
		return refusal("ca", string(text), "is no authority; several are a list, as in [\"letsencrypt\", \"zerossl\"]")
	}
	c.text = string(text)
	return nil
}

// MarshalText is its reverse.
func (c CA) MarshalText() ([]byte, error) { return []byte(c.text), nil }

// String returns the name.
func (c CA) String() string { return c.text }

// EABAlgorithm is how an external account binding is signed (RFC 8555 section 7.3.4,
// RFC 7518 section 3.2).
type EABAlgorithm struct{ text string }

// UnmarshalText takes one of the three.
func (a *EABAlgorithm) UnmarshalText(text []byte) error {
	if a.text = string(text); !slices.Contains([]string{"HS256", "HS384", "HS512"}, a.text) {
		return refusal("algorithm", a.text, "is none of HS256, HS384 and HS512")
	}
	return nil
}

// MarshalText is its reverse.
func (a EABAlgorithm) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String returns the name (RFC 7518 section 3.1).
func (a EABAlgorithm) String() string { return cmp.Or(a.text, "HS256") }
