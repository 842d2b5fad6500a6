package probe_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/probe"
)

// TestAddressesAreAskedThemselves: no name server is, and the host is the address, in
// brackets where it is of IPv6 (RFC 8738 section 4, RFC 3986 section 3.2.2).
func TestAddressesAreAskedThemselves(t *testing.T) {
	t.Parallel()
	for address, want := range map[acmecore.Name]string{"127.0.0.1": "127.0.0.1", "::1": "[::1]"} {
		b := new(board)
		var host string
		server := serve(t, string(address), func(w http.ResponseWriter, r *http.Request) {
			host = r.Host
			b.pages("").ServeHTTP(w, r)
		})
		reach, err := probe.New(probe.Options{Challenges: b, Port: int(server.Port()), Absent: challenge.Absent, Patience: time.Minute,
			Lookup: func(context.Context, string) ([]netip.Addr, error) {
				return nil, errors.New("a name server was asked")
			}}).Check(t.Context(), address)
		if err != nil || verdicts(reach) != "reached" || !reach.Answered || len(reach.Visits) != 1 || reach.Visits[0].Address != string(address) {
			t.Errorf("%s: got %+v, %v", address, reach, err)
		}
		if host != want || reach.Visits[0].Received.Host != want {
			t.Errorf("%s: host: got %q, and %q received; want %q", address, host, reach.Visits[0].Received.Host, want)
		}
		explained(t, string(address), reach)
	}
}
