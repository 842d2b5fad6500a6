package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"wcme/deploy/lab"
)

const day = 24 * time.Hour

// maxPicture is how large the README's picture may be, in bytes.
const maxPicture = 200 << 10

// shown are the certificates of the picture: the names, and how long ago each was
// ordered.
var shown = []struct {
	names string
	age   time.Duration
}{
	{"www.example.org,example.org,static.example.org", 52 * day},
	{"mail.example.org,imap.example.org,smtp.example.org", 47 * day},
	{"shop.example.org", 31 * day},
	{"cloud.example.org,office.example.org", 24 * day},
	{"wiki.example.org", 9 * day},
	{"lists.example.org", 3 * day},
	{"intranet.example.org", 2 * time.Hour},
}

// TestPictureOfTheReadme makes it: the list of a host that has been in use for a while.
// The months of that go by on the lab's clock.
func TestPictureOfTheReadme(t *testing.T) {
	t.Parallel()
	clock := lab.NewClock(t)
	now := time.Now()
	clock.Set(now.Add(-shown[0].age))
	o := found(t, lab.MustBuildOnClock(t, clock))
	o.sites = nil
	for _, certificate := range shown {
		o.sites = append(o.sites, strings.Split(certificate.names, ","))
	}
	o.serveByApache()
	o.open(settings{admin: "auth = \"server\"\n" + roles, ca: lab.PebbleOptions{AlwaysValid: true}})
	for _, certificate := range shown {
		clock.Set(now.Add(-certificate.age))
		o.wcme("certify", certificate.names)
	}
	clock.Set(time.Now())
	b := browse(t, o.identity.Certificate)
	b.signIn(o, admin)
	b.has("intranet.example.org", "static.example.org")
	picture := run(b, "picture", chromedp.CaptureScreenshot())
	b.keep("list.png", picture)
	if len(picture) > maxPicture {
		t.Errorf("the picture has %d bytes, want %d at most", len(picture), maxPicture)
	}
	b.shootAll("list")
}
