package load

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"wcme/acmecore"
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
	as, err := identityOf(a.User)
	if err != nil || len(a.Args) == 0 {
		return err
	}
	return trustOf(as).program(a.Args[0])
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

// trust are the users who may be able to change what is executed.
type trust []int

// trustOf is for what runs as the given user: root, the overseer's user and that
// user, who wins nothing by it.
func trustOf(as identity) trust { return trust{0, os.Geteuid(), as.uid} }

// program tells whether a path leads to a program that only trusted users can
// change or exchange: the file itself, each directory on the way and each symbolic
// link. A directory like /tmp, where everybody may add files but only their owners
// can remove them, may be on the way, since what is in it is looked at in turn.
func (t trust) program(path string) error {
	info, final, err := t.follow(path)
	if err != nil {
		return err
	}
	shown := acmecore.Inert(final)
	switch {
	case !info.Mode().IsRegular():
		return invalid("name a program", "%s is not a file", shown)
	case info.Mode().Perm()&0o111 == 0:
		return invalid("chmod 755 "+shown, "%s is not executable (mode %#o)", shown, info.Mode().Perm())
	}
	return nil
}

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// follow walks an absolute path as the kernel does, and looks at each step.
func (t trust) follow(path string) (info os.FileInfo, final string, err error) {
	if !strings.HasPrefix(path, "/") {
		return nil, "", invalid("give the whole path, as in /usr/local/sbin/load-mail", "%q is not an absolute path", acmecore.Inert(path))
	}
	at, rest := "/", steps(path)
	if info, err = t.look(at); err != nil {
		return nil, "", err
	}
	for links := 0; len(rest) > 0; {
		next := at + "/" + rest[0]
		if at == "/" {
			next = at + rest[0]
		}
		rest = rest[1:]
		if info, err = t.look(next); err != nil {
			return nil, "", err
		}
		if info.Mode().Type() != os.ModeSymlink {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return nil, "", invalid("", "%s leads through too many symbolic links", acmecore.Inert(path))
		}
		target, err := os.Readlink(next)
		if err != nil {
			return nil, "", missing(next, err)
		}
		if strings.HasPrefix(target, "/") {
			at = "/"
		}
		rest = append(steps(target), rest...)
	}
	return info, at, nil
}

// steps are the names in a path; ".." stays, for the kernel to resolve.
func steps(path string) []string {
	names := strings.Split(path, "/")
	return slices.DeleteFunc(names, func(name string) bool { return name == "" || name == "." })
}

// look returns what is at the path, unless others could put something else there.
func (t trust) look(path string) (os.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, missing(path, err)
	}
	shown := acmecore.Inert(path)
	if owner := ownerOf(info); !slices.Contains(t, owner) {
		return nil, invalid(fmt.Sprintf("chown root %s, after a look at what it is", shown), "%s belongs to %s, who could change what is run", shown, userName(owner))
	}
	if info.Mode().Type() == os.ModeSymlink {
		return info, nil // has no mode of its own
	}
	sticky := info.IsDir() && info.Mode()&os.ModeSticky != 0
	if info.Mode().Perm()&0o022 != 0 && !sticky {
		return nil, invalid("chmod go-w "+shown, "%s can be changed by others (mode %#o)", shown, info.Mode().Perm())
	}
	return info, nil
}

func missing(path string, err error) error {
	hint := "install it, or correct run = […]"
	if errors.Is(err, os.ErrPermission) {
		hint = "wcme's user must be able to see it"
	}
	return invalid(hint, "%s: %w", acmecore.Inert(path), reason(err))
}

// reason is an error of the system without the path and the call.
func reason(err error) error {
	if of, ok := errors.AsType[*os.PathError](err); ok {
		return of.Err
	}
	return err
}
