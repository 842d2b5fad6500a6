package probe

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"wcme/acmecore"
)

// maxAnswer is where a CA stops reading: an answer must be shorter, in bytes.
const maxAnswer = 128

// judge says what the last answer is.
func (v *visit) judge(a *answer) {
	body := strings.TrimRight(string(a.body), "\n\r\t ")
	right := a.status == http.StatusOK && body == v.authorization && len(a.body) < maxAnswer
	if !right {
		v.facts.Body = show(body)
		v.note(v.wrong(a, body))
		return
	}
	v.facts.Answered = true
	v.facts.Received = parseReceived(a.header.Get(acmecore.HeaderReceived))
	if v.facts.Received == nil {
		v.note(acmecore.Finding{Verdict: acmecore.Served, Text: "answered rightly, not by wCME itself: something serves the files of www as they are, or caches"})
	} else {
		v.note(acmecore.Finding{Verdict: acmecore.Reached, Text: "answered rightly, by wCME"})
		v.compare(*v.facts.Received)
	}
	if last := v.facts.Hops[len(v.facts.Hops)-1]; len(v.facts.Hops) > 1 {
		v.note(acmecore.Finding{Verdict: acmecore.Redirected, Text: "by way of a redirect to " + last.URL})
	}
}

// compare says what has changed on the way to wCME.
func (v *visit) compare(r acmecore.Received) {
	token, _, _ := strings.Cut(v.authorization, ".")
	asked := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	if asked != token && strings.EqualFold(asked, token) {
		v.note(acmecore.Finding{Verdict: acmecore.CaseChanged, Text: "the token arrives in another case; wCME finds it all the same"})
	}
	last := v.facts.Hops[len(v.facts.Hops)-1].URL
	_, rest, _ := strings.Cut(last, "//")
	sent, _, _ := strings.Cut(rest, "/")
	if !strings.EqualFold(withoutPort(r.Host), withoutPort(sent)) {
		v.note(acmecore.Finding{Verdict: acmecore.HostChanged,
			Text: fmt.Sprintf("the host %s arrives as %q", withoutPort(sent), show(r.Host)),
			Try:  "let the server in front pass the host on (nginx: `proxy_set_header Host $host;`) where relays or several sites need it"})
	}
}

func withoutPort(host string) string {
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		host = host[:at]
	}
	return host
}

// wrong says what is the matter with an answer.
func (v *visit) wrong(a *answer, body string) acmecore.Finding {
	f := acmecore.Finding{Wrong: true}
	switch {
	case a.status == http.StatusOK:
		v.wrongBody(&f, a, body)
	case v.Absent != "" && body == strings.TrimRight(v.Absent, "\n"):
		f.Verdict, f.Text = acmecore.OtherRoot, "wCME answers that it knows no such challenge: it looks into another state directory, or is another host's"
		f.Try = "set WCME_ROOT, where the web server's configuration maps the script, to this state directory"
	case a.status == http.StatusNotFound:
		f.Verdict, f.Text = acmecore.Unmapped, "status 404, and not from wCME: the path does not lead to it"
		f.Try = "map " + strings.TrimSuffix(challengePath, "/") + " to cgi-bin/wcme for this name; deploy/ has an example for each web server"
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusProxyAuthRequired:
		f.Verdict, f.Text = acmecore.Guarded, fmt.Sprintf("status %d: whoever asks has to sign in, or is kept out", a.status)
		f.Try = "take " + strings.TrimSuffix(challengePath, "/") + " out of the authorisation and out of all filters: CAs sign in nowhere, and ask from anywhere"
	default:
		f.Verdict, f.Text = acmecore.OtherStatus, fmt.Sprintf("status %s, where 200 is wanted", statusText(a.status))
		f.Try = "look at the web server's error log"
	}
	return f
}

// wrongBody is about an answer with status 200 that is not the key authorization.
func (v *visit) wrongBody(f *acmecore.Finding, a *answer, body string) {
	token, _, _ := strings.Cut(v.authorization, ".")
	f.Verdict = acmecore.OtherAnswer
	f.Try = "which server is it? map " + strings.TrimSuffix(challengePath, "/") + " to cgi-bin/wcme there; deploy/ has examples"
	switch {
	case strings.HasPrefix(body, v.authorization):
		f.Verdict, f.Text = acmecore.TooLong, "the right answer, and more behind it"
		f.Try = "let the web server add nothing to the answer: no footer, no filter"
	case body == "":
		f.Text = "status 200, and an empty answer"
	case isPage(a.header, body):
		f.Text = "status 200, and a page of HTML: another site or an application answers"
	case strings.HasPrefix(body, token+"."):
		f.Text = "another ACME client answers, with its own account: every challenge gets its thumbprint"
		f.Try = "remove that client's rule for challenges from the web server, or let it pass on those of wCME"
	case isAuthorization(body):
		f.Text = "another ACME client answers, with another token"
		f.Try = "remove that client's rule for challenges from the web server"
	default:
		f.Text = fmt.Sprintf("status 200, and another answer: %q", firstOf(body, 60))
	}
}

func isPage(header http.Header, body string) bool {
	kind := strings.ToLower(header.Get("Content-Type"))
	return strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/xhtml") ||
		strings.HasPrefix(strings.TrimSpace(body), "<")
}

// isAuthorization tells whether a text has the form TOKEN.THUMBPRINT.
func isAuthorization(text string) bool {
	token, thumbprint, found := strings.Cut(text, ".")
	_, errToken := acmecore.ParseToken(token)
	_, errThumbprint := acmecore.ParseToken(thumbprint)
	return found && errToken == nil && errThumbprint == nil
}

func firstOf(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return acmecore.Inert(text)
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func private(address netip.Addr) acmecore.Finding {
	return acmecore.Finding{Verdict: acmecore.Private,
		Text: address.String() + " is not reachable from the Internet: a public CA cannot connect",
		Try:  "for a CA of your own that is fine; `--dns HOST:PORT` asks a name server outside"}
}

// unasked is about addresses that were left out.
func unasked(name acmecore.Name, addresses []netip.Addr) acmecore.Finding {
	first := addresses[0].String()
	if len(addresses) > 1 {
		first += fmt.Sprintf(" and %d more", len(addresses)-1)
	}
	return acmecore.Finding{Verdict: acmecore.Private,
		Text: "the address " + first + " is not reachable from the Internet, and was not asked: for names that are not managed yet, the pages ask no private address",
		Try:  "on this host, `wcme check challenge " + string(name) + "` asks there, and `--dns HOST:PORT` asks a name server outside; a public CA cannot connect to it"}
}

func tooMany(count int) acmecore.Finding {
	return acmecore.Finding{Verdict: acmecore.TooManyPlaces,
		Text: fmt.Sprintf("the name has %d addresses; the first %d are asked", count, maxAddresses)}
}

// partly is about a name of which a CA may take the wrong address.
func partly(silent []string, count int) acmecore.Finding {
	f := acmecore.Finding{Verdict: acmecore.Partly, Wrong: true,
		Text: fmt.Sprintf("%d of %d addresses answer rightly; not: %s", count-len(silent), count, strings.Join(silent, ", ")),
		Try:  "CAs take any of them: remove the records of those that are not the web server's, or let each answer (relays pass challenges on)"}
	if ipv6Only(silent) {
		f.Try = "CAs take IPv6 first: let the web server listen there too (nginx: `listen [::]:80;`), or remove the AAAA record"
	}
	return f
}

func ipv6Only(addresses []string) bool {
	for _, text := range addresses {
		if address, err := netip.ParseAddr(text); err != nil || !address.Is6() {
			return false
		}
	}
	return true
}
