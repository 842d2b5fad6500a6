package main

import (
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
)

// webServer answers challenges from the www of a state directory as plain files,
// as any static web server can.
type webServer struct {
	Port  int
	files http.Handler

	mu   sync.Mutex
	gate chan struct{} // open when closed
	deaf bool
}

// startWebServer starts one for the time of the test.
func startWebServer(tb testing.TB, root string) *webServer {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w := &webServer{
		Port:  listener.Addr().(*net.TCPAddr).Port,
		files: http.StripPrefix("/.well-known/acme-challenge/", http.FileServer(http.Dir(filepath.Join(root, "www")))),
		gate:  make(chan struct{}),
	}
	close(w.gate)
	server := &http.Server{Handler: w}
	go server.Serve(listener)
	tb.Cleanup(func() { server.Close() })
	return w
}

// Answer lets everybody have an answer, also those who were kept waiting.
func (w *webServer) Answer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = false
	select {
	case <-w.gate:
	default:
		close(w.gate)
	}
}

// Hold keeps everybody waiting.
func (w *webServer) Hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate = make(chan struct{})
}

// Refuse says 404 from now on, as a server does to which wCME is not mapped.
func (w *webServer) Refuse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = true
}

func (w *webServer) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	gate, deaf := w.gate, w.deaf
	w.mu.Unlock()
	select {
	case <-gate:
	case <-r.Context().Done():
	}
	if deaf {
		http.NotFound(answer, r)
		return
	}
	w.files.ServeHTTP(answer, r)
}
