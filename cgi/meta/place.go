package meta

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// challengeDir is where challenges stand, below whatever base (RFC 8555 section 8.3).
const challengeDir = "/.well-known/acme-challenge/"

// adminDir is the first part of the admin pages' addresses.
const adminDir = "/admin"

// MaxTarget is how long a path may be, in bytes, and a query too.
const MaxTarget = 8 << 10

// Place is what a request asks for.
type Place struct {
	Base string // where wCME is mounted, "" for the root and never with a slash at its end
	Path string // what follows; it begins with a slash
}

// Challenge returns what stands where a challenge's token stands.
func (p Place) Challenge() (asked string, found bool) {
	return strings.CutPrefix(p.Path, challengeDir)
}

// Refusal is why a request is handed to nobody. The visitor is told the Reason,
// and the log what was Got as well.
type Refusal struct {
	Status int    // of HTTP
	Reason string // nothing of the request is in it
	Got    string
}

// Error is for logs.
func (r *Refusal) Error() string { return r.Reason }

func bad(reason, got string) *Refusal { return &Refusal{400, reason, got} }

// Locate finds the place, by the first of these that fits:
//
//  1. A path with "/.well-known/acme-challenge/" in it is that challenge, and
//     what stands before is the base, so that a mapping made for challenges can
//     reach nothing else.
//  2. WCME_BASE, where it is set, is the base ("/" for the root); a path that is
//     not below it does not exist.
//  3. A server that gives both SCRIPT_NAME and PATH_INFO has split the path
//     where the script is mounted.
//  4. Else the server gave the whole path in one of them, or in both, and the
//     base is what stands before the first "/admin". A path without one is the
//     mount point itself.
//
// The fourth cannot see a mount point that has an "/admin" of its own: that
// needs WCME_BASE.
func (v Variables) Locate() (Place, *Refusal) {
	script, info := v["SCRIPT_NAME"], v["PATH_INFO"]
	if info == script { // nginx with `fastcgi_param PATH_INFO $uri`
		info = ""
	}
	if refused := checkPath(script, info); refused != nil {
		return Place{}, refused
	}
	full := script + info
	if place, found := locateChallenge(full); found {
		return place, nil
	}
	if base, given := v["WCME_BASE"]; given && base != "" {
		return locateBelow(base, full)
	}
	if script != "" && info != "" {
		return Place{script, info}, nil
	}
	return locateAdmin(full), nil
}

// locateChallenge takes the last place where challenges stand, so that a server
// that repeats the path changes nothing. Case does not count, as it does not on
// some file systems: what a mapping for challenges reaches must be a challenge.
func locateChallenge(full string) (Place, bool) {
	const dir = challengeDir
	at := strings.LastIndex(lowerASCII(full)+"/", dir)
	if at < 0 {
		return Place{}, false
	}
	asked := ""
	if end := at + len(dir); end <= len(full) {
		asked = full[end:]
	}
	return Place{full[:at], dir + asked}, true
}

func locateBelow(setting, full string) (Place, *Refusal) {
	if checkPath(setting, "") != nil {
		return Place{}, &Refusal{500,
			"WCME_BASE in the web server's configuration is not a path like /cgi-bin/wcme", setting}
	}
	base := strings.TrimSuffix(setting, "/")
	path, found := strings.CutPrefix(full, base)
	switch {
	case found && path == "":
		return Place{base, "/"}, nil
	case !found || path[0] != '/':
		return Place{}, &Refusal{404, "there is nothing at this address", full}
	}
	return Place{base, path}, nil
}

func locateAdmin(full string) Place {
	for at := range len(full) {
		rest, found := strings.CutPrefix(full[at:], adminDir)
		if found && (rest == "" || rest[0] == '/') {
			return Place{full[:at], full[at:]}
		}
	}
	return Place{strings.TrimSuffix(full, "/"), "/"}
}

// checkPath refuses whatever would be another path once cleaned or read by
// somebody else: servers differ in what they have cleaned, and one that
// disagrees with us about the path may have guarded the wrong one.
func checkPath(script, info string) *Refusal {
	full := script + info
	switch {
	case len(full) > MaxTarget:
		return &Refusal{414, "the address is too long", full}
	case full == "" || full[0] != '/' || info != "" && info[0] != '/':
		return bad("the path does not begin with a slash", full)
	case !utf8.ValidString(full):
		return bad("the path is not UTF-8", full)
	case strings.ContainsFunc(full, unicode.IsControl) || strings.Contains(full, `\`):
		return bad("the path has a character that none may have", full)
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(full[1:], "/"), "/") {
		if full != "/" && (segment == "" || segment == "." || segment == "..") {
			return bad("the path is not in its shortest form", full)
		}
	}
	return nil
}

// lowerASCII changes no length, as strings.ToLower may.
func lowerASCII(text string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}, text)
}
