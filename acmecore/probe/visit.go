package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"wcme/acmecore"
)

// visit is the way to one address of a name, from the first request to the last
// answer.
type visit struct {
	*Prober
	name          acmecore.Name
	address       netip.Addr
	public        bool   // the address is one that the Internet can know
	authorization string // TOKEN.THUMBPRINT, the right answer
	facts         acmecore.Visit
}

// run asks, follows redirects and judges what comes at the end.
func (v *visit) run(ctx context.Context) {
	token, _, _ := strings.Cut(v.authorization, ".")
	target := &url.URL{Scheme: "http", Host: hostOf(v.name), Path: challengePath + token}
	if !v.public {
		v.note(private(v.address))
	}
	seen := []string{target.String()}
	for {
		a, wrong := v.hop(ctx, target)
		if errors.Is(ctx.Err(), context.Canceled) {
			return // nobody wants to know any more, and it is no fault of the server's
		}
		if wrong != nil {
			v.note(*wrong)
			return
		}
		if !isRedirect(a.status) {
			v.judge(a)
			return
		}
		next, wrong := v.follow(target, a, seen)
		if wrong != nil {
			v.note(*wrong)
			return
		}
		target = next
		seen = append(seen, target.String())
	}
}

// hostOf is a name within a URL.
func hostOf(name acmecore.Name) string {
	if name.Address().Is6() {
		return "[" + string(name) + "]"
	}
	return string(name)
}

// hop sends one request: to an IPv6 address first, and to one of IPv4 where
// nobody accepts connections there, as CAs do.
func (v *visit) hop(ctx context.Context, target *url.URL) (a *answer, wrong *acmecore.Finding) {
	addresses, wrong := v.addressesOf(ctx, target)
	for _, address := range addresses {
		endpoint := netip.AddrPortFrom(address, v.portOf(target))
		a, err := v.get(ctx, target, endpoint)
		v.facts.Hops = append(v.facts.Hops, hopOf(target, endpoint, a))
		if err == nil {
			return a, nil
		}
		wrong = unanswered(target, endpoint, err)
		if wrong.Verdict != acmecore.NoConnection && wrong.Verdict != acmecore.NoRoute {
			break
		}
	}
	return nil, wrong
}

// addressesOf returns where to ask for the target: at the address that is visited
// while it is the name's own. A public server that redirects into a private network
// is not followed: no CA could, and nothing there is anybody's to ask through us.
func (v *visit) addressesOf(ctx context.Context, target *url.URL) ([]netip.Addr, *acmecore.Finding) {
	host := target.Hostname()
	if host == string(v.name) {
		return []netip.Addr{v.address}, nil
	}
	found := []netip.Addr{}
	if address, err := netip.ParseAddr(host); err == nil {
		found = append(found, address.Unmap())
	} else if found, err = v.Lookup(ctx, host); err != nil || len(found) == 0 {
		f := unresolved(err)
		f.Text = "it redirects to " + host + ": " + f.Text
		return nil, &f
	}
	found = preferred(found)
	for _, address := range found {
		if v.public && !isPublic(address) {
			return nil, badRedirect("to " + host + ", whose address " + address.String() + " the Internet cannot reach")
		}
	}
	return found, nil
}

// preferred are the first address of each family.
func preferred(found []netip.Addr) (few []netip.Addr) {
	for _, address := range inOrder(found) {
		if len(few) == 0 || few[len(few)-1].Is4() != address.Is4() {
			few = append(few, address)
		}
	}
	return few
}

// portOf is the port to connect to. The one that stands for 80 does so for the
// name only.
func (v *visit) portOf(target *url.URL) uint16 {
	if port, err := strconv.ParseUint(target.Port(), 10, 16); err == nil {
		return uint16(port)
	}
	switch {
	case target.Scheme == "https":
		return httpsPort
	case target.Hostname() == string(v.name):
		return uint16(v.Port)
	}
	return httpPort
}

// note keeps a finding; the token is no concern of whoever reads a log.
func (v *visit) note(f acmecore.Finding) {
	f.Text = v.withoutToken(f.Text)
	v.add(&v.facts.Findings, v.name, v.facts.Address, f)
}

func (v *visit) withoutToken(text string) string {
	token, _, _ := strings.Cut(v.authorization, ".")
	for _, spelling := range []string{token, strings.ToLower(token), strings.ToUpper(token)} {
		text = strings.ReplaceAll(text, spelling, "TOKEN")
	}
	return text
}

func hopOf(target *url.URL, endpoint netip.AddrPort, a *answer) acmecore.Hop {
	hop := acmecore.Hop{URL: acmecore.Inert(target.Redacted()), Address: net.JoinHostPort(endpoint.Addr().String(), strconv.Itoa(int(endpoint.Port())))}
	if a != nil {
		hop.Status = a.status
		hop.Location = acmecore.Inert(a.header.Get("Location"))
		hop.Server = acmecore.Inert(a.header.Get("Server"))
	}
	return hop
}
