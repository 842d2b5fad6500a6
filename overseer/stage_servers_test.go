package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"wcme/deploy/lab"
)

// note appends to a file of the script's; several may at once.
type note struct {
	mu   sync.Mutex
	path string
}

func (n *note) write(format string, args ...any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	file, err := os.OpenFile(n.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, format, args...)
	return err
}

// startTLS starts a server that presents whatever is in the file then, so that a
// load action which copies something there is what a reload is elsewhere.
func (s *stage) startTLS(ts *testscript.TestScript, args []string) error {
	if strings.Join(args, " ") == "stops" {
		return s.visited.Close()
	}
	path := ts.MkAbs(args[0])
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		pair, err := tls.X509KeyPair(text, text)
		return &pair, err
	}})
	if err != nil {
		return err
	}
	s.visited = listener
	s.Cleanup(func() { listener.Close() })
	go shake(listener)
	ts.Setenv("TLSPORT", fmt.Sprint(listener.Addr().(*net.TCPAddr).Port))
	return nil
}

// shake takes each visitor as far as the end of the handshake.
func shake(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			if conn.(*tls.Conn).Handshake() == nil {
				io.Copy(io.Discard, conn) // until the visitor leaves
			}
		}()
	}
}

// startMailServer starts one that writes what it takes into the file.
func (s *stage) startMailServer(ts *testscript.TestScript, args []string) error {
	server := lab.MustMailServer(s, lab.MailServerOptions{Reply: func(_ context.Context, phase, argument string) string {
		if phase == "RCPT" && strings.Contains(argument, "nobody@") {
			return "550 5.1.1 there is no such user"
		}
		return ""
	}})
	mails := &note{path: ts.MkAbs(args[0])}
	go func() {
		for taken := 0; ; {
			arrived := server.Arrived()
			for _, message := range server.Messages()[taken:] {
				taken++
				if err := mails.write("to %s\n%s", strings.Join(message.To, " "), strings.ReplaceAll(message.Text, "\r\n", "\n")); err != nil {
					s.Errorf("write mail: %v", err)
				}
			}
			select {
			case <-arrived:
			case <-s.Context().Done():
				return
			}
		}
	}()
	ts.Setenv("MAILSERVER", server.Address)
	return nil
}

// startHook starts a web server that writes what it is posted into the file, and
// takes all but what is posted to /gone.
func (s *stage) startHook(ts *testscript.TestScript, args []string) error {
	posts := &note{path: ts.MkAbs(args[0])}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.URL.Path == "/gone" {
			http.Error(w, "gone", http.StatusGone)
			return
		}
		if err := posts.write("%s\n", body); err != nil {
			s.Errorf("write post: %v", err)
		}
	}))
	s.Cleanup(server.Close)
	ts.Setenv("HOOK", server.URL)
	return nil
}

// syslogd is a program: syslogd FILE takes lines at /dev/log, as the system's does,
// and writes them into the file; at SIGTERM those that are there still. It is for a
// script that has a /dev of its own.
func syslogd() {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	conn, err := net.ListenPacket("unixgram", "/dev/log")
	if err != nil {
		panic(err)
	}
	go func() {
		<-terminated
		if err := sendEnd(); err != nil {
			panic(err)
		}
	}()
	go endWithParent(os.Getppid())
	lines := &note{path: os.Args[1]}
	for line := make([]byte, 2048); ; {
		n, _, err := conn.ReadFrom(line)
		if string(line[:n]) == endOfLog {
			return
		}
		if err := errors.Join(err, lines.write("%s\n", line[:n])); err != nil {
			panic(err)
		}
	}
}

// endOfLog is the line behind which syslogd reads no other: a socket keeps the order.
const endOfLog = "the end"

func sendEnd() error {
	conn, err := net.Dial("unixgram", "/dev/log")
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.WriteString(conn, endOfLog)
	return err
}
