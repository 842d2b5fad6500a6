package fastcgi_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"wcme/cgi/fastcgi"
	"wcme/cgi/fastcgi/fcgitest"
)

// BenchmarkKeptConnection is a tiny answer over a Unix socket, the client in the
// same process: what is measured of net/http/fcgi with the same handler.
func BenchmarkKeptConnection(b *testing.B) {
	tiny := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "tiny") })
	b.Run("ours", func(b *testing.B) {
		benchmark(b, func(ctx context.Context, listener net.Listener) error {
			server := &fastcgi.Server{Handler: tiny, Log: slog.New(slog.DiscardHandler)}
			return server.Serve(ctx, listener)
		})
	})
}

func benchmark(b *testing.B, serve func(context.Context, net.Listener) error) {
	listener, err := net.Listen("unix", filepath.Join(b.TempDir(), "s"))
	if err != nil {
		b.Fatal(err)
	}
	go serve(b.Context(), listener)
	peer, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer peer.Close()
	request := fcgitest.Whole(1, true, fcgitest.Usual(), "")
	answer := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := peer.Write(request); err != nil {
			b.Fatal(err)
		}
		n := 0
		for n < 16 || !ends(answer[:n]) {
			m, err := peer.Read(answer[n:])
			if err != nil {
				b.Fatal(err)
			}
			n += m
		}
	}
}

// ends tells whether the records end with an FCGI_END_REQUEST.
func ends(records []byte) bool { return records[len(records)-15] == 3 }
