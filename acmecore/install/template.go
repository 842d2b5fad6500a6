package install

import (
	"errors"
	"fmt"
	"text/template"

	"wcme/acmecore"
)

const hintTemplate = "its fields are .Name, .Host, .Names, .Leaf, .Chain, .FullChain and .Key; see https://pkg.go.dev/text/template"

// templated is what a template sees. It has no function that does anything.
type templated struct {
	Name, Host             string
	Names                  []string
	Leaf, Chain, FullChain string

	// key is a function, so that the key is not in {{printf "%v" .}}.
	key func() string
}

// sample is one that is for no certificate.
func sample() templated {
	return templated{Name: "name", Host: "host.name", Names: []string{"host.name"}, Leaf: "leaf", Chain: "chain", FullChain: "fullchain"}
}

// Key is the private key. A file that a template asked for it is one that holds a key.
func (d *templated) Key() string { return d.key() }

// render runs a template; secret tells whether it asked for the key.
func (d templated) render(text, key string) (content []byte, secret bool, err error) {
	if text == "" {
		return nil, false, errors.New("the template is empty")
	}
	parsed, err := template.New("template").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, false, errors.New(acmecore.Inert(err.Error()))
	}
	d.key = func() string {
		secret = true
		return key
	}
	output := limited{limit: maxFile}
	if err := parsed.Execute(&output, &d); err != nil {
		return nil, secret, errors.New(acmecore.Inert(err.Error()))
	}
	return output.text, secret, nil
}

// limited is a buffer that refuses to grow over its limit.
type limited struct {
	text  []byte
	limit int
}

func (l *limited) Write(text []byte) (int, error) {
	if len(l.text)+len(text) > l.limit {
		return 0, fmt.Errorf("it makes more than %d bytes", l.limit)
	}
	l.text = append(l.text, text...)
	return len(text), nil
}
