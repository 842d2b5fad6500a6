// Command order obtains certificates by golang.org/x/crypto/acme, as the examples of
// that library do, and does nothing else: it makes an account, orders each, answers
// http-01 by a file, and writes chain and key. That is what wCME's orders are measured
// against.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/acme"
)

var errNoChallenge = errors.New("the CA offers no http-01")

// client is one that is set up, with the directories for what it writes.
type client struct {
	*acme.Client
	challenges, dir string
}

func main() {
	directory := flag.String("directory", "", "URL of the CA's directory")
	roots := flag.String("roots", "", "PEM file that the CA's TLS is verified with")
	challenges := flag.String("challenges", "", "directory that challenges are answered from")
	orders := flag.Int("orders", 1, "certificates to obtain")
	lanes := flag.Int("lanes", 1, "orders at a time")
	flag.Parse()
	ctx := context.Background()
	c, err := newClient(ctx, *directory, *roots)
	if err == nil {
		c.challenges, c.dir = *challenges, flag.Arg(0)
		err = c.all(ctx, *orders, *lanes)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newClient(ctx context.Context, directory, roots string) (*client, error) {
	text, err := os.ReadFile(roots)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &client{Client: &acme.Client{Key: key, DirectoryURL: directory,
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}}}
	_, err = c.Register(ctx, new(acme.Account), acme.AcceptTOS)
	return c, err
}

// all obtains the certificates, some at a time.
func (c *client) all(ctx context.Context, orders, lanes int) error {
	numbers, problems := make(chan int), make([]error, orders)
	var working sync.WaitGroup
	for range lanes {
		working.Go(func() {
			for number := range numbers {
				problems[number] = c.obtain(ctx, fmt.Sprintf("host%d.bench.test", number))
			}
		})
	}
	for number := range orders {
		numbers <- number
	}
	close(numbers)
	working.Wait()
	return errors.Join(problems...)
}

func (c *client) obtain(ctx context.Context, name string) error {
	names := []string{name, "www." + name}
	order, err := c.AuthorizeOrder(ctx, acme.DomainIDs(names...))
	if err != nil {
		return err
	}
	for _, url := range order.AuthzURLs {
		if err := c.authorize(ctx, url); err != nil {
			return err
		}
	}
	if _, err = c.WaitOrder(ctx, order.URI); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: names}, key)
	if err != nil {
		return err
	}
	chain, _, err := c.CreateCertFromOrder(ctx, order, request, true)
	if err != nil {
		return err
	}
	return c.keep(name, key, chain)
}

// authorize answers the challenge of one name.
func (c *client) authorize(ctx context.Context, url string) error {
	authorization, err := c.GetAuthorization(ctx, url)
	if err != nil || authorization.Status == acme.StatusValid {
		return err
	}
	for _, challenge := range authorization.Challenges {
		if challenge.Type != "http-01" {
			continue
		}
		text, err := c.HTTP01ChallengeResponse(challenge.Token)
		if err != nil {
			return err
		}
		path := filepath.Join(c.challenges, challenge.Token)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
		defer os.Remove(path)
		if _, err := c.Accept(ctx, challenge); err != nil {
			return err
		}
		_, err = c.WaitAuthorization(ctx, url)
		return err
	}
	return errNoChallenge
}

func (c *client) keep(name string, key *ecdsa.PrivateKey, chain [][]byte) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	var text []byte
	for _, certificate := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
	}
	fmt.Println(name, "obtained")
	return errors.Join(
		os.WriteFile(filepath.Join(c.dir, name+"-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
		os.WriteFile(filepath.Join(c.dir, name+".pem"), text, 0o644))
}
