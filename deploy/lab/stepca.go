package lab

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// StepCAOptions say how step-ca behaves. Dir is required.
type StepCAOptions struct {
	Dir      string // where its configuration, its database and its log go
	HTTPPort int    // where it looks for http-01 answers, on every host
	TLSPort  int    // where it looks for tls-alpn-01 answers; 0 for any free one
	Resolver string // HOST:PORT of the name server that it asks; "" is its own
	// External has a second provisioner, whose accounts must be bound to an account
	// elsewhere (RFC 8555 section 7.3.4); its directory is External of the StepCA.
	External bool
}

// StepCA is a running certification authority that was not written by those who wrote
// Pebble: what works with both is not for one of them.
type StepCA struct {
	Directory string // URL of the ACME directory
	External  string // that of the provisioner that wants accounts bound
	Root      string // PEM file: the root of its own TLS and of its certificates
	Client    *http.Client
	Names     *NameServer
	Process   *Process
}

// StartStepCA starts it, with a name server that says 127.0.0.1 for every name, and
// returns when its directory answers.
func StartStepCA(ctx context.Context, programs Programs, o StepCAOptions) (*StepCA, error) {
	program, err := buildStepCA()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "step-ca-")
	if err != nil {
		return nil, err
	}
	pool, err := makeStepAuthority(dir)
	if err != nil {
		return nil, err
	}
	names, err := startNameServer(ctx, programs.NameServer, dir)
	if err != nil {
		return nil, err
	}
	s, err := retry(func() (*StepCA, error) { return startStepCA(ctx, program, dir, o, pool, names) })
	if err != nil {
		return nil, errors.Join(err, names.Stop())
	}
	return s, nil
}

// MustStepCA starts it for the time of the test.
func MustStepCA(tb TB, programs Programs, o StepCAOptions) *StepCA {
	tb.Helper()
	ca, err := StartStepCA(tb.Context(), programs, o)
	if err != nil {
		tb.Fatal(err)
	}
	stopAfter(tb, "step-ca's log", ca)
	return ca
}

func startStepCA(ctx context.Context, program, dir string, o StepCAOptions, pool *x509.CertPool, names *NameServer) (*StepCA, error) {
	ports, err := FreePorts(2)
	if err != nil {
		return nil, err
	}
	if o.TLSPort == 0 {
		o.TLSPort = ports[1]
	}
	base := "https://" + Loopback(ports[0]) + "/acme/"
	s := &StepCA{Directory: base + "lab/directory", External: base + "bound/directory", Root: filepath.Join(dir, "root.pem"), Names: names,
		Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}}
	configuration := filepath.Join(dir, "ca.json")
	if err := os.WriteFile(configuration, o.configuration(dir, Loopback(ports[0])), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, configuration, "--insecure", "--acme-http-port", strconv.Itoa(o.HTTPPort),
		"--acme-tls-port", strconv.Itoa(o.TLSPort), "--resolver", cmp.Or(o.Resolver, names.DNS))
	cmd.Env = []string{"HOME=" + dir, "STEPPATH=" + dir}
	if s.Process, err = Start(logFile(dir, "step-ca", ports[0]), cmd); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	_, err = stopUnless(s.Process, s.Process.Await(ctx, s.answers))
	return s, err
}

func (s *StepCA) answers(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Directory, nil)
	if err != nil {
		return err
	}
	response, err := s.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", s.Directory, response.Status)
	}
	return nil
}

// Log returns what it has said so far.
func (s *StepCA) Log() string { return s.Process.Log() }

// Stop ends it and its name server.
func (s *StepCA) Stop() error {
	s.Client.CloseIdleConnections()
	return errors.Join(s.Process.Stop(), s.Names.Stop())
}

// configuration is what step-ca reads from its file.
func (o StepCAOptions) configuration(dir, address string) []byte {
	type object map[string]any
	acme := func(name string, external bool) object {
		return object{"type": "ACME", "name": name, "forceCN": false, "requireEAB": external,
			"challenges": []string{"http-01", "dns-01", "tls-alpn-01"}, "claims": object{"maxTLSCertDuration": "2160h", "defaultTLSCertDuration": "2160h"}}
	}
	provisioners := []object{acme("lab", false)}
	if o.External {
		provisioners = append(provisioners, acme("bound", true))
	}
	text, err := json.MarshalIndent(object{
		"root": filepath.Join(dir, "root.pem"), "crt": filepath.Join(dir, "intermediate.pem"), "key": filepath.Join(dir, "intermediate-key.pem"),
		"address": address, "dnsNames": []string{"localhost", "127.0.0.1"},
		"db":        object{"type": "badgerv2", "dataSource": filepath.Join(dir, "db")},
		"authority": object{"provisioners": provisioners},
	}, "", "  ")
	if err != nil {
		panic(err) // strings and flags only
	}
	return text
}

// makeStepAuthority writes root.pem, intermediate.pem and intermediate-key.pem, and
// returns a pool of the root.
func makeStepAuthority(dir string) (*x509.CertPool, error) {
	root, err := sign(draft("wCME lab root"), nil)
	if err != nil {
		return nil, err
	}
	wanted := draft("wCME lab intermediate")
	wanted.SerialNumber.SetInt64(time.Now().UnixNano() + 1)
	intermediate, err := sign(wanted, root)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(intermediate.key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(root.certificate)
	return pool, errors.Join(
		writePEM(filepath.Join(dir, "root.pem"), "CERTIFICATE", root.certificate.Raw, 0o644),
		writePEM(filepath.Join(dir, "intermediate.pem"), "CERTIFICATE", intermediate.certificate.Raw, 0o644),
		writePEM(filepath.Join(dir, "intermediate-key.pem"), "PRIVATE KEY", key, 0o600))
}
