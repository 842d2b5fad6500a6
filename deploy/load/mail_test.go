package load_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func postfix() kind {
	return kind{name: "Postfix", files: []string{"main.cf", "master.cf"}, dirs: []string{"queue", "data"}, user: "root",
		check: func(dir string) *exec.Cmd { // makes the queue
			return exec.Command("/bin/sh", "-c", "chown postfix \"$1/data\" && postfix -c \"$1\" check", "sh", dir)
		},
		command:     func(string) []string { return []string{"/usr/lib/postfix/sbin/master", "-d"} },
		environment: func(dir string) []string { return []string{"MAIL_CONFIG=" + dir, "MAIL_LOGTAG=postfix"} }}
}

func dovecot() kind {
	return kind{name: "Dovecot", files: []string{"dovecot.conf"}, dirs: []string{"run", "state"}, user: "root",
		command: func(dir string) []string {
			return []string{"/usr/sbin/dovecot", "-F", "-c", filepath.Join(dir, "dovecot.conf")}
		}}
}

// TestRightsStandardLoadShowsMailServersCertificates: only root starts these two.
func TestRightsStandardLoadShowsMailServersCertificates(t *testing.T) {
	t.Parallel()
	for _, k := range []kind{postfix(), dovecot()} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			reloads(t, start(t, k))
		})
	}
}
