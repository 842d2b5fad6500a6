package web

import (
	"net/http"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

// received is what `wcme check challenge` is told, who alone knows the token of a
// pending probe: how its request has arrived. To all other challenges it is "".
func received(r *http.Request, asked string) string {
	if !acmecore.IsProbe(asked) {
		return ""
	}
	visitor := VisitorFrom(r.Context())
	return challenge.ReceivedHeader(acmecore.Received{
		Path:     visitor.Base + r.URL.Path,
		Host:     r.Host,
		Protocol: r.Proto,
		Address:  visitor.Address,
	}).Value
}
