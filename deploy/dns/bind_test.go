// Package dns_test proves names with the configurations of this directory, by a real
// BIND 9: a primary, and a secondary that takes its time.
package dns_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"wcme/deploy/lab"
)

// bind is a primary of example.org and acme.example.net, and a secondary of the first,
// which asks it for news every second or two, and is told none.
type bind struct {
	*testing.T
	dir                string
	primary, secondary string       // HOST:PORT, as the world finds them
	updates            string       // HOST:PORT of the primary itself
	key                string       // the secret of named.conf.local
	slow               *lab.Process // the secondary
}

const soa = "@ IN SOA ns1 root 1 1 1 3600 1\n"

func newBIND(t *testing.T) *bind {
	t.Helper()
	b := &bind{T: t, dir: lab.TempDir(t)}
	text := read(t, "named.conf.local")
	b.key = regexp.MustCompile(`secret "([^"]+)"`).FindStringSubmatch(text)[1]
	ports, err := lab.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	b.updates = lab.Loopback(ports[0])
	first, second := relay(t, b.updates), relay(t, lab.Loopback(ports[1]))
	b.primary, b.secondary = net.JoinHostPort(first, "53"), net.JoinHostPort(second, "53")
	own := "$TTL 60\n" + soa + "@ NS ns1\nns1 A " + first + "\n"
	b.write("primary/db.example.org", own+"ns1 AAAA 2001:db8::53\n@ NS ns2\nns2 A "+second+"\n@ TXT \"v=spf1 -all\"\nwww A 192.0.2.1\n"+
		"_acme-challenge.away CNAME away.acme.example.net.\n_acme-challenge.gone CNAME gone.test.\n")
	b.write("primary/db.acme.example.net", own+"@ NS ns2\nns2 A "+second+"\n")
	b.write("primary/db.test", own)
	b.write("secondary/db.undelegated.test", own)
	b.run("primary", ports[0], strings.ReplaceAll(text, "/var/lib/bind/", "")+`
key "stranger" { algorithm hmac-sha512; secret "c3RyYW5nZXI="; };
zone "acme.example.net" { type primary; file "db.acme.example.net"; update-policy { grant wcme.example.org zonesub TXT; }; };
zone "test" { type primary; file "db.test"; };
`)
	slow := fmt.Sprintf(`
	type secondary; primaries port %d { 127.0.0.1; };
	min-refresh-time 1; max-refresh-time 2; min-retry-time 1; max-retry-time 2;
`, ports[0])
	b.slow = b.run("secondary", ports[1], `
zone "example.org" { file "db.example.org";`+slow+`};
zone "acme.example.net" { file "db.acme.example.net";`+slow+`};
zone "undelegated.test" { type primary; file "db.undelegated.test"; };
`)
	b.awaitTransfer()
	return b
}

// run starts one named, which stays in the foreground and logs to its standard error.
func (b *bind) run(name string, port int, zones string) *lab.Process {
	b.Helper()
	dir := filepath.Join(b.dir, name)
	b.write(name+"/named.conf", fmt.Sprintf(`options {
	directory %[1]q; pid-file none; session-keyfile "session.key"; managed-keys-directory ".";
	listen-on port %[2]d { 127.0.0.1; }; listen-on-v6 { none; };
	allow-recursion { any; }; forward only; forwarders port %[2]d { 127.0.0.1; }; // aliases are followed to zones of its own, and nowhere else
	notify no; dnssec-validation no; allow-transfer { any; };
};
controls {};
%[3]s`, dir, port, zones))
	conf := filepath.Join(dir, "named.conf")
	server := lab.MustServer(b, lab.ServerOptions{Name: name, Dir: b.dir, Listens: func([]int) []string { return []string{lab.Loopback(port)} },
		Prepare: func([]int) (check, run *exec.Cmd, err error) {
			return exec.Command("/usr/bin/named-checkconf", conf), exec.Command("/usr/sbin/named", "-g", "-n", "2", "-c", conf), nil
		}})
	return server.Process
}

// awaitTransfer returns when the secondary has its zones.
func (b *bind) awaitTransfer() {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for _, zone := range []string{"example.org.", "acme.example.net."} {
		err := b.slow.Await(ctx, func(context.Context) error {
			answer, err := ask(zone, mdns.TypeSOA, b.secondary)
			if err == nil && len(answer.Answer) != 1 {
				err = fmt.Errorf("the secondary answers %s", mdns.RcodeToString[answer.Rcode])
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// ask asks a server for records, with more patience than a resolver has.
func ask(name string, kind uint16, address string) (*mdns.Msg, error) {
	client := &mdns.Client{Net: "tcp", Timeout: 30 * time.Second}
	answer, _, err := client.Exchange(new(mdns.Msg).SetQuestion(name, kind), address)
	return answer, err
}

func (b *bind) write(name, text string) {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// zone is what the primary has of a zone, but for its serial number.
func (b *bind) zone(name string) (records []string) {
	b.Helper()
	transfer := &mdns.Transfer{DialTimeout: 30 * time.Second, ReadTimeout: 30 * time.Second}
	answers, err := transfer.In(new(mdns.Msg).SetAxfr(mdns.Fqdn(name)), b.updates)
	if err != nil {
		b.Fatal(err)
	}
	for answer := range answers {
		if answer.Error != nil {
			b.Fatal(answer.Error)
		}
		for _, record := range answer.RR {
			if record.Header().Rrtype != mdns.TypeSOA {
				records = append(records, record.String())
			}
		}
	}
	slices.Sort(records)
	return records
}

// serial is that of the zone example.org at an address.
func (b *bind) serial(address string) uint32 {
	b.Helper()
	answer, err := ask("example.org.", mdns.TypeSOA, address)
	if err != nil || len(answer.Answer) != 1 {
		b.Fatalf("serial: %v, %v", answer, err)
	}
	return answer.Answer[0].(*mdns.SOA).Serial
}

// values are those of a TXT record at the primary.
func (b *bind) values(name string) (values []string) {
	b.Helper()
	answer, err := ask(mdns.Fqdn(name), mdns.TypeTXT, b.updates)
	if err != nil {
		b.Fatal(err)
	}
	for _, record := range answer.Answer {
		values = append(values, strings.Join(record.(*mdns.TXT).Txt, ""))
	}
	slices.Sort(values)
	return values
}
