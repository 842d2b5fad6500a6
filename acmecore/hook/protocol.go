package hook

import (
	"fmt"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// Protocol is how a hook is called.
type Protocol string

// The protocols, each the way of the client that it is named after.
const (
	UACME      Protocol = "uacme"
	Dehydrated Protocol = "dehydrated"
	Lego       Protocol = "lego"
	ACMESh     Protocol = "acme.sh"
)

// way is what there is to know of a protocol.
type way struct {
	begin func(Hook, Challenge) call
	end   func(h Hook, c Challenge, valid bool) call
	// declines: a program that exits with another status than 0 at its beginning has not
	// begun, and hears nothing of the end.
	declines bool
	// sourced: the program is read by a shell, and need not be executable.
	sourced bool
	// check says what else is wrong with the hook; it may be nil.
	check func(Hook) error
}

func ways() map[Protocol]way {
	return map[Protocol]way{
		UACME:      {begin: uacmeBegin, end: uacmeEnd, declines: true},
		Dehydrated: {begin: dehydratedBegin, end: dehydratedEnd},
		Lego:       {begin: legoBegin, end: legoEnd},
		ACMESh:     {begin: acmeshBegin, end: acmeshEnd, sourced: true, check: checkScript},
	}
}

// Check says what is wrong with the hook, as far as that can be known before it is
// called: which program it names, who else could change that, and whether its user is
// known. The error's kind is Invalid, or Denied where only root could do what it asks.
func (h Hook) Check() error {
	if _, err := h.check(); err != nil {
		return h.problem("check", err)
	}
	return nil
}

func (h Hook) check() (way, error) {
	found, is := ways()[h.Protocol]
	switch {
	case !is:
		return way{}, invalid("protocol = \"uacme\", \"dehydrated\", \"lego\" or \"acme.sh\"", "its protocol %q is not known", acmecore.Inert(string(h.Protocol)))
	case len(h.Args) == 0:
		return way{}, invalid("name a program in run", "there is nothing to run")
	case slices.ContainsFunc(h.Args, hasNUL):
		return way{}, invalid("", "its arguments have a NUL character in them")
	}
	for name, value := range h.Env {
		if err := acmecore.CheckVariable(name); err != nil {
			return way{}, err
		}
		if hasNUL(value) {
			return way{}, invalid("", "the value of its variable %s has a NUL character in it", name)
		}
	}
	as, err := process.IdentityOf(h.User)
	if err != nil {
		return way{}, err
	}
	look := process.TrustOf(as).Program
	if found.sourced {
		look = process.TrustOf(as).File
	}
	if err := look(h.Args[0]); err != nil {
		return way{}, err
	}
	if found.check != nil {
		return found, found.check(h)
	}
	return found, nil
}

// invalid is an error that whoever writes the configuration can mend.
func invalid(hint, format string, args ...any) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Hint: hint, Cause: fmt.Errorf(format, args...)}
}
