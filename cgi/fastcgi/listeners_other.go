//go:build !unix

package fastcgi

import (
	"log/slog"
	"net"

	"wcme/cgi/meta"
)

// Listeners returns none: no program of this system hands sockets over.
func Listeners(meta.Variables, *slog.Logger) ([]net.Listener, error) { return nil, nil }
