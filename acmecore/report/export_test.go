package report

import (
	"context"
	"net"
	"net/http"
	"time"
)

// SetDial replaces the way to mail servers.
func (r *Reporter) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	r.dial = dial
}

// SetTransport replaces the way to webhooks.
func (r *Reporter) SetTransport(transport http.RoundTripper) { r.client.Transport = transport }

// SetHookTime sets how long a webhook may take.
func (r *Reporter) SetHookTime(d time.Duration) { r.hookTime = d }

// SetOpcomTime sets how long the operator console may take.
func (r *Reporter) SetOpcomTime(d time.Duration) { r.opcomTime = d }

// CheckAddress tells whether To and From of Mail may hold the address.
func CheckAddress(address string) error {
	_, err := Settings{}.address(address)
	return err
}
