// Package meta reads what a web server says of a request before anything of HTTP
// is made of it: the meta-variables of RFC 3875 section 4.1, and from them the
// Place that is asked for. It links neither net/http nor any cryptography, so
// that a program which answers challenges alone starts fast.
package meta

import "strings"

// Variables are the variables of one request by name, what RFC 3875 section 4.1
// calls meta-variables, and wCME's own settings (WCME_…) that the server's
// configuration adds to them.
type Variables map[string]string

// FromEnviron takes the variables from an environment, as os.Environ returns it.
// WASD prefixes its variables with "WWW_": where it does, only those count.
func FromEnviron(environ []string) Variables {
	variables := make(Variables, len(environ))
	for _, entry := range environ {
		name, value, found := strings.Cut(entry, "=")
		if _, known := variables[name]; found && !known { // the first counts, as for getenv
			variables[name] = value
		}
	}
	if variables["WWW_SERVER_SOFTWARE"] == "" && variables["WWW_GATEWAY_INTERFACE"] == "" {
		return variables
	}
	return variables.unprefixed()
}

// unprefixed returns what stands behind the prefix, and wCME's settings, which
// stand without one.
func (v Variables) unprefixed() Variables {
	plain := make(Variables, len(v))
	for name, value := range v {
		if rest, found := strings.CutPrefix(name, "WWW_"); found && !isSetting(rest) {
			plain[rest] = value
		} else if isSetting(name) {
			plain[name] = value
		}
	}
	return plain
}

func isSetting(name string) bool { return strings.HasPrefix(name, "WCME_") }

// FromServer tells whether the variables are those of a request. A program
// started by hand has none.
func (v Variables) FromServer() bool {
	return v["REQUEST_METHOD"] != "" || v["GATEWAY_INTERFACE"] != ""
}
