// Command due is what a program around a library of ACME does to find the
// certificates to renew, and nothing else: it reads each, parses it and looks how
// much of its life is left. That is what a pass of wCME is measured against.
//
//	due [--keys] DIR
//
// DIR has a directory for each certificate, and in it current/fullchain.pem and
// current/key.pem. --keys reads the keys too, and compares them.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func main() {
	keys := flag.Bool("keys", false, "read the keys too")
	flag.Parse()
	if err := run(flag.Arg(0), *keys); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string, keys bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	due := 0
	for _, entry := range entries {
		read := leaf
		if keys {
			read = pair
		}
		certificate, err := read(filepath.Join(dir, entry.Name(), "current"))
		if err != nil {
			return err
		}
		if time.Until(certificate.NotAfter) < certificate.NotAfter.Sub(certificate.NotBefore)/3 {
			due++
		}
	}
	fmt.Printf("%d of %d are due\n", due, len(entries))
	return nil
}

func leaf(dir string) (*x509.Certificate, error) {
	text, err := os.ReadFile(filepath.Join(dir, "fullchain.pem"))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM in " + dir)
	}
	return x509.ParseCertificate(block.Bytes)
}

func pair(dir string) (*x509.Certificate, error) {
	loaded, err := tls.LoadX509KeyPair(filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "key.pem"))
	return loaded.Leaf, err
}
