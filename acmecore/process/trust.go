package process

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"wcme/acmecore"
)

// invalid is an error that whoever writes the configuration can mend.
func invalid(hint, format string, args ...any) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Hint: hint, Cause: fmt.Errorf(format, args...)}
}

// Trust are the users, by their ids, who may be able to change what is executed.
type Trust []int

// TrustOf is for what runs as the given user: root, the overseer's user and that
// user, who wins nothing by it.
func TrustOf(as Identity) Trust { return Trust{0, os.Geteuid(), as.UID} }

// Program tells whether a path leads to a program that only trusted users can change
// or exchange, as File does.
func (t Trust) Program(path string) error {
	info, final, err := t.file(path)
	if err == nil && info.Mode().Perm()&0o111 == 0 {
		shown := acmecore.Inert(final)
		return invalid("chmod 755 "+shown, "%s is not executable (mode %#o)", shown, info.Mode().Perm())
	}
	return err
}

// File tells whether a path leads to a file that only trusted users can change or
// exchange: the file itself, each directory on the way and each symbolic link. A
// directory like /tmp, where everybody may add files but only their owners can remove
// them, may be on the way, since what is in it is looked at in turn. The error is of
// kind Invalid.
func (t Trust) File(path string) error {
	_, _, err := t.file(path)
	return err
}

func (t Trust) file(path string) (info os.FileInfo, final string, err error) {
	info, final, err = t.follow(path)
	if err == nil && !info.Mode().IsRegular() {
		err = invalid("name a program", "%s is not a file", acmecore.Inert(final))
	}
	return info, final, err
}

// maxLinks is how many symbolic links a path may lead through, as in Linux.
const maxLinks = 40

// follow walks an absolute path as the kernel does, and looks at each step.
func (t Trust) follow(path string) (info os.FileInfo, final string, err error) {
	if !strings.HasPrefix(path, "/") {
		return nil, "", invalid("give the whole path, as in /usr/local/sbin/NAME", "%q is not an absolute path", acmecore.Inert(path))
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
func (t Trust) look(path string) (os.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, missing(path, err)
	}
	shown := acmecore.Inert(path)
	if owner := ownerOf(info); !slices.Contains(t, owner) {
		return nil, invalid(fmt.Sprintf("chown root %s, after a look at what it is", shown), "%s belongs to %s, who could change what is run", shown, UserName(owner))
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
	return invalid(hint, "%s: %w", acmecore.Inert(path), Reason(err))
}

// Reason is an error of the system without the path and the call.
func Reason(err error) error {
	if of, ok := errors.AsType[*os.PathError](err); ok {
		return of.Err
	}
	return err
}
