package browser_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/chromedp/cdproto/network"
)

// constant are the headers that each answer below /admin has to have, errors too:
// from the specification of wCME's pages, and not from its code.
func constant() map[string]string {
	return map[string]string{
		"content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"x-content-type-options":  "nosniff",
		"referrer-policy":         "same-origin",
		"cache-control":           "no-store",
	}
}

// lacks says what is wrong with the headers of an answer that a browser got; "" when
// nothing is, or the answer is none of ours.
func lacks(answer *network.Response) string {
	if !strings.Contains(answer.URL, "://"+adminName) || !strings.Contains(answer.URL, mount+"/admin") || answer.Status == http.StatusUnauthorized {
		return ""
	}
	if isInterlude(answer) {
		return ""
	}
	return lacking(headerOf(answer), strings.Contains(answer.URL, "/admin/static/"))
}

func headerOf(answer *network.Response) http.Header {
	header := make(http.Header)
	for name, value := range answer.Headers {
		header.Set(name, fmt.Sprint(value))
	}
	return header
}

// lacking says which header is another one. What is static may be kept for ever.
func lacking(header http.Header, static bool) string {
	for name, want := range constant() {
		if name == "cache-control" && static {
			want = "public, max-age=31536000, immutable"
		}
		if got := header.Values(name); len(got) != 1 || got[0] != want {
			return fmt.Sprintf("%s is %q, want %q", name, got, want)
		}
	}
	return ""
}

// errorPages are requests that cannot be answered well, and the status of each.
func errorPages() []struct {
	method, path, body string
	status             int
	header             []string
} {
	type row = struct {
		method, path, body string
		status             int
		header             []string
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}
	return []row{
		{"GET", "/admin/nowhere", "", 404, nil},
		{"GET", "/admin/nowhere/" + strings.Repeat("long/", 200), "", 404, nil},
		{"GET", "/admin/%3Cscript%3Ealert(1)%3C/script%3E", "", 404, nil},
		{"GET", "/admin/certificate/no_such_certificate", "", 404, nil},
		{"GET", "/admin/certificate/..%5c..%5cetc", "", 400, nil},
		{"GET", "/admin/job/no-such-job", "", 404, nil},
		{"GET", "/admin/runs/no-such-run", "", 404, nil},
		{"GET", "/admin/static/none.css", "", 404, nil},
		{"DELETE", "/admin/list", "", 405, nil},
		{"PUT", "/admin/certify", "", 405, nil},
		{"POST", "/admin/list", "form=x", 405, form},
		{"POST", "/admin/certify", "names=%zz", 400, form},
		{"POST", "/admin/certify", "names=" + strings.Repeat("a", 70<<10), 413, form},
		{"POST", "/admin/certify", "names=a.example.test", 403, []string{"Sec-Fetch-Site", "cross-site"}},
		{"POST", "/admin/certify", "names=a.example.test", 403, []string{"Origin", "https://foreign.example.org"}},
		{"POST", "/admin/certificate/www_example_test/renew", "form=made-up", 409, form},
		{"POST", "/admin/certificate/www_example_test/renew", "", 409, form},
	}
}

// errsWithoutLeaks shows that an error says nothing of the inside (W17) and has the
// headers that each answer has (W18).
func (o *office) errsWithoutLeaks(user string) {
	o.Helper()
	for _, row := range errorPages() {
		response, body := o.ask(row.method, mount+row.path, user, row.body, row.header...)
		what := fmt.Sprintf("%s %.80s", row.method, row.path)
		if response.StatusCode != row.status {
			o.Errorf("%s: got %d, want %d\n%.2000s", what, response.StatusCode, row.status, body)
		}
		o.judgeAnswer(what, response, body)
	}
}

// judgeAnswer looks for what no answer may have, and for what each has to have.
func (o *office) judgeAnswer(what string, response *http.Response, body string) {
	o.Helper()
	if problem := lacking(response.Header, false); problem != "" {
		o.Errorf("%s: %s", what, problem)
	}
	for _, secret := range []string{o.dir, "overseer.sock", "goroutine", "panic", ".go:", "runtime error", "<script>alert", password} {
		if strings.Contains(body, secret) {
			o.Errorf("%s: the answer has %q in it:\n%.2000s", what, secret, body)
		}
	}
}
