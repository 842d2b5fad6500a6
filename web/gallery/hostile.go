package gallery

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"

	"wcme/acmecore"
)

// payloads replaces texts with those of Payloads, one after the other.
type payloads struct {
	list     []string
	first    int
	replaced atomic.Int64
}

// Hostile is the scene with a payload in place of every text that comes from outside:
// what the overseer says, its errors, what was asked for and what was typed. The first
// one is Payloads' first-th; a test that begins with each of them in turn has put every
// payload into every place. The words that the overseer itself chooses (a state, a
// role) stay, so that the page shows the same parts.
func (s Scene) Hostile(first int) Scene {
	p := &payloads{list: Payloads(), first: first}
	s.Overseer = s.Overseer.with(p)
	s.Visitor.Server = acmecore.Inert(p.next())
	path, query, found := strings.Cut(s.Path, "?")
	if values, err := url.ParseQuery(query); found && err == nil {
		s.Path = path + "?" + p.inAll(values).Encode()
	}
	if s.Form != nil {
		s.Form = p.inAll(s.Form)
	}
	return s
}

// with is an overseer that says the same, but for the payloads.
func (o *Overseer) with(p *payloads) *Overseer {
	hostile := new(Overseer)
	from, to := reflect.ValueOf(o).Elem(), reflect.ValueOf(hostile).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	hostile.payloads = p
	return hostile
}

// Replaced is how many texts have been replaced by payloads in a hostile scene, so far.
func (s Scene) Replaced() int {
	if s.Overseer.payloads == nil {
		return 0
	}
	return int(s.Overseer.payloads.replaced.Load())
}

func (p *payloads) next() string {
	n := int(p.replaced.Add(1)) - 1
	return p.list[(p.first+n)%len(p.list)]
}

func (p *payloads) inAll(values url.Values) url.Values {
	hostile := make(url.Values)
	for name, list := range values {
		for range list {
			hostile.Add(name, p.next())
		}
	}
	return hostile
}

// of is a copy of v, with payloads in place of its texts.
func (p *payloads) of(v reflect.Value) reflect.Value {
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fresh.Set(reflect.New(v.Type().Elem()))
			fresh.Elem().Set(p.of(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fresh.Field(i).Set(p.of(v.Field(i)))
			}
		}
	case reflect.Slice:
		fresh.Set(reflect.AppendSlice(reflect.Zero(v.Type()), v))
		for i := range v.Len() {
			fresh.Index(i).Set(p.of(v.Index(i)))
		}
	case reflect.Map:
		fresh.Set(reflect.MakeMap(v.Type()))
		for _, key := range v.MapKeys() {
			fresh.SetMapIndex(key, p.of(v.MapIndex(key)))
		}
	case reflect.String:
		if fromOutside(v.Type()) && v.Len() > 0 {
			fresh.SetString(p.next())
		}
	}
	return fresh
}

// fromOutside tells of a type whether its texts are anybody's: the others are words
// of the overseer.
func fromOutside(t reflect.Type) bool {
	return t == reflect.TypeFor[string]() || t == reflect.TypeFor[acmecore.Name]()
}

// inError is the error as a hostile CA would word it.
func (p *payloads) inError(err error) error {
	known := &acmecore.Error{}
	if !errors.As(err, &known) {
		return errors.New(p.next())
	}
	return &acmecore.Error{Kind: known.Kind, Op: p.next(), Subject: p.next(), Hint: p.next(), Cause: errors.New(p.next())}
}
