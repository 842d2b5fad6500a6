package config

import (
	"errors"
	"fmt"
	"slices"

	"wcme/acmecore"
)

// checkActions finds a load action that lacks something, one that has the name of
// another, and one that is for a target that is not there.
func (c *Config) checkActions(in document) error {
	var names []Label
	for i := range c.Load {
		if key, err := c.Load[i].check(); err != nil {
			return invalid(in.atEntry("load", i, key), err)
		}
		if slices.Contains(names, c.Load[i].Name) {
			return invalid(in.atEntry("load", i, "name"), fmt.Errorf("there is a load action %s already", c.Load[i].Name))
		}
		names = append(names, c.Load[i].Name)
		if err := known("target", c.Load[i].Install, c.targetNames()); err != nil {
			return invalid(in.atEntry("load", i, "install"), err)
		}
	}
	return nil
}

// check returns an error and the key that it is about.
func (l *Load) check() (key string, err error) {
	if l.Name.String() == "" {
		return "name", errors.New("a load action needs its name")
	}
	if err := l.Run.check(); err != nil {
		return "run", err
	}
	if l.Run.Standard() && l.User.String() != "" {
		return "user", errors.New("the standard load signals servers that are root's: it runs as the overseer")
	}
	return "timeout", l.Timeout.within(leastTimeout, mostTimeout)
}

func (c *Config) targetNames() (names []string) {
	for _, target := range c.Install {
		names = append(names, target.Name.String())
	}
	return names
}

func (c *Config) actionNames() (names []string) {
	for _, action := range c.Load {
		names = append(names, action.Name.String())
	}
	return names
}

// known finds a name that nothing has: what tells what it should be of.
func known(what string, given []Label, names []string) error {
	for _, name := range given {
		if slices.Contains(names, name.String()) {
			continue
		}
		err := &acmecore.Error{Kind: acmecore.Invalid, Op: what, Subject: fmt.Sprintf("%q", name.String()),
			Cause: errors.New("there is none of that name in wcme.toml")}
		if near := nearest(name.String(), names); near != "" {
			err.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		return err
	}
	return nil
}

// CheckRecord finds a target or a load action that a record names and the
// configuration has not, and a target that does not take the record's
// certificate. The error is of kind Invalid and points into the record's file.
func (c *Config) CheckRecord(record *Certificate) error {
	if err := known("target", record.Install, c.targetNames()); err != nil {
		return invalid(record.source.at("install"), err)
	}
	if err := known("load action", record.Load, c.actionNames()); err != nil {
		return invalid(record.source.at("load"), err)
	}
	if len(record.Names) == 0 {
		return nil
	}
	for i := range c.Install {
		if target := &c.Install[i]; slices.Contains(record.Install, target.Name) && !target.takes(record.Names[0].ID()) {
			return invalid(record.source.at("install"), target.refuses(record.Names[0].ID()))
		}
	}
	return nil
}

// refuses is the error of a record that wants to be where it may not.
func (t *Install) refuses(id acmecore.ID) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "target", Subject: fmt.Sprintf("%q", t.Name.String()),
		Cause: fmt.Errorf("its `certificates` do not name %s", id),
		Hint:  "add it there, or leave the target out of `install` here"}
}
