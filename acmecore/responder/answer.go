package responder

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

// challengePath is where a CA looks (RFC 8555 section 8.3).
const challengePath = "/.well-known/acme-challenge"

// maxTarget is how long the path and the query of a request may be, in bytes.
const maxTarget = 8 << 10

// ServeHTTP answers a challenge to everybody, and nothing else to anybody.
func (r *Responder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	asked, isChallenge := strings.CutPrefix(request.URL.Path, challengePath)
	isChallenge = isChallenge && (asked == "" || asked[0] == '/')
	switch {
	case !isPlain(request), isChallenge && request.URL.RawPath != "":
		refuse(w, http.StatusBadRequest, "The path of this request is not in its plain form.\n")
	case !isChallenge:
		r.elsewhere(w, request)
	case !isRead(request):
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "A challenge can be read, and that is all.\n")
	default:
		r.answer(w, request, strings.TrimPrefix(asked, "/"))
	}
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// answer is what the script says too.
func (r *Responder) answer(w http.ResponseWriter, request *http.Request, asked string) {
	found := r.find(request, asked)
	if found.Received != "" {
		w.Header().Set(acmecore.HeaderReceived, found.Received)
	}
	if found.Text == nil {
		write(w, http.StatusNotFound, []byte(challenge.Absent))
		return
	}
	write(w, http.StatusOK, found.Text)
}

// find looks among our own challenges, and then elsewhere.
func (r *Responder) find(request *http.Request, asked string) challenge.Answer {
	text, err := r.options.Challenges.Lookup(asked)
	if err == nil {
		return challenge.Answer{Text: text, Received: received(request, asked)}
	}
	if !errors.Is(err, challenge.ErrUnknown) {
		r.complain(err)
	}
	if r.options.Elsewhere == nil {
		return challenge.Answer{}
	}
	answer, problems := r.options.Elsewhere.Find(request.Context(), challenge.Question{
		Asked: asked, Host: request.Host, Relayed: request.Header.Get(acmecore.HeaderRelay) != ""})
	for _, problem := range problems {
		r.complain(problem)
	}
	return answer
}

// complain is for the administrator. It changes no answer: a challenge is there or
// it is not.
func (r *Responder) complain(err error) {
	r.log().Error("challenge not found", "error", acmecore.Inert(err.Error()), "hint", acmecore.HintOf(err))
}

// received tells `wcme check challenge`, who alone knows the token of a pending
// probe, how its request has arrived.
func received(r *http.Request, asked string) string {
	if !acmecore.IsProbe(asked) {
		return ""
	}
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	return challenge.ReceivedHeader(acmecore.Received{Path: r.URL.Path, Host: r.Host, Protocol: r.Proto, Address: address}).Value
}

// elsewhere answers what is no challenge.
func (r *Responder) elsewhere(w http.ResponseWriter, request *http.Request) {
	if !r.redirect.Load() {
		refuse(w, http.StatusNotFound, "Only challenges are answered here.\n")
		return
	}
	host, found := hostOf(request.Host)
	if !found {
		refuse(w, http.StatusBadRequest, "The host of this request is no host name.\n")
		return
	}
	target := url.URL{Scheme: "https", Host: host, Path: request.URL.Path, RawPath: request.URL.RawPath,
		RawQuery: escapeQuery(request.URL.RawQuery)}
	w.Header().Set("Location", target.String())
	status := http.StatusMovedPermanently
	if !isRead(request) {
		status = http.StatusPermanentRedirect // which keeps the method (RFC 9110 section 15.4.9)
	}
	refuse(w, status, "This site is at https.\n")
}

// refuse answers with a sentence of ours.
func refuse(w http.ResponseWriter, status int, sentence string) { write(w, status, []byte(sentence)) }

// write sends every answer with the headers of a challenge: none is kept by a
// cache, and none is taken for a page.
func write(w http.ResponseWriter, status int, text []byte) {
	for _, header := range challenge.Headers(len(text)) {
		w.Header().Set(header.Name, header.Value)
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // whom it does not reach asks again
}

// isPlain tells whether the path means what it says: it is absolute, its shortest
// form, without a character that controls a terminal or is a slash elsewhere.
func isPlain(r *http.Request) bool {
	asked := r.URL.Path
	if len(r.RequestURI) > maxTarget || !strings.HasPrefix(asked, "/") {
		return false
	}
	if strings.ContainsFunc(asked, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }) {
		return false
	}
	clean := path.Clean(asked)
	return asked == clean || asked == clean+"/"
}

// hostOf returns the host that a visitor asked for, without its port, if it is a
// name by our own rules or an address; only such a one is sent back.
func hostOf(asked string) (host string, found bool) {
	host = asked
	if name, port, err := net.SplitHostPort(asked); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", false
		}
		host = name
	} else if inner, found := strings.CutPrefix(asked, "["); found {
		host = strings.TrimSuffix(inner, "]")
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return bracketed(address), address.Zone() == ""
	}
	if strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", false // ParseName would trim and convert it
	}
	name, err := acmecore.ParseName(host)
	return string(name), err == nil && !name.Wildcard()
}

func bracketed(address netip.Addr) string {
	if address.Is4() {
		return address.String()
	}
	return "[" + address.String() + "]"
}

// escapeQuery keeps what a query may have (RFC 3986 section 3.4), escapes that are
// there among it, and escapes the rest.
func escapeQuery(query string) string {
	const kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%"
	const digits = "0123456789ABCDEF"
	var text strings.Builder
	for i := 0; i < len(query); i++ {
		if c := query[i]; strings.IndexByte(kept, c) >= 0 {
			text.WriteByte(c)
		} else {
			text.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return text.String()
}
