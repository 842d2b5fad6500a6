package web

import (
	"net/http"
	"net/url"
	"path"
)

// maxNext is how long the address may be that a visitor is sent to after a log-in.
const maxNext = 2 << 10

// nextOf returns which of our own pages a visitor has asked for before logging in: path
// and query; the first page when it is none of ours. What stands there may be from
// anybody who has made up a link.
func nextOf(text string) (where, query string) {
	if !isAddress(text) {
		return listPath, ""
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "" || parsed.Opaque != "" || parsed.Host != "" || parsed.User != nil || parsed.Fragment != "" {
		return listPath, ""
	}
	switch {
	case path.Clean(parsed.Path) != parsed.Path, !guarded(parsed.Path), !isAddress(parsed.Path):
		return listPath, ""
	case parsed.Path == loginPath, parsed.Path == logoutPath, parsed.Path == welcomePath:
		return listPath, ""
	}
	values, err := url.ParseQuery(parsed.RawQuery)
	if err != nil {
		return parsed.Path, ""
	}
	return parsed.Path, values.Encode()
}

// isAddress tells whether a text can be one of ours: all of it is printable ASCII, and
// no browser takes a backslash for a slash.
func isAddress(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return len(text) <= maxNext
}

// askLogIn sends a visitor to the log-in, and from there to the page that was asked for.
func (s Site) askLogIn(w http.ResponseWriter, r *http.Request) {
	address := ""
	if r.Method == http.MethodGet {
		where, query := nextOf(withQuery((&url.URL{Path: r.URL.Path}).EscapedPath(), r.URL.RawQuery))
		if where != listPath || query != "" {
			address = url.Values{"next": {withQuery(where, query)}}.Encode()
		}
	}
	SetHeaders(w.Header())
	w.Header().Set("Location", withQuery(VisitorFrom(r.Context()).link(loginPath), address))
	w.WriteHeader(http.StatusSeeOther)
}
