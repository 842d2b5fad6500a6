package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"wcme/acmecore"
)

// checkHooks finds a hook that lacks something or has too much, and two that are in
// each other's way.
func (c *Config) checkHooks(in document) error {
	for i := range c.Hook {
		if key, err := c.Hook[i].check(); err != nil {
			return invalid(in.atEntry("hook", i, key), err)
		}
		for j := range i {
			if key, err := c.Hook[i].beside(&c.Hook[j]); err != nil {
				return invalid(in.atEntry("hook", i, key), err)
			}
		}
	}
	return nil
}

// check returns an error and the key that it is about.
func (h *Hook) check() (key string, err error) {
	switch {
	case h.Name.String() == "":
		return "name", errors.New("a hook needs its name")
	case h.Protocol.String() == "":
		return "protocol", fmt.Errorf("hook %s needs its protocol: \"uacme\", \"dehydrated\", \"lego\" or \"acme.sh\"", h.Name)
	}
	for _, check := range []func() (string, error){h.checkRun, h.checkMethods, h.checkFor, h.checkEnv, h.checkRecords} {
		if key, err := check(); err != nil {
			return key, err
		}
	}
	return "timeout", h.Timeout.within(leastTimeout, mostTimeout)
}

func (h *Hook) checkRun() (key string, err error) {
	args := h.Args()
	switch {
	case h.Run == nil:
		return "run", fmt.Errorf("hook %s needs the program that it runs", h.Name)
	case len(args) == 0:
		return "run", errors.New("the list is empty; it begins with a program")
	case h.Run.Standard():
		return "run", errors.New(`"+" goes with [[load]]; a hook runs a program`)
	case !filepath.IsAbs(args[0]):
		return "run", refusal("program", args[0], "is no absolute path")
	case h.Run.lone() != "" && strings.ContainsFunc(args[0], unicode.IsSpace):
		return "run", &acmecore.Error{Kind: acmecore.Invalid, Op: "program", Subject: fmt.Sprintf("%q", acmecore.Inert(args[0])),
			Cause: errors.New("has white space in it, and no shell is there to split it"),
			Hint:  `give a list of the program and its arguments: run = ["/usr/local/bin/hook", "ARGUMENT"]`}
	case h.Protocol == ProtocolACMESh && len(args) > 1:
		return "run", errors.New("a script of acme.sh's dnsapi takes no arguments: what it needs is in its environment (env, env_file)")
	}
	return "", nil
}

// checkMethods finds a method that the protocol has no words for.
func (h *Hook) checkMethods() (key string, err error) {
	if len(h.Methods) == 0 {
		return "methods", errors.New("the list is empty; leave it out for dns-01")
	}
	for i, method := range h.Methods {
		switch {
		case !slices.Contains(h.Protocol.answers(), method.Method):
			return "methods", fmt.Errorf("a hook of the protocol %q cannot answer %s", h.Protocol, method)
		case slices.Contains(h.Methods[:i], method):
			return "methods", fmt.Errorf("%s is there twice", method)
		}
	}
	return "", nil
}

func (h *Hook) checkFor() (key string, err error) {
	if err := checkDomains(h.For); err != nil {
		return "for", err
	}
	for _, domain := range h.For {
		able := func(method Method) bool { return method.CanProve(domain.Name) == nil }
		if !slices.ContainsFunc(h.Methods, able) {
			return "for", fmt.Errorf("%s is an address, which cannot be proved by dns-01", domain.Name)
		}
	}
	return "", nil
}

func (h *Hook) checkEnv() (key string, err error) {
	for _, name := range slices.Sorted(maps.Keys(h.Env)) {
		if err := acmecore.CheckVariable(name); err != nil {
			return "env", err
		}
		if strings.ContainsRune(h.Env[name].Reveal(), 0) {
			return "env", fmt.Errorf("the value of %s has a byte of value 0", name)
		}
	}
	return "", nil
}

// checkRecords finds keys about the records of dns-01 in a hook that makes none.
func (h *Hook) checkRecords() (key string, err error) {
	if h.Answers(acmecore.DNS01) {
		if err := h.Settle.within(0, mostTimeout); err != nil {
			return "settle", err
		}
		return "patience", h.Patience.within(leastTimeout, mostTimeout)
	}
	for _, row := range []struct {
		key  string
		said bool
	}{
		{"patience", h.Patience.Said()},
		{"check", h.Check != nil},
		{"settle", h.Settle.Said()},
		{"resolvers", h.Resolvers != nil},
	} {
		if row.said {
			return row.key, errors.New(`it goes with methods = "dns-01"`)
		}
	}
	return "", nil
}

// beside finds what two hooks must not have in common, and the key that it is about.
func (h *Hook) beside(other *Hook) (key string, err error) {
	if h.Name == other.Name {
		return "name", fmt.Errorf("there is a hook %s already", h.Name)
	}
	for _, method := range h.Methods {
		if !other.Answers(method.Method) {
			continue
		}
		if domain, same := sharedDomain(h.For, other.For); same {
			return "for", fmt.Errorf("hook %s answers %s for %s already", other.Name, method, domain)
		}
	}
	return "", nil
}
