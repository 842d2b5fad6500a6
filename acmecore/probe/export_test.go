package probe

import (
	"context"
	"net/netip"
	"net/url"

	"golang.org/x/net/dns/dnsmessage"

	"wcme/acmecore"
)

// MayAsk says why a redirect of the server at the address is not followed.
func (p *Prober) MayAsk(ctx context.Context, server netip.Addr, target *url.URL) *acmecore.Finding {
	v := &visit{Prober: p, name: "www.example.test", address: server, public: isPublic(server)}
	_, wrong := v.addressesOf(ctx, target)
	return wrong
}

// Follow says where a redirect leads, "" where nowhere.
func Follow(from *url.URL, location string) string {
	v := &visit{Prober: New(Options{})}
	a := &answer{status: 302, header: map[string][]string{"Location": {location}}}
	target, wrong := v.follow(from, a, []string{from.String()})
	if wrong != nil {
		return ""
	}
	return target.String()
}

// ParseReceived and IsPublic are tested from outside.
var (
	ParseReceived = parseReceived
	IsPublic      = isPublic
)

// ReadAddresses reads a name server's answer.
func ReadAddresses(message []byte) ([]netip.Addr, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(message)
	if err != nil {
		return nil, err
	}
	if _, err := parser.AllQuestions(); err != nil {
		return nil, err
	}
	return addresses(&parser, header)
}
