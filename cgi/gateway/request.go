package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"wcme/acmecore"
	"wcme/cgi/meta"
	"wcme/web"
)

// The limits of a request, in bytes.
const (
	maxMethod  = 32
	maxHeaders = 64 << 10
	maxUser    = 255
)

// newRequest makes the request, or a *meta.Refusal.
func newRequest(ctx context.Context, v meta.Variables, body io.Reader) (*http.Request, *meta.Refusal) {
	method := v["REQUEST_METHOD"]
	if len(method) > maxMethod || !isToken(method) {
		return nil, bad("the method is not one", method)
	}
	place, refused := v.Locate()
	if refused != nil {
		return nil, refused
	}
	visitor, refused := newVisitor(v, place)
	if refused != nil {
		return nil, refused
	}
	r := new(http.Request).WithContext(web.WithVisitor(ctx, visitor))
	r.Method, r.Body = method, http.NoBody
	for _, part := range []func(*http.Request, meta.Variables) *meta.Refusal{setProtocol, setHost, setHeader, setQuery} {
		if refused := part(r, v); refused != nil {
			return nil, refused
		}
	}
	if refused := setBody(r, v, body); refused != nil {
		return nil, refused
	}
	r.URL.Path = place.Path
	r.RemoteAddr = remoteAddress(visitor, v)
	return r, nil
}

// newVisitor takes who asks from what the server says, and from nothing else. A
// user counts where the server has authenticated one, which it says by AUTH_TYPE
// (RFC 3875 section 4.1.1): nginx's usual parameters have the name that a visitor
// claims in REMOTE_USER, whether a password was asked for or not.
func newVisitor(v meta.Variables, place meta.Place) (web.Visitor, *meta.Refusal) {
	user := v["REMOTE_USER"]
	if v["AUTH_TYPE"] == "" {
		user = ""
	}
	if len(user) > maxUser || hasControl(user) {
		return web.Visitor{}, bad("the user's name is not one", user)
	}
	visitor := web.Visitor{Base: place.Base, User: user, HTTPS: isEncrypted(v), Server: acmecore.Inert(v["SERVER_SOFTWARE"])}
	if address, err := netip.ParseAddr(v["REMOTE_ADDR"]); err == nil {
		visitor.Address = address.String()
	}
	return visitor, nil
}

// isEncrypted reads HTTPS, which servers set to "on" or "1", and the scheme that
// most set too ("https:" in WASD).
func isEncrypted(v meta.Variables) bool {
	switch strings.ToLower(v["HTTPS"]) {
	case "on", "1", "yes", "true":
		return true
	}
	return strings.EqualFold(strings.TrimSuffix(v["REQUEST_SCHEME"], ":"), "https")
}

// remoteAddress is address and port in the form that net/http has them.
func remoteAddress(visitor web.Visitor, v meta.Variables) string {
	if visitor.Address == "" {
		return ""
	}
	port := v["REMOTE_PORT"]
	if !isPort(port) {
		port = "0"
	}
	return net.JoinHostPort(visitor.Address, port)
}

// setProtocol reads SERVER_PROTOCOL: "HTTP/1.1", "HTTP/2" as newer servers have
// it, and "INCLUDED" for a part of another page (RFC 3875 section 4.1.16).
func setProtocol(r *http.Request, v meta.Variables) *meta.Refusal {
	r.Proto = strings.ToUpper(v["SERVER_PROTOCOL"])
	if r.Proto == "INCLUDED" || r.Proto == "" {
		r.Proto = "HTTP/1.0"
	}
	digits, found := strings.CutPrefix(r.Proto, "HTTP/")
	major, minor, dotted := strings.Cut(digits, ".")
	if !dotted {
		minor = "0"
	}
	if !found || !isDigit(major) || !isDigit(minor) {
		return bad("the protocol is not one", v["SERVER_PROTOCOL"])
	}
	r.ProtoMajor, r.ProtoMinor = int(major[0]-'0'), int(minor[0]-'0')
	return nil
}

func isDigit(text string) bool {
	return len(text) == 1 && '0' <= text[0] && text[0] <= '9'
}

// setHeader takes the headers from the HTTP_ variables.
func setHeader(r *http.Request, v meta.Variables) *meta.Refusal {
	r.Header = make(http.Header)
	size := 0
	for name, value := range v {
		rest, found := strings.CutPrefix(name, "HTTP_")
		if !found {
			continue
		}
		if size += len(rest) + len(value); size > maxHeaders {
			return &meta.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: "the headers are too long", Got: rest}
		}
		if hasControl(strings.ReplaceAll(value, "\t", " ")) {
			return bad("a header has a character that none may have", rest)
		}
		if isToken(rest) && !isDropped(rest) {
			r.Header.Set(strings.ReplaceAll(rest, "_", "-"), value)
		}
	}
	if value := v["CONTENT_TYPE"]; value != "" && !hasControl(value) {
		r.Header.Set("Content-Type", value)
	}
	return nil
}

// isDropped names the headers that nobody behind us shall see: the host, which
// has a place of its own; what is claimed about other hops; what has a variable
// without HTTP_; and Proxy, which as HTTP_PROXY is known to be taken for a
// setting ("httpoxy").
func isDropped(name string) bool {
	switch name {
	case "HOST", "PROXY", "FORWARDED", "X_REAL_IP", "VIA", "CONTENT_TYPE", "CONTENT_LENGTH",
		"TRANSFER_ENCODING", "CONNECTION":
		return true
	}
	return strings.HasPrefix(name, "X_FORWARDED")
}

// setQuery makes the address with its query; the path is added by newRequest.
func setQuery(r *http.Request, v meta.Variables) *meta.Refusal {
	query := v["QUERY_STRING"]
	if len(query) > meta.MaxTarget {
		return &meta.Refusal{Status: http.StatusRequestURITooLong, Reason: "the address is too long", Got: query}
	}
	if hasControl(query) {
		return bad("the query has a character that none may have", query)
	}
	r.URL = &url.URL{RawQuery: query}
	return nil
}

// hasControl tells whether an ASCII control character is in the text.
func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// isToken is RFC 9110 section 5.6.2.
func isToken(text string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	for i := 0; i < len(text); i++ {
		if c := text[i]; !isAlphanumeric(c) && strings.IndexByte(marks, c) < 0 {
			return false
		}
	}
	return text != ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
