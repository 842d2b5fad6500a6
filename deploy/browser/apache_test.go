package browser_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"

	"wcme/deploy/lab"
)

// roles are those of Apache's users.
const roles = `admin = ["alice"]
operate = ["bob"]
view = ["carol"]
`

// underApache is an office where Apache runs the script as a CGI program and asks for
// passwords, with a site for www.example.test and shop.example.test.
func underApache(t *testing.T, s settings) *office {
	t.Helper()
	o := found(t, lab.MustBuild(t))
	o.serveByApache()
	s.admin = "auth = \"server\"\n" + roles + s.admin
	o.open(s)
	return o
}

func (o *office) serveByApache() {
	o.Helper()
	if err := o.programs.InstallScript(o.dir); err != nil {
		o.Fatal(err)
	}
	o.write("users", users(admin, operator, viewer))
	o.write("more.conf", "# what else there is\n")
	o.hold()
	o.faulty = filepath.Join(o.dir, "more.conf")
	apache := lab.MustApache(o, lab.ApacheOptions{Dir: o.dir, Site: o.apacheSite()})
	o.httpPort, o.tlsPort, o.errors, o.accesses = apache.Port, apache.TLSPort, apache.Log, apache.AccessLog
	conf := filepath.Join(o.dir, "apache", "apache.conf")
	o.reload = fmt.Sprintf("/usr/sbin/apache2 -t -f %s && kill -USR1 %d", conf, apache.Process.PID())
}

// apacheSite includes the file of deploy/apache; around it stands what the host has
// already.
func (o *office) apacheSite() string {
	o.Helper()
	file, err := filepath.Abs("../apache/wcme.conf")
	if err != nil {
		o.Fatal(err)
	}
	return strings.NewReplacer("FILE", file, "CERTIFICATE", o.identity.Certificate, "KEY", o.identity.Key, "ADMIN", adminName).Replace(`
Define WCME_SCRIPT "${LAB_DIR}/wcme"
Define WCME_ROOT   "${LAB_DIR}/state"
Define WCME_USERS  "${LAB_DIR}/users"
Include "FILE"
Include "${LAB_DIR}/more.conf"

<VirtualHost *:${LAB_HTTP}>
    ServerName www.example.test
</VirtualHost>
<VirtualHost *:${LAB_HTTPS}>
    ServerName ADMIN
    SSLEngine on
    SSLCertificateFile "CERTIFICATE"
    SSLCertificateKeyFile "KEY"
</VirtualHost>
`) + o.apacheSites()
}

// apacheSites are those that wCME has the certificates of.
func (o *office) apacheSites() string {
	var text strings.Builder
	for _, names := range o.sites {
		fmt.Fprintf(&text, `<VirtualHost *:${LAB_HTTPS}>
    ServerName %s
    ServerAlias %s
    SSLEngine on
    SSLCertificateFile "%s"
</VirtualHost>
`, names[0], strings.Join(names, " "), o.installed(names))
	}
	return text.String()
}

// signIn opens the list and answers the browser's question for a name and a password,
// as Apache asks it. The browser remembers the answer.
func (b *tab) signIn(o *office, user string) {
	b.Helper()
	stop := b.answerWith(user, password)
	b.open(o.page("/admin/list"), 200, "Certificates")
	stop()
}

// answerWith answers the browser's question for a name and a password, until it is
// stopped.
func (b *tab) answerWith(user, password string) (stop func()) {
	b.Helper()
	asking, end := context.WithCancel(b.ctx)
	err := chromedp.Listen(asking, func(event any) {
		switch e := event.(type) {
		case *fetch.EventRequestPaused:
			go chromedp.Call(asking, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		case *fetch.EventAuthRequired:
			answer := &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseProvideCredentials, Username: user, Password: password}
			go chromedp.Call(asking, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID, AuthChallengeResponse: answer})
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	ask := true
	if _, err := chromedp.Call(b.ctx, fetch.Enable, fetch.EnableParams{HandleAuthRequests: &ask}); err != nil {
		b.Fatal(err)
	}
	return func() {
		if _, err := chromedp.Call(b.ctx, fetch.Disable, struct{}{}); err != nil {
			b.Errorf("stop answering: %v", err)
		}
		end()
	}
}
