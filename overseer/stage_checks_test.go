package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"wcme/deploy/lab"
)

func (s *stage) port(ts *testscript.TestScript, args []string) error {
	port, err := lab.FreePort()
	ts.Setenv(args[0], fmt.Sprint(port))
	return err
}

// fetch sends the path as it is: a client of net/http would clean it.
func (s *stage) fetch(ts *testscript.TestScript, args []string) error {
	address, path, _ := strings.Cut(strings.TrimPrefix(args[1], "http://"), "/")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(ts.Stdout(), response.Body); err != nil {
		return err
	}
	if got := fmt.Sprint(response.StatusCode); got != args[0] {
		return fmt.Errorf("status: got %s, want %s", got, args[0])
	}
	return nil
}

func (s *stage) snapshot(_ *testscript.TestScript, args []string) (err error) {
	s.trees[args[0]], err = readTree(s.root)
	return err
}

func (s *stage) unchanged(_ *testscript.TestScript, args []string) error {
	now, err := readTree(s.root)
	if err != nil {
		return err
	}
	if lines := s.trees[args[0]].difference(now); lines != "" {
		return fmt.Errorf("the state directory is not as it was:\n%s", lines)
	}
	return nil
}

func (s *stage) mode(ts *testscript.TestScript, args []string) error {
	for _, path := range args[1:] {
		info, err := os.Lstat(ts.MkAbs(path))
		if err != nil {
			return err
		}
		if got := info.Mode().String(); got != args[0] {
			return fmt.Errorf("mode of %s: got %s, want %s", path, got, args[0])
		}
	}
	return nil
}

func (s *stage) empty(ts *testscript.TestScript, args []string) error {
	for _, path := range args {
		entries, err := os.ReadDir(ts.MkAbs(path))
		if err != nil {
			return err
		}
		entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), ".wcme-alive.json") }) // an overseer's
		if len(entries) > 0 {
			return fmt.Errorf("%s is not empty: %v", path, entries)
		}
	}
	return nil
}

func (s *stage) pair(ts *testscript.TestScript, args []string) error {
	root, err := s.pebble.IssuingRoot(s.Context())
	if err != nil {
		return err
	}
	_, err = lab.CheckChain(ts.MkAbs(args[0]), root, args[1:]...)
	return err
}

func (s *stage) leaf(ts *testscript.TestScript, args []string) error {
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil {
		return fmt.Errorf("%s has no PEM in it", args[0])
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	switch key := certificate.PublicKey.(type) {
	case *ecdsa.PublicKey:
		fmt.Fprintf(ts.Stdout(), "ECDSA %s\n", key.Params().Name)
	case *rsa.PublicKey:
		fmt.Fprintf(ts.Stdout(), "RSA %d\n", key.N.BitLen())
	}
	fmt.Fprintf(ts.Stdout(), "%x\n", sha256.Sum256(certificate.Raw))
	return nil
}

func (s *stage) json(ts *testscript.TestScript, args []string) error {
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		return fmt.Errorf("%s is no JSON: %s", args[0], text)
	}
	return nil
}
