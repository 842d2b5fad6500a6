package probe

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"wcme/acmecore"
)

// The limits of redirects, those of Boulder.
const (
	maxRedirects = 10
	maxPath      = 2000 // bytes
	httpsPort    = 443
)

// isRedirect tells whether the status is one of a redirect, also of one that no CA
// follows.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns where a redirect leads, or why no CA goes there. seen are all the
// addresses so far.
func (v *visit) follow(from *url.URL, a *answer, seen []string) (*url.URL, *acmecore.Finding) {
	text := a.header.Get("Location")
	switch {
	case a.status == http.StatusSeeOther:
		return nil, badRedirect("with status 303; only 301, 302, 307 and 308 are followed")
	case text == "":
		return nil, badRedirect(fmt.Sprintf("with status %d, and says not where to (no Location)", a.status))
	case len(seen) > maxRedirects:
		return nil, badRedirect(fmt.Sprintf("more than %d times", maxRedirects))
	}
	target, err := from.Parse(text)
	if err != nil {
		return nil, badRedirect("to " + show(text) + ", which is no URL")
	}
	target.Fragment, target.RawFragment = "", ""
	if why := v.refusal(target); why != "" {
		return nil, badRedirect("to " + show(target.Redacted()) + ", " + why)
	}
	if slices.Contains(seen, target.String()) {
		return nil, badRedirect("in a circle, to " + show(target.Redacted()))
	}
	return target, nil
}

// refusal says why no CA follows a redirect to the target; "" when it does. It also
// makes the target's host a name as all write it.
func (v *visit) refusal(target *url.URL) string {
	if target.Scheme != "http" && target.Scheme != "https" {
		return "which is neither http nor https"
	}
	if port := target.Port(); port != "" && !slices.Contains([]string{"80", "443", strconv.Itoa(v.Port)}, port) {
		return "port " + port + "; only ports 80 and 443 are asked"
	}
	if len(target.Path) > maxPath {
		return fmt.Sprintf("a path of %d bytes; %d are allowed", len(target.Path), maxPath)
	}
	host := target.Hostname()
	if address, err := netip.ParseAddr(host); err == nil && address.Zone() == "" {
		return ""
	}
	name, err := acmecore.ParseName(host)
	if err != nil || name.Wildcard() {
		return "whose host is no host name"
	}
	port := target.Port()
	if target.Host = hostOf(name); port != "" {
		target.Host += ":" + port
	}
	return ""
}

func badRedirect(how string) *acmecore.Finding {
	return &acmecore.Finding{Verdict: acmecore.BadRedirect, Wrong: true, Text: "it redirects " + how,
		Try: "leave challenges out of the redirects: map " + strings.TrimSuffix(challengePath, "/") + " before them"}
}

// show is a text of the other side within a sentence: one line, not long.
func show(text string) string {
	const limit = 200
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return acmecore.Inert(text)
}
