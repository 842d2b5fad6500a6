package report

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"wcme/acmecore"
)

// shortest is how long, in bytes, a part of a URL is that can be a secret.
const shortest = 4

// redact removes from a text whatever stands in a URL and could be a secret, also in
// pieces and in another case: services put their addresses together from parts of it.
func redact(text string, address *url.URL) string {
	var patterns []string
	for _, secret := range secrets(address) {
		patterns = append(patterns, regexp.QuoteMeta(secret))
	}
	if len(patterns) > 0 {
		text = regexp.MustCompile("(?i)"+strings.Join(patterns, "|")).ReplaceAllLiteralString(text, "…")
	}
	return acmecore.Inert(text)
}

// secrets are the parts of a URL that nobody may see, the longest first. The host of
// http is none.
func secrets(address *url.URL) (all []string) {
	for _, text := range private(address) {
		all = append(all, text)
		all = append(all, strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/&=?", r) })...)
		all = append(all, strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return len(s) < shortest })
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return slices.Compact(all)
}

// private are the components of a URL that can hold a secret, as they stand there
// and decoded.
func private(address *url.URL) []string {
	all := []string{address.Path, address.EscapedPath(), address.RawQuery, address.Fragment, address.Opaque}
	if !isPlainHook(address) {
		all = append(all, address.Host)
	}
	if address.User != nil {
		password, _ := address.User.Password()
		all = append(all, address.User.String(), address.User.Username(), password)
	}
	if decoded, err := url.QueryUnescape(address.RawQuery); err == nil {
		all = append(all, decoded)
	}
	return all
}
