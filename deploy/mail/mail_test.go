// Package mail_test installs a certificate as the configurations of this directory
// say, with users and directories of its own in their place.
package mail_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"wcme/deploy/lab"
)

// host has the directories of all five mail servers, and programs that note how they
// were called in place of theirs.
type host struct {
	*testing.T
	dir, state string
	programs   lab.Programs
}

// TestRightsMailServersFindTheirFiles: only root gives files away.
func TestRightsMailServersFindTheirFiles(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.wcme("register")
	h.wcme("certify", "mail.example.org")

	t.Run("each in its place, with its owner and mode", h.testFiles)
	t.Run("each server was told", h.testCalls)
	t.Run("Postfix takes the key first", h.testPostfix)
}

// paths puts this host's places and users in the place of the real ones.
func (h *host) paths() *strings.Replacer {
	return strings.NewReplacer("/etc/postfix", h.dir+"/postfix", "/etc/dovecot", h.dir+"/dovecot", "/etc/exim4", h.dir+"/exim4",
		"/var/qmail", h.dir+"/qmail", "/etc/service", h.dir+"/service", "/etc/init.d", h.dir+"/bin", "/usr/local/sbin", h.dir+"/bin",
		"/usr/sbin", h.dir+"/bin", "/usr/bin", h.dir+"/bin", "/pmdf/bin", h.dir+"/bin", "/pmdf/table", h.dir+"/pmdf/table",
		`"+"`, `["`+h.dir+`/bin/standard"]`, // the servers of this host are not this test's
		`"qmaild"`, `"daemon"`, ":Debian-exim", ":mail", `"pmdf"`+"\nmode", `"games"`+"\nmode")
}

func newHost(t *testing.T) *host {
	t.Helper()
	dir := lab.TempDir(t)
	h := &host{T: t, dir: dir, state: filepath.Join(dir, "state"), programs: lab.MustBuild(t)}
	for _, made := range []string{"bin", "postfix/tls", "dovecot/private", "exim4/tls", "qmail/control", "pmdf/table"} {
		if err := os.MkdirAll(filepath.Join(dir, made), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	note := "#!/bin/sh\necho \"${0##*/} $*\" >>" + dir + "/calls\n"
	for _, program := range []string{"postfix", "doveadm", "svc", "standard", "pmdf", "pmas"} {
		h.write(filepath.Join("bin", program), note, 0o755)
	}
	h.write("bin/load-pmdf", h.read("load-pmdf"), 0o755)
	pebble := lab.MustPebble(t, h.programs, lab.PebbleOptions{Dir: dir, HTTPPort: 80, AlwaysValid: true})
	h.wcme("setup", "--web-user", "")
	text := fmt.Sprintf("ca = \"lab\"\naccept_terms = true\n[authority.lab]\ndirectory = %q\nroots = %q\n[verify]\nports = []\n[report]\nopcom = [\"none\"]\n",
		pebble.Directory, pebble.Roots)
	for _, server := range []string{"postfix", "dovecot", "exim", "qmail", "pmdf"} {
		text += h.read(server + ".toml")
	}
	h.write("state/etc/wcme.toml", text, 0o600)
	return h
}

// read returns a file of this directory, with this host's paths.
func (h *host) read(name string) string {
	h.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		h.Fatal(err)
	}
	return h.paths().Replace(string(text))
}

func (h *host) write(name, text string, mode fs.FileMode) {
	h.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), mode); err != nil {
		h.Fatal(err)
	}
}

func (h *host) wcme(verb string, args ...string) {
	h.Helper()
	if output, err := h.programs.Command(h.Context(), h.state, verb, args...).CombinedOutput(); err != nil {
		h.Fatalf("wcme %s: %v\n%s", verb, err, output)
	}
}

func (h *host) testFiles(t *testing.T) {
	for path, want := range map[string]string{
		"postfix/tls/mail.example.org.pem":               "-rw------- root:root PRIVATE KEY, CERTIFICATE",
		"dovecot/private/fullchain_mail_example_org.pem": "-rw------- root:root CERTIFICATE, PRIVATE KEY",
		"exim4/tls/fullchain_mail_example_org.pem":       "-rw-r----- root:mail CERTIFICATE, PRIVATE KEY",
		"qmail/control/servercert.pem":                   "-rw------- daemon:root CERTIFICATE, PRIVATE KEY",
		"pmdf/table/wucme_c_mail_example_org.pem":        "-rw-r--r-- games:root CERTIFICATE",
		"pmdf/table/wucme_k_mail_example_org.pem":        "-rw------- games:root PRIVATE KEY",
	} {
		if got, err := described(filepath.Join(h.dir, path)); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", path, got, err, want)
		}
	}
}

// described is a file's rights, and the kinds of what is in it, in their order.
func described(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var kinds []string
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		kinds = append(kinds, block.Type)
	}
	owner, ownerErr := user.LookupId(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Uid)))
	group, groupErr := user.LookupGroupId(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Gid)))
	if err := errors.Join(ownerErr, groupErr); err != nil {
		return "", err
	}
	return fmt.Sprintf("%v %s:%s %s", info.Mode(), owner.Username, group.Name, strings.Join(slices.Compact(kinds), ", ")), nil
}

// testCalls: once each, in the order of the configuration.
func (h *host) testCalls(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(h.dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"postfix reload", "doveadm reload", "standard ", "svc -t " + h.dir + "/service/qmail-smtpd", "pmdf restart dispatcher", "pmas restart"}
	if got := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"); !slices.Equal(got, want) {
		t.Errorf("got the calls %q, want %q", got, want)
	}
}

// testPostfix starts the real one with the line of main.cf that postfix.toml has.
func (h *host) testPostfix(t *testing.T) {
	line := regexp.MustCompile(`(?m)^#\t(smtpd_tls_chain_files = .*)$`).FindStringSubmatch(h.read("postfix.toml"))
	if line == nil {
		t.Fatal("postfix.toml has no line for main.cf")
	}
	dir := filepath.Join(h.dir, "real")
	for _, made := range []string{"", "queue", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, made), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	server := lab.MustServer(t, lab.ServerOptions{Name: "postfix", Dir: dir, Ports: 1, Prepare: func(ports []int) (check, run *exec.Cmd, err error) {
		values := struct {
			Dir, Pair string
			Port      int
		}{dir, "", ports[0]}
		for _, file := range []string{"main.cf", "master.cf"} {
			err = errors.Join(err, lab.Fill(filepath.Join("../load/testdata", file+".template"), filepath.Join(dir, file), values))
		}
		main, openErr := os.OpenFile(filepath.Join(dir, "main.cf"), os.O_APPEND|os.O_WRONLY, 0)
		if err = errors.Join(err, openErr); err == nil {
			_, err = fmt.Fprintln(main, line[1])
			err = errors.Join(err, main.Close())
		}
		check = exec.Command("/bin/sh", "-c", `chown postfix "$1/data" && postfix -c "$1" check`, "sh", dir)
		run = exec.Command("/usr/lib/postfix/sbin/master", "-d")
		run.Env = append(os.Environ(), "MAIL_CONFIG="+dir, "MAIL_LOGTAG=postfix")
		return check, run, err
	}})
	conn, err := tls.Dial("tcp", lab.Loopback(server.Ports[0]), &tls.Config{InsecureSkipVerify: true, ServerName: "mail.example.org"})
	if err != nil {
		t.Fatalf("a handshake with Postfix: %v\n%s", err, server.Process.Log())
	}
	defer conn.Close()
	if err := conn.ConnectionState().PeerCertificates[0].VerifyHostname("mail.example.org"); err != nil {
		t.Error(err)
	}
}
