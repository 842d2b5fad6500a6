package fastcgi_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/fcgi"
	"path/filepath"
	"testing"

	"wcme/cgi/fastcgi"
	"wcme/cgi/meta"
	"wcme/deploy/fcgitest"
)

// BenchmarkKeptConnection asks for a tiny answer over a Unix socket, again and
// again on one connection. The client is in the same process and counts too.
func BenchmarkKeptConnection(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "tiny") })
	ours := fastcgi.Server{Handler: handler, Log: slog.New(slog.DiscardHandler)}
	b.Run("handler", func(b *testing.B) { benchmark(b, ours.Serve) })
	ours.Plain = func(meta.Variables) ([]byte, bool) { return []byte("Status: 200 OK\r\n\r\ntiny"), true }
	b.Run("plain", func(b *testing.B) { benchmark(b, ours.Serve) })
	b.Run("net-http-fcgi", func(b *testing.B) {
		benchmark(b, func(_ context.Context, listener net.Listener) error { return fcgi.Serve(listener, handler) })
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
	answers := bufio.NewReader(peer)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := peer.Write(request); err != nil {
			b.Fatal(err)
		}
		for kind := byte(0); kind != 3; { // FCGI_END_REQUEST
			if kind, err = skip(answers); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// skip reads a record and tells its type.
func skip(from *bufio.Reader) (kind byte, err error) {
	head, err := from.Peek(8)
	if err != nil {
		return 0, err
	}
	kind = head[1]
	_, err = from.Discard(8 + int(head[4])<<8 + int(head[5]) + int(head[6]))
	return kind, err
}
