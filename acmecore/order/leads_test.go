package order_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
)

// trap is an https server that must hear nothing.
func trap(t *testing.T) *url.URL {
	server := newServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request came to where nobody should go: %s %s", r.Method, r.URL)
	}))
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestRedirectsOfSignedRequests are followed by nobody, whatever their status.
func TestRedirectsOfSignedRequests(t *testing.T) {
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		for _, kind := range []class{newNonce, newOrder, authorization, challenge, orderLook, finalize, certificate} {
			t.Run(string(kind)+" "+status, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				code := map[string]int{"301": 301, "302": 302, "303": 303, "307": 307, "308": 308}[status]
				s.ca.on(kind, always, answering(code, "", "Location: "+trap(t).String()+"/x", "Replay-Nonce:"))
				method := "POST"
				if kind == newNonce {
					method = "HEAD"
				}
				s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"redirects a " + method}, hint: "tell the CA"})
				s.mustCount(kind, 1)
			})
		}
	}
}

// TestRedirectsOfTheDirectory are followed within its host only.
func TestRedirectsOfTheDirectory(t *testing.T) {
	for name, row := range map[string]struct {
		to    func(own, foreign string) string
		words string
		count int
	}{
		"to another path":  {func(own, _ string) string { return "/directory?moved" }, "", 2},
		"to itself":        {func(own, _ string) string { return own + "/directory" }, "more than 3 times", 4},
		"to another host":  {func(_, foreign string) string { return foreign + "/directory" }, "to another host", 1},
		"to http":          {func(own, _ string) string { return strings.Replace(own, "https:", "http:", 1) }, "no https URL", 1},
		"to a file":        {func(string, string) string { return "file:///etc/passwd" }, "no https URL", 1},
		"to no URL at all": {func(string, string) string { return "::" }, "", 1},
		"with a password":  {func(_, foreign string) string { return strings.Replace(foreign, "https://", "https://a:b@", 1) }, "another host", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			to := row.to(s.ca.base, trap(t).String())
			s.ca.on(directory, func(nth int) bool { return nth == 1 || row.count > 2 }, answering(302, "", "Location: "+to))
			if name == "to another path" {
				s.mustObtain()
				return
			}
			_, err := s.obtain()
			mustRead(t, err, outcome{kind: acmecore.Unreachable, words: []string{"read directory", row.words}})
			s.mustCount(directory, row.count)
		})
	}
}

// leads are the ways in which the CA's answers lead on: a request's class, the
// field of its answer, and the first class that must not be asked then.
var leads = []struct {
	answer class
	field  string
	next   class
}{
	{directory, "newNonce", newNonce}, {directory, "newOrder", newOrder},
	{authorization, "challenges", challenge}, {orderLook, "certificate", certificate},
}

// TestForeignHostsAreNotAsked, unless the configuration names them.
func TestForeignHostsAreNotAsked(t *testing.T) {
	for _, lead := range leads {
		t.Run(lead.field, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			foreign := trap(t)
			s.ca.on(lead.answer, always, editing(func(object map[string]any) { relocate(object, lead.field, s.ca.base, foreign.String()) }))
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"the CA leads to another host, \"" + foreign.Host + "\""}, hint: "add it to `hosts`"})
			s.mustCount(lead.next, 0)
		})
	}
}

// TestHostsOfTheConfigurationAreAsked, however they are spelt.
func TestHostsOfTheConfigurationAreAsked(t *testing.T) {
	for name, host := range map[string]string{"as the CA": "NONCES.example", "in lower case": "nonces.example", "with the port": "nonces.example:443"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMemoryOutside(t)
			s.ca.on(directory, always, with("newNonce", "https://NONCES.example/newNonce"))
			s.options.Hosts = []string{host}
			s.mustObtain()
			s.mustCount(newNonce, 1)
		})
	}
}

// TestHostsAreComparedAsHosts: case and the port that https has anyway make no
// difference.
func TestHostsAreComparedAsHosts(t *testing.T) {
	t.Parallel()
	s := newMemoryOutside(t)
	s.options.Directory = "https://CA.example:443/directory"
	s.mustObtain()
}

// TestPlainHTTPIsNeverAsked: nor any other scheme.
func TestPlainHTTPIsNeverAsked(t *testing.T) {
	for _, lead := range leads {
		for _, scheme := range []string{"http", "file", "ftp", ""} {
			t.Run(lead.field+" "+scheme, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(lead.answer, always, editing(func(object map[string]any) {
					relocate(object, lead.field, "https:", strings.TrimSuffix(scheme+":", "::"))
				}))
				_, err := s.obtain()
				mustRead(t, err, outcome{kind: acmecore.Unreachable})
				s.mustCount(lead.next, 0)
			})
		}
	}
}

// TestDirectoryOverHTTP is refused before anything is sent.
func TestDirectoryOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.options.Directory = strings.Replace(s.options.Directory, "https:", "http:", 1)
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"no https URL"}, hint: "tell the CA"})
	s.mustCount(directory, 0)
}

// relocate changes the URLs of one field of an object.
func relocate(object map[string]any, field, from, to string) {
	switch value := object[field].(type) {
	case string:
		object[field] = strings.Replace(value, from, to, 1)
	case []any:
		for _, one := range value {
			inner := one.(map[string]any)
			inner["url"] = strings.Replace(inner["url"].(string), from, to, 1)
		}
	}
}
