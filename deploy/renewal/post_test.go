package renewal_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/smtp"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

const post = acmecore.ID("mail_example_test")

// postOffice is Postfix in the places of qmail and of PMDF, as the seeds have them:
// qmail wants one file that is its own user's, PMDF wants two with different
// protections, and both want to be told.
type postOffice struct {
	Dir                    string
	Ports                  []int
	Qmail, Public, Private string // files
	told                   string // where the load action notes what it was told
}

// postfix starts it, with certificates of yesterday.
func (s *site) postfix() *postOffice {
	s.Helper()
	p := &postOffice{Dir: s.mkdir("post"), told: filepath.Join(s.dir, "told")}
	control, table := s.mkdir("post/control"), s.mkdir("post/table")
	p.Qmail = filepath.Join(control, "servercert.pem")
	p.Public, p.Private = filepath.Join(table, "wucme_c_"+string(post)+".pem"), filepath.Join(table, "wucme_k_"+string(post)+".pem")
	both := s.snakeoilFor("mail.example.test")
	for _, file := range []string{p.Qmail, p.Public, p.Private} {
		s.write(file, both, 0o600)
	}
	if err := errors.Join(os.Chmod(p.Public, 0o644), os.MkdirAll(filepath.Join(p.Dir, "queue"), 0o755), os.MkdirAll(filepath.Join(p.Dir, "data"), 0o755)); err != nil {
		s.Fatal(err)
	}
	server := lab.MustServer(s, lab.ServerOptions{Name: "postfix", Dir: p.Dir, Ports: 2, Prepare: p.prepare})
	p.Ports = server.Ports
	return p
}

func (p *postOffice) prepare(ports []int) (check, run *exec.Cmd, err error) {
	p.Ports = ports
	for _, file := range []string{"main.cf", "master.cf"} {
		err = errors.Join(err, lab.Fill(filepath.Join("testdata", file+".template"), filepath.Join(p.Dir, file), p))
	}
	check = exec.Command("/bin/sh", "-c", `chown postfix "$1/data" && postfix -c "$1" check`, "sh", p.Dir)
	run = exec.Command("/usr/lib/postfix/sbin/master", "-d")
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "MAIL_CONFIG=" + p.Dir, "MAIL_LOGTAG=postfix"}
	return check, run, err
}

// tables are what an administrator of such servers writes.
func (p *postOffice) tables() string {
	return fmt.Sprintf(`[[install]]
name = "qmail"
dir = %q
file = "servercert.pem"
owner = "mail"
mode = "0400"
certificates = ["mail.example.test"]

[[install]]
name = "pmdf"
dir = %q
format = "split"
file = "wucme_c_{name}.pem"
key_file = "wucme_k_{name}.pem"

[[load]]
name = "mail"
run = %q

[verify]
patience = "1m"
probe = ["127.0.0.1:%d/smtp", "127.0.0.1:%d/smtp"]
`, filepath.Dir(p.Qmail), filepath.Dir(p.Public),
		fmt.Sprintf(`echo "$WCME_CERTIFICATES: $WCME_CHANGED_FILES" >>%s && postfix -c %s reload`, p.told, p.Dir), p.Ports[0], p.Ports[1])
}

// meet returns the serial of the certificate that another mail server gets.
func (p *postOffice) meet(s *site, port int) string {
	s.Helper()
	client, err := smtp.Dial(lab.Loopback(port))
	if err != nil {
		s.Fatal(err)
	}
	defer client.Close()
	config := &tls.Config{ServerName: "mail.example.test", RootCAs: s.roots(), Time: s.clock.Now}
	if err := client.StartTLS(config); err != nil {
		s.Fatal(err)
	}
	state, _ := client.TLSConnectionState()
	return state.PeerCertificates[0].SerialNumber.Text(16)
}

// rights are a file's owner and mode.
func (s *site) rights(path string) string {
	s.Helper()
	info, err := os.Stat(path)
	if err != nil {
		s.Fatal(err)
	}
	owner, err := user.LookupId(strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Uid)))
	if err != nil {
		s.Fatal(err)
	}
	return fmt.Sprintf("%s %04o", owner.Username, info.Mode().Perm())
}

// TestRightsMailServersOfTheSeeds: only root starts Postfix, and gives files away.
func TestRightsMailServersOfTheSeeds(t *testing.T) {
	t.Parallel()
	s := found(t)
	postfix := s.postfix()
	s.trust(lab.PebbleOptions{AlwaysValid: true, Profiles: map[string]time.Duration{"ninety": 90 * day}})
	s.silentOnWindows()
	s.configure(postfix.tables())
	s.start()
	sampler := lab.StartSampler(t, lab.Pair{Certificate: postfix.Qmail}, lab.Pair{Certificate: postfix.Public, Key: postfix.Private})
	s.run("certify", "mail.example.test")
	s.rest()
	first := s.listed(post)
	s.clock.Set(first.Renewal.At)
	s.awaitRun("the renewal", became(post, acmecore.Renewed))
	now := s.listed(post)
	for _, port := range postfix.Ports {
		if got := postfix.meet(s, port); got != now.Serial || got == first.Serial {
			t.Errorf("port %d: got serial %s, want %s", port, got, now.Serial)
		}
	}
	for path, want := range map[string]string{postfix.Qmail: "mail 0400", postfix.Public: "root 0644", postfix.Private: "root 0600"} {
		if got := s.rights(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	line := fmt.Sprintf("%s: %s\n%s\n%s\n", post, postfix.Qmail, postfix.Public, postfix.Private)
	if got, want := s.read(postfix.told), strings.Repeat(line, 2); got != want {
		t.Errorf("what the load action was told: got\n%s\nwant\n%s", got, want)
	}
	s.awaitTold(post, acmecore.EventRenewed, 2)
	if sample := sampler.Stop(); len(sample.Failures) > 0 || sample.Looks == 0 {
		t.Errorf("got %d looks at pairs, and %.2000q", sample.Looks, sample.Failures)
	}
}
