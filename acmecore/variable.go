package acmecore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CheckVariable tells whether a variable of the environment may be given to a program
// that wCME runs. Those that every program gets, that change what is executed or with
// which libraries, and wCME's own may not. The error is of kind Invalid.
func CheckVariable(name string) error {
	fixed := []string{"PATH", "HOME", "LANG", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "CDPATH", "PS4", "GLIBC_TUNABLES", "GCONV_PATH"}
	prefixes := []string{"LD_", "DYLD_", "MALLOC_", "BASH_FUNC_", "WCME_"}
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	var cause error
	hint := ""
	switch {
	case name == "" || strings.Trim(name, letters+digits+"_") != "" || strings.Trim(name[:1], digits) == "":
		cause = errors.New("is no name of a variable: letters, digits and _, of which the first is no digit")
	case slices.Contains(fixed, name), slices.ContainsFunc(prefixes, begins):
		cause = errors.New("is not for you to set: it would change what is executed, and how")
		hint = "let a script of your own set it, and then execute the program"
	default:
		return nil
	}
	return &Error{Kind: Invalid, Op: "variable", Subject: fmt.Sprintf("%q", Inert(name)), Cause: cause, Hint: hint}
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)
