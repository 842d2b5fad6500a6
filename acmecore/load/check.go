package load

import (
	"fmt"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// Check says what is wrong with the action, as far as that can be known before it
// runs: which program it names, who else could change that program, and whether its
// user is known. The error's kind is Invalid, or Denied where only root could do
// what the action asks.
func (a Action) Check() error {
	if err := a.check(); err != nil {
		return &acmecore.Error{Kind: acmecore.KindOf(err), Op: "check load action", Subject: acmecore.Inert(a.Name), Hint: acmecore.HintOf(err), Cause: err}
	}
	return nil
}

func (a Action) check() error {
	if err := a.checkForm(); err != nil {
		return err
	}
	as, err := process.IdentityOf(a.User)
	if err != nil || len(a.Args) == 0 {
		return err
	}
	return process.TrustOf(as).Program(a.Args[0])
}

// checkForm looks at the words of the action alone.
func (a Action) checkForm() error {
	ways := 0
	for _, given := range []bool{a.Standard, len(a.Args) > 0, a.Shell != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0, a.Shell != "" && strings.TrimSpace(a.Shell) == "":
		return invalid("run = \"+\" is the standard load; a list is executed, a text is given to the shell", "there is nothing to run")
	case ways > 1:
		return invalid("", "it is more than one of the standard load, a list and a text")
	case a.Standard && a.User != "":
		return invalid("leave out user, or give an own command", "the standard load cannot run as another user: it speaks to each server as the server's own user")
	case a.Timeout < 0:
		return invalid("timeout = \"60s\"", "its time limit of %v is over before it begins", a.Timeout)
	case strings.ContainsRune(a.Shell+strings.Join(a.Args, ""), 0):
		return invalid("", "its command has a NUL character in it")
	}
	return nil
}

// invalid is an error that whoever writes the configuration can mend.
func invalid(hint, format string, args ...any) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Hint: hint, Cause: fmt.Errorf(format, args...)}
}
