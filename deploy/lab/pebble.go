package lab

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// startTime bounds how long anything here may take to start.
const startTime = time.Minute

// PebbleOptions say how the certification authority behaves. The zero value of
// each but Dir is a patient, friendly CA.
type PebbleOptions struct {
	Dir            string                   // where its configuration and logs go; a subdirectory is made for them
	HTTPPort       int                      // where it looks for http-01 answers, on every host
	TLSPort        int                      // where it looks for tls-alpn-01 answers, on every host
	AlwaysValid    bool                     // it takes every challenge for answered, without a look
	Strict         bool                     // it refuses what future versions will
	NonceReject    int                      // the percentage of good nonces that it refuses
	AuthzReuse     int                      // the percentage of authorizations that a second order finds valid already
	ChainLength    int                      // intermediate certificates between leaf and root; 0 means 1
	AlternateRoots int                      // further roots, each with a chain of its own to the same certificate
	RetryAuthz     int                      // Retry-After of a pending authorization, in seconds
	RetryOrder     int                      // Retry-After of a processing order, in seconds
	ExternalKeys   map[string]string        // key identifier → MAC key in base64url: registering needs one of them
	Profiles       map[string]time.Duration // name → validity; without any, one of its own
	BlockedNames   []string                 // names that it refuses to certify
	Resolver       string                   // HOST:PORT of the name server that it asks; "" is one of its own
	SlowChallenge  bool                     // it waits up to 5 s before each validation, as Pebble does by default
}

// Pebble is a running certification authority: Let's Encrypt's test server,
// with a name server that says 127.0.0.1 for every name.
type Pebble struct {
	Directory  string // URL of the ACME directory
	Roots      string // PEM file: the root that verifies the TLS of Directory and Management
	Management string // base URL of Pebble's management interface
	Client     *http.Client
	Names      *NameServer
	Process    *Process
}

// StartPebble starts Pebble and its name server, and returns when the directory
// answers.
func StartPebble(ctx context.Context, programs Programs, o PebbleOptions) (*Pebble, error) {
	dir, err := os.MkdirTemp(o.Dir, "pebble-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // an overseer of another user reads Roots
	}
	if err != nil {
		return nil, err
	}
	identity, err := MakeIdentity(dir)
	if err != nil {
		return nil, err
	}
	names, err := startNameServer(ctx, programs.NameServer, dir)
	if err != nil {
		return nil, err
	}
	p, err := retry(func() (*Pebble, error) {
		return startPebble(ctx, programs, dir, o, identity, names)
	})
	if err != nil {
		return nil, errors.Join(err, names.Stop())
	}
	return p, nil
}

func startPebble(ctx context.Context, programs Programs, dir string, o PebbleOptions, id Identity, names *NameServer) (*Pebble, error) {
	ports, err := FreePorts(2)
	if err != nil {
		return nil, err
	}
	p := &Pebble{
		Directory:  "https://" + Loopback(ports[0]) + "/dir",
		Management: "https://" + Loopback(ports[1]),
		Roots:      id.Root,
		Client:     &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: id.Pool}}},
		Names:      names,
	}
	conf := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(conf, o.configuration(ports, id), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(programs.Pebble, "-config", conf, "-dnsserver", cmp.Or(o.Resolver, names.DNS), "-strict="+strconv.FormatBool(o.Strict))
	cmd.Env = append(o.environment(), programs.Clock.passing()...)
	if p.Process, err = Start(logFile(dir, "pebble", ports[0]), cmd); err != nil {
		return nil, err
	}
	_, err = stopUnless(p.Process, p.awaitReady(ctx))
	return p, err
}

func (p *Pebble) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return p.Process.Await(ctx, func(ctx context.Context) error {
		_, errDirectory := p.get(ctx, p.Directory)
		_, errManagement := p.get(ctx, p.Management+"/roots/0")
		return errors.Join(errDirectory, errManagement)
	})
}

// Log returns what Pebble has said so far.
func (p *Pebble) Log() string { return p.Process.Log() }

// Stop ends Pebble and its name server.
func (p *Pebble) Stop() error {
	p.Client.CloseIdleConnections()
	return errors.Join(p.Process.Stop(), p.Names.Stop())
}

// IssuingRoot returns, in PEM, the root that Pebble's certificates lead to. It
// makes a new one each time it starts.
func (p *Pebble) IssuingRoot(ctx context.Context) ([]byte, error) {
	return p.get(ctx, p.Management+"/roots/0")
}

func (p *Pebble) get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := p.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

// configuration is what Pebble reads from its file.
func (o PebbleOptions) configuration(ports []int, id Identity) []byte {
	type object map[string]any
	pebble := object{
		"listenAddress":                  Loopback(ports[0]),
		"managementListenAddress":        Loopback(ports[1]),
		"certificate":                    id.Certificate,
		"privateKey":                     id.Key,
		"httpPort":                       o.HTTPPort,
		"tlsPort":                        o.TLSPort,
		"externalAccountBindingRequired": len(o.ExternalKeys) > 0,
		"externalAccountMACKeys":         o.ExternalKeys,
		"domainBlocklist":                o.BlockedNames,
		"retryAfter":                     object{"authz": o.RetryAuthz, "order": o.RetryOrder},
		"keyAlgorithm":                   "ecdsa",
	}
	profiles := make(map[string]object)
	for name, validity := range o.Profiles {
		profiles[name] = object{"description": name, "validityPeriod": int(validity.Seconds())}
	}
	pebble["profiles"] = profiles
	text, err := json.MarshalIndent(object{"pebble": pebble}, "", "  ")
	if err != nil {
		panic(err) // strings and numbers only
	}
	return text
}

// environment is the whole of what Pebble sees: nothing of ours changes it.
func (o PebbleOptions) environment() []string {
	return []string{
		"PEBBLE_WFE_NONCEREJECT=" + strconv.Itoa(o.NonceReject),
		"PEBBLE_AUTHZREUSE=" + strconv.Itoa(o.AuthzReuse),
		"PEBBLE_ALTERNATE_ROOTS=" + strconv.Itoa(o.AlternateRoots),
		"PEBBLE_CHAIN_LENGTH=" + strconv.Itoa(max(o.ChainLength, 1)),
		"PEBBLE_VA_NOSLEEP=" + flag(!o.SlowChallenge),
		"PEBBLE_VA_ALWAYS_VALID=" + flag(o.AlwaysValid),
	}
}

func flag(set bool) string {
	if set {
		return "1"
	}
	return ""
}

// logFile names the log of one try to start a server.
func logFile(dir, name string, port int) string {
	return filepath.Join(dir, fmt.Sprintf("%s-%d.log", name, port))
}
