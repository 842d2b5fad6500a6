package soho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wcme/deploy/lab"
)

// The networks of the picture: the Internet, which this process is a host of when
// it plays it, and that of the office. Only the front is in both.
const (
	outsideIP = "203.0.113.10"
	publicIP  = "203.0.113.3"
	frontIP   = "192.168.1.3"
	caName    = "ca.example.test" // which the front alone knows
)

// ip is the program of Debian's package iproute2.
const ip = "/usr/sbin/ip"

// playing is set, in the environment, in a process that has a network of its own.
const playing = "WCME_SOHO_NETWORK"

// TestRightsOneWay plays the picture in networks of their own: the authority
// reaches the front and nothing behind it, the internal host the front and nothing
// beyond it. The challenge comes in through the front, by the files of this
// directory as they are, and the requests go out through the proxy on it.
func TestRightsOneWay(t *testing.T) {
	if os.Getenv(playing) == "" {
		playInNetwork(t)
		return
	}
	command(t, ip, "link", "set", "lo", "up")
	programs := lab.MustBuild(t)
	for _, f := range fronts() {
		t.Run(f.name, func(t *testing.T) {
			office := newOffice(t)
			inside := newHost(t, office.inside, "inside-apache.conf")
			if port := f.start(t, office.front, inside.address); port != 80 {
				t.Fatalf("the front listens on port %d", port)
			}
			proxy := lab.MustTinyproxy(t, lab.TinyproxyOptions{Dir: lab.TempDir(t), Address: frontIP, Enter: office.front.enter})
			pebble := lab.MustPebble(t, programs, lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80})
			if err := pebble.Names.Point(t.Context(), name, publicIP); err != nil {
				t.Fatal(err)
			}
			directory, roots := gate(t, pebble, net.JoinHostPort(outsideIP, "443"), caName)
			office.testCut(t, inside)
			inside.trust(t, directory, roots, fmt.Sprintf("proxy = \"http://%s\"\n", proxy.Address))
			inside.certify(t, pebble)
			if want := "CONNECT " + caName + ":443 "; !strings.Contains(proxy.Log(), want) {
				t.Errorf("the proxy's log has no %q:\n%s", want, proxy.Log())
			}
			testPassage(t, inside, net.JoinHostPort(publicIP, "80"))
		})
	}
}

// playInNetwork runs this test again, in a process whose network is its own. All
// of it is gone when the process has ended.
func playInNetwork(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	play := exec.CommandContext(t.Context(), "/usr/bin/unshare", "--net", "--mount", "--kill-child", "--fork", "--",
		self, "-test.run=^TestRightsOneWay$", "-test.v")
	play.Env = append(os.Environ(), playing+"=1")
	output, err := play.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("--- PASS: TestRightsOneWay/nginx")) {
		t.Fatalf("in a network of its own: %v\n%s", err, output)
	}
}

// office is two hosts, each with a network of its own.
type office struct{ front, inside room }

// newOffice makes the hosts, and joins the front with ours and with the other one.
func newOffice(t *testing.T) office {
	t.Helper()
	front, inside := newNamespace(t, "front"), newNamespace(t, "inside")
	command(t, ip, "link", "add", "internet", "type", "veth", "peer", "name", "public", "netns", front.id())
	front.command(t, ip, "link", "add", "office", "type", "veth", "peer", "name", "lan", "netns", inside.id())
	t.Cleanup(func() { succeed(t, exec.Command(ip, "link", "delete", "internet")) }) // the kernel takes its time
	command(t, ip, "address", "add", outsideIP+"/24", "dev", "internet")
	command(t, ip, "link", "set", "internet", "up")
	front.command(t, ip, "address", "add", publicIP+"/24", "dev", "public")
	front.command(t, ip, "link", "set", "public", "up")
	front.command(t, ip, "address", "add", frontIP+"/24", "dev", "office")
	front.command(t, ip, "link", "set", "office", "up")
	inside.command(t, ip, "address", "add", insideIP+"/24", "dev", "lan")
	inside.command(t, ip, "link", "set", "lan", "up")
	front.command(t, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")
	hosts := filepath.Join(lab.TempDir(t), "hosts")
	write(t, hosts, "127.0.0.1 localhost\n"+outsideIP+" "+caName+"\n")
	front.command(t, "mount", "--bind", hosts, "/etc/hosts")
	return office{front: room{ip: publicIP, port: 80, enter: front.enter}, inside: room{ip: insideIP, port: 80, enter: inside.enter}}
}

// testCut makes sure that there is no other way than through the front.
func (o office) testCut(t *testing.T, inside *host) {
	t.Helper()
	if conn, err := net.DialTimeout("tcp", net.JoinHostPort(insideIP, "80"), time.Second); err == nil {
		conn.Close()
		t.Error("the internal host is reached from outside")
	}
	connect := o.inside.enter(exec.CommandContext(t.Context(), "/bin/bash", "-c", "exec 3<>/dev/tcp/"+outsideIP+"/443"))
	if output, err := connect.CombinedOutput(); err == nil || !strings.Contains(string(output), "unreachable") {
		t.Errorf("the internal host reaches the outside: %v %s", err, output)
	}
	if lookup := o.inside.enter(exec.CommandContext(t.Context(), "/usr/bin/getent", "hosts", caName)); lookup.Run() == nil {
		t.Error("the internal host knows the authority's address")
	}
}

// namespace is a network, and what is mounted, of one host; a process keeps them.
type namespace struct{ keeper *lab.Process }

func newNamespace(t *testing.T, name string) namespace {
	t.Helper()
	keeper, err := lab.Start(filepath.Join(lab.TempDir(t), name+".log"),
		exec.Command("/usr/bin/unshare", "--net", "--mount", "--", "sleep", "infinity"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keeper.Stop(); err != nil {
			t.Error(err)
		}
	})
	n := namespace{keeper}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := keeper.Await(ctx, n.isOwn); err != nil {
		t.Fatal(err)
	}
	n.command(t, ip, "link", "set", "lo", "up")
	return n
}

// isOwn returns no error when the keeper has left our namespaces, which it does
// after it was started.
func (n namespace) isOwn(context.Context) error {
	program, err := os.Readlink("/proc/" + n.id() + "/exe")
	if err == nil && filepath.Base(program) != "sleep" {
		err = errors.New("the namespaces are not there yet")
	}
	return err
}

func (n namespace) id() string { return strconv.Itoa(n.keeper.PID()) }

// enter changes a command so that it runs there.
func (n namespace) enter(command *exec.Cmd) *exec.Cmd {
	place := "/proc/" + n.id() + "/ns/"
	arguments := append([]string{"--net=" + place + "net", "--mount=" + place + "mnt", "--", command.Path}, command.Args[1:]...)
	entered := exec.Command("/usr/bin/nsenter", arguments...)
	entered.Env, entered.Dir = command.Env, command.Dir
	return entered
}

// command runs a program there, which must succeed.
func (n namespace) command(t *testing.T, words ...string) {
	t.Helper()
	succeed(t, n.enter(exec.Command(words[0], words[1:]...)))
}

// command runs a program here, which must succeed.
func command(t *testing.T, words ...string) {
	t.Helper()
	succeed(t, exec.Command(words[0], words[1:]...))
}

func succeed(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, output)
	}
}
