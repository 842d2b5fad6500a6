// Package twokinds_test runs real servers with an RSA and an ECDSA certificate for one
// host, as `key = ["ec256", "rsa2048"]` makes them, and visits them as clients that take
// one kind alone.
package twokinds_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// The formats that each server wants of the two.
const targets = `
[[install]]
name = "haproxy"
dir = "%[1]s/haproxy"
format = "haproxy"
file = "{host}.pem.{key}"

[[install]]
name = "pairs"
dir = "%[1]s/pairs"
format = "split"
file = "{host}.{key}.crt"
key_file = "{host}.{key}.key"
`

const haproxyConfig = `global
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend site
    bind 127.0.0.1:%[1]d ssl crt %[2]s/haproxy/
    http-request return status 200
`

const nginxConfig = `daemon off;
error_log stderr;
pid %[2]s/nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path %[2]s/nginx-body;
    proxy_temp_path %[2]s/nginx-proxy;
    fastcgi_temp_path %[2]s/nginx-fastcgi;
    uwsgi_temp_path %[2]s/nginx-uwsgi;
    scgi_temp_path %[2]s/nginx-scgi;
    server {
        listen 127.0.0.1:%[1]d ssl;
        server_name www.example.test;
        ssl_certificate %[2]s/pairs/www.example.test.ecdsa.crt;
        ssl_certificate_key %[2]s/pairs/www.example.test.ecdsa.key;
        ssl_certificate %[2]s/pairs/www.example.test.rsa.crt;
        ssl_certificate_key %[2]s/pairs/www.example.test.rsa.key;
    }
}
`

const apacheConfig = `<VirtualHost *:${LAB_HTTPS}>
    ServerName www.example.test
    SSLEngine on
    SSLCertificateFile %[1]s/pairs/www.example.test.ecdsa.crt
    SSLCertificateKeyFile %[1]s/pairs/www.example.test.ecdsa.key
    SSLCertificateFile %[1]s/pairs/www.example.test.rsa.crt
    SSLCertificateKeyFile %[1]s/pairs/www.example.test.rsa.key
</VirtualHost>
`

// TestEachClientGetsItsKind asks three servers, and then wCME itself what visitors see.
func TestEachClientGetsItsKind(t *testing.T) {
	t.Parallel()
	dir := lab.TempDir(t)
	programs := lab.MustBuild(t)
	root := filepath.Join(dir, "state")
	wcme := func(args ...string) string {
		t.Helper()
		output, err := programs.Command(t.Context(), root, args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("wcme %q: %v\n%s", args, err, output)
		}
		return string(output)
	}
	for _, sub := range []string{"haproxy", "pairs"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	pebble := lab.MustPebble(t, programs, lab.PebbleOptions{Dir: dir, HTTPPort: 80, AlwaysValid: true})
	configuration := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\nkey = [\"ec256\", \"rsa2048\"]\nverify.ports = []\n[authority.lab]\ndirectory = %q\nroots = %q\n",
		pebble.Directory, pebble.Roots) + fmt.Sprintf(targets, dir)
	configure := func(more string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "etc", "wcme.toml"), []byte(strings.Replace(configuration, "verify.ports = []\n", more, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wcme("setup", "--web-user", "")
	configure("verify.ports = []\n")
	wcme("register")
	wcme("certify", "www.example.test")

	servers := map[string]int{"HAProxy": haproxy(t, dir), "nginx": nginx(t, dir), "Apache": apache(t, dir)}
	probes := make([]string, 0, len(servers))
	for name, port := range servers {
		for suite, want := range map[uint16]x509.PublicKeyAlgorithm{
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:   x509.RSA,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: x509.ECDSA,
		} {
			if got, err := presented(port, suite); err != nil || got != want {
				t.Errorf("%s to a client of %v alone: got %v, %v", name, want, got, err)
			}
		}
		probes = append(probes, fmt.Sprintf("\"127.0.0.1:%d\"", port))
	}
	configure("verify.ports = [\"443\"]\nverify.probe = [" + strings.Join(probes, ", ") + "]\n")
	seen := wcme("check", "served")
	if strings.Contains(seen, "serves other") || !strings.Contains(seen, "www_example_test_rsa2048") {
		t.Errorf("check served: got\n%s", seen)
	}
}

// presented is the algorithm of the key that a client with that cipher suite alone meets.
func presented(port int, suite uint16) (x509.PublicKeyAlgorithm, error) {
	conn, err := tls.Dial("tcp", lab.Loopback(port), &tls.Config{ServerName: "www.example.test", InsecureSkipVerify: true, // the lab's CA is nobody's
		MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].PublicKeyAlgorithm, nil
}

func haproxy(t *testing.T, dir string) (port int) {
	const program = "/usr/sbin/haproxy"
	path := filepath.Join(dir, "haproxy.cfg")
	server := lab.MustServer(t, lab.ServerOptions{Name: "haproxy", Dir: dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		err = os.WriteFile(path, fmt.Appendf(nil, haproxyConfig, ports[0], dir), 0o600)
		return exec.Command(program, "-c", "-f", path), exec.Command(program, "-db", "-f", path), err
	}})
	return server.Ports[0]
}

func nginx(t *testing.T, dir string) (port int) {
	const program = "/usr/sbin/nginx"
	path := filepath.Join(dir, "nginx.conf")
	server := lab.MustServer(t, lab.ServerOptions{Name: "nginx", Dir: dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		err = os.WriteFile(path, fmt.Appendf(nil, nginxConfig, ports[0], dir), 0o600)
		return exec.Command(program, "-t", "-c", path, "-e", "stderr"), exec.Command(program, "-c", path, "-e", "stderr"), err
	}})
	return server.Ports[0]
}

func apache(t *testing.T, dir string) (port int) {
	t.Helper()
	server := lab.MustApache(t, lab.ApacheOptions{Dir: dir, Site: fmt.Sprintf(apacheConfig, dir)})
	return server.TLSPort
}
