package browser_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"wcme/deploy/lab"
)

// attack is a page of another site that tries to have a visitor's browser do what the
// visitor has not asked for.
type attack struct {
	name string
	from string // the host of the page
	// page is its HTML, with ACTION for the address that it is after.
	page string
	// reaches are the statuses that the request may get; none is success.
	reaches string
}

// refused are the statuses of what another site has sent: by wCME, or by whoever asks
// for a password that the browser does not give away.
const refused = "403|401|303"

// form is a form that sends itself.
func form(attributes, fields string) string {
	return `<form action="ACTION" ` + attributes + `>` + fields + `</form><script>document.forms[0].submit()</script>`
}

// fields are those of the forms that act.
const fields = `<input name="form" value="made-up"><input name="names" value="evil.example.test"><input name="order" value="yes"><input name="understood" value="on">`

// attacks are the set W05.
func attacks() []attack {
	const json = `<input name='{"deed":"remove","id":"www_example_test","x":"' value='"}'>`
	script := func(text string) string { return "<script>" + text + "</script>" }
	return []attack{
		{"form", foreignName, form(`method="post"`, fields), refused},
		{"form of a sibling, the same site to SameSite", siblingName, form(`method="post"`, fields), refused},
		{"form, multipart", foreignName, form(`method="post" enctype="multipart/form-data"`, fields), refused},
		{"form, text/plain with JSON in it", siblingName, form(`method="post" enctype="text/plain"`, json), refused},
		{"form into a new tab", siblingName, form(`method="post" target="_blank"`, fields), refused},
		{"form into a frame", siblingName, `<iframe name="hidden" hidden></iframe>` + form(`method="post" target="hidden"`, fields), refused},
		{"form of an opaque origin", foreignName, `<iframe sandbox="allow-scripts allow-forms allow-top-navigation" srcdoc='` + form(`method="post" target="_top"`, strings.ReplaceAll(fields, `'`, "")) + `'></iframe>`, refused},
		{"form, GET with the fields", foreignName, form(`method="get"`, fields+`<input name="attack" value="NUMBER"><input name="_method" value="POST">`), "200|303|404"},
		{"fetch without CORS", siblingName, script(`fetch("ACTION", {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({form: "made-up"})})`), refused},
		{"fetch without CORS, JSON as text", foreignName, script(`fetch("ACTION", {method: "POST", mode: "no-cors", credentials: "include", body: "{\"deed\":\"remove\"}"})`), refused},
		{"fetch with a header that overrides the method", siblingName, script(`fetch("ACTION", {method: "POST", credentials: "include", headers: {"X-HTTP-Method-Override": "POST"}})`), "401|403|405|303"},
		{"beacon", siblingName, script(`navigator.sendBeacon("ACTION", new URLSearchParams({form: "made-up"}))`), refused},
		{"image", siblingName, `<img src="ACTION&_method=POST&form=made-up">`, "200|401|404|303"},
		{"navigation", foreignName, script(`location = "ACTION&_method=POST&form=made-up&understood=on"`), "200|303|404"},
	}
}

// targets are the addresses that the attacks are after, in turn.
func targets() []string {
	const certificate = "/admin/certificate/www_example_test"
	return []string{certificate + "/remove", certificate + "/revoke", certificate + "/renew", certificate + "/restore", "/admin/certify", "/admin/check/load", "/admin/logout"}
}

// besiege has the browser, in which somebody is signed in, visit the pages of the other
// sites. Nothing may change by that.
func (b *tab) besiege(o *office) {
	b.Helper()
	before := o.changes()
	list := attacks()
	foreign := o.newForeign(list, func(number int) string {
		return o.page(targets()[number%len(targets())]) + fmt.Sprintf("?attack=%d", number)
	})
	elsewhere, end := chromedp.NewContext(b.ctx) // a tab of the same browser, which nobody judges
	defer end()
	for number := range list {
		mark := fmt.Sprintf("attack=%d", number)
		if err := chromedp.Do(elsewhere, chromedp.Navigate(foreign.address(number))); err != nil && !strings.Contains(err.Error(), "net::ERR") {
			b.Fatalf("%s: %v", list[number].name, err)
		}
		line := regexp.MustCompile(`"[A-Z]+ [^"]*` + mark + `\b[^"]*" ([0-9]+)`)
		b.awaitThat("the request of "+list[number].name, func() bool { return line.MatchString(o.accesses()) })
		for _, found := range line.FindAllStringSubmatch(o.accesses(), -1) {
			if !regexp.MustCompile(`^(` + list[number].reaches + `)$`).MatchString(found[1]) {
				b.Errorf("%s: got %s, want %s", list[number].name, found[0], list[number].reaches)
			}
		}
		if got := o.changes(); got != before {
			b.Fatalf("%s has changed something: got\n%s\nwant\n%s", list[number].name, got, before)
		}
	}
}

// foreign are the other sites: one server under both names.
type foreign struct {
	attacks []attack
	action  func(number int) string // the address that an attack is after
	port    string
}

func (o *office) newForeign(list []attack, action func(number int) string) *foreign {
	o.Helper()
	f := &foreign{attacks: list, action: action}
	pair, err := tls.LoadX509KeyPair(o.identity.Certificate, o.identity.Key)
	if err != nil {
		o.Fatal(err)
	}
	server := httptest.NewUnstartedServer(f)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	o.Cleanup(server.Close)
	_, f.port, err = net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		o.Fatal(err)
	}
	return f
}

func (f *foreign) address(number int) string {
	return fmt.Sprintf("https://%s/%d", net.JoinHostPort(f.attacks[number].from, f.port), number)
}

func (f *foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var number int
	if _, err := fmt.Sscanf(r.URL.Path, "/%d", &number); err != nil || number >= len(f.attacks) {
		http.NotFound(w, r)
		return
	}
	page := strings.NewReplacer("ACTION", f.action(number), "NUMBER", fmt.Sprint(number)).Replace(f.attacks[number].page)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!DOCTYPE html><title>Another site</title><h1>Another site</h1>%s", page)
}

// refusesFrames shows that no other site can put a page into a frame, to have a visitor
// click on it (W06).
func (b *tab) refusesFrames(o *office) {
	b.Helper()
	list := []attack{
		{"frame", siblingName, `<iframe src="ACTION"></iframe>`, ""},
		{"object", siblingName, `<object data="ACTION"></object>`, ""},
		{"embed", siblingName, `<embed src="ACTION">`, ""},
	}
	foreign := o.newForeign(list, func(int) string { return o.page("/admin/list") })
	for number, row := range list {
		ctx, end := chromedp.NewContext(b.ctx)
		watching := &tab{T: b.T, ctx: ctx, witness: new(witness)}
		if err := chromedp.Listen(ctx, watching.witness.see); err != nil {
			b.Fatal(err)
		}
		watching.do(row.name, chromedp.Navigate(foreign.address(number)))
		watching.awaitThat(row.name+" is refused", func() bool {
			return strings.Contains(strings.Join(watching.witness.take(), "\n"), "frame-ancestors")
		})
		end()
	}
}

// TestTheWitnessSees is for all the other tests: a page that breaks its own policy, and
// one that throws, do not get by.
func TestTheWitnessSees(t *testing.T) {
	t.Parallel()
	identity, err := lab.MakeIdentity(lab.TempDir(t), adminName)
	if err != nil {
		t.Fatal(err)
	}
	b := browse(t, identity.Certificate)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/strict" {
			w.Header().Set("Content-Security-Policy", "default-src 'none'")
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<link rel="icon" href="data:,"><script>throw new Error("thrown")</script>`)
	}))
	t.Cleanup(server.Close)
	for path, want := range map[string]string{"/strict": "Content Security Policy", "/": "thrown"} {
		b.do("open "+path, chromedp.Navigate(server.URL+path))
		var seen string
		b.awaitThat(path+" is complained about", func() bool {
			seen += strings.Join(b.witness.take(), "\n")
			return strings.Contains(seen, want)
		})
	}
}
