package order_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/acmecore/schedule"
	"wcme/deploy/lab"
)

const (
	renewalInfo class = "renewalInfo"
	// someID is that of RFC 9773 section 4.1.
	someID = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
)

// goodWindow is the answer of RFC 9773 section 4.2.
const goodWindow = `{"suggestedWindow":{"start":"2026-11-02T04:00:00Z","end":"2026-11-03T04:00:00Z"},"explanationURL":"https://ca.example/docs/ari"}`

// newRenewals is a CA that says when to renew, for every certificate the same.
func newRenewals(t *testing.T, act action) *setting {
	s := newSetting(t)
	s.tellsWhere()
	s.ca.on(renewalInfo, always, act)
	return s
}

// tellsWhere adds renewalInfo to the directory (RFC 9773 section 3).
func (s *setting) tellsWhere() {
	s.ca.on(directory, always, with("renewalInfo", s.ca.base+"/renewalInfo"))
}

func (s *setting) window() (order.Window, error) {
	return s.client().RenewalInfo(s.t.Context(), someID)
}

// TestRenewalInfo is asked for as RFC 9773 section 4.1 has it: by a GET that nobody
// signs, at the directory's URL and the identifier.
func TestRenewalInfo(t *testing.T) {
	t.Parallel()
	s := newRenewals(t, func(ca *authority, w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/renewalInfo/"+someID || r.ContentLength > 0 || r.Header.Get("Authorization") != "" {
			t.Errorf("the CA is asked by %s %s with %d bytes", r.Method, r.URL, r.ContentLength)
		}
		answering(200, goodWindow, "Retry-After: 21600")(ca, w, r)
	})
	s.options.Key = nil
	got, err := s.window()
	if err != nil {
		t.Fatal(err)
	}
	want := order.Window{Start: time.Date(2026, 11, 2, 4, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 3, 4, 0, 0, 0, time.UTC),
		Explanation: "https://ca.example/docs/ari", RetryAfter: 6 * time.Hour}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	s.mustCount(directory, 1)
	s.mustCount(newNonce, 0)
	if got := s.steps[len(s.steps)-1]; got.Stage != "renewal" || got.Subject != s.ca.base+"/renewalInfo/"+someID ||
		got.Text != "the CA wants it between 2026-11-02T04:00:00Z and 2026-11-03T04:00:00Z" {
		t.Errorf("the step is %q", got)
	}
}

// TestRenewalsOfManyCertificates read the directory once, over one connection.
func TestRenewalsOfManyCertificates(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	var opened atomic.Int64
	s.serve(func(server *httptest.Server) {
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
	})
	s.tellsWhere()
	s.ca.on(renewalInfo, always, answering(200, goodWindow))
	renewals, err := s.client().Renewals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer renewals.Close()
	for number := range 20 {
		if _, err := renewals.Window(t.Context(), fmt.Sprintf("aYhb.A%d", number)); err != nil {
			t.Fatal(err)
		}
	}
	s.mustCount(directory, 1)
	s.mustCount(renewalInfo, 20)
	if got := opened.Load(); got != 1 {
		t.Errorf("%d connections were opened, want 1", got)
	}
}

// TestDirectoryWithoutRenewalInfo is one of a CA that does not say when.
func TestDirectoryWithoutRenewalInfo(t *testing.T) {
	for name, row := range map[string]struct {
		act  action
		want outcome
	}{
		"absent":        {saying(), outcome{kind: acmecore.NotFound, words: []string{"no renewalInfo"}, hint: "life decides"}},
		"empty":         {with("renewalInfo", ""), outcome{kind: acmecore.NotFound, words: []string{"no renewalInfo"}}},
		"null":          {answering(200, `{"renewalInfo":null}`), outcome{kind: acmecore.NotFound, words: []string{"no renewalInfo"}}},
		"a number":      {with("renewalInfo", 7), outcome{kind: acmecore.Unreachable, words: []string{"no ACME directory", "of the wrong kind"}, hint: "directory"}},
		"no JSON":       {answering(200, "<html>"), outcome{kind: acmecore.Unreachable, words: []string{"no ACME directory", "no JSON"}, hint: "directory"}},
		"no directory":  {answering(200, ""), outcome{kind: acmecore.Unreachable, words: []string{"it is empty"}, hint: "directory"}},
		"gone":          {answering(404, "Not found"), outcome{kind: acmecore.Refused, words: []string{"404 Not Found"}, hint: "directory"}},
		"down":          {answering(502, ""), outcome{kind: acmecore.Unreachable, words: []string{"502 Bad Gateway"}, hint: "later"}},
		"http":          {with("renewalInfo", "http://127.0.0.1/renewalInfo"), outcome{kind: acmecore.Unreachable, words: []string{"no https URL"}, hint: "tell the CA"}},
		"a file":        {with("renewalInfo", "file:///etc/passwd"), outcome{kind: acmecore.Unreachable, words: []string{"no https URL"}, hint: "tell the CA"}},
		"no URL":        {with("renewalInfo", "https://a b\x1b[2J/"), outcome{kind: acmecore.Unreachable, words: []string{"which is no URL"}, hint: "tell the CA"}},
		"a path":        {with("renewalInfo", "/renewalInfo"), outcome{kind: acmecore.Unreachable, words: []string{"no https URL"}, hint: "tell the CA"}},
		"another host":  {with("renewalInfo", "https://ca.example/renewalInfo"), outcome{kind: acmecore.Unreachable, words: []string{`another host, "ca.example"`}, hint: "hosts"}},
		"limited":       {answering(429, "", "Retry-After: 7200"), outcome{kind: acmecore.Limited, words: []string{"429"}, hint: "wait"}},
		"10,000 deep":   {answering(200, strings.Repeat(`{"a":`, 10001)), outcome{kind: acmecore.Unreachable, words: []string{"no ACME directory"}, hint: "directory"}},
		"dropped":       {dropping, outcome{kind: acmecore.Unreachable, words: []string{"the connection was cut"}, hint: "later"}},
		"in the way":    {with("renewalInfo", "https://127.0.0.1:1/renewalInfo"), outcome{kind: acmecore.Unreachable, words: []string{"another host"}, hint: "hosts"}},
		"with password": {with("renewalInfo", "https://a:b@ca.example/renewalInfo"), outcome{kind: acmecore.Unreachable, words: []string{`another host, "ca.example"`}, hint: "hosts"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(directory, always, row.act)
			window, err := s.window()
			mustRead(t, err, row.want)
			s.mustCount(directory, 1)
			s.mustCount(renewalInfo, 0)
			if want := time.Duration(sent(name == "limited", 2)) * time.Hour; window != (order.Window{RetryAfter: want}) {
				t.Errorf("there is a window: %v", window)
			}
		})
	}
}

// TestWindowsOfNoUse are refused: the CA will say the same for hours.
func TestWindowsOfNoUse(t *testing.T) {
	window := func(start, end string) string {
		return fmt.Sprintf(`{"suggestedWindow":{"start":%s,"end":%s}}`, start, end)
	}
	const early, late = `"2026-11-02T04:00:00Z"`, `"2026-11-03T04:00:00Z"`
	for name, row := range map[string]struct{ answer, words string }{
		"K10 inverted":           {window(late, early), "ends at 2026-11-02T04:00:00Z, before it begins"},
		"K10 without a length":   {window(early, early), "before it begins"},
		"N10 empty":              {"", "it is empty"},
		"N10 null":               {"null", "no window"},
		"N10 an object":          {"{}", "no window"},
		"N10 a list":             {"[]", "of the wrong kind"},
		"N10 cut":                {`{"suggestedWindow":{"start":`, "cannot be read"},
		"N10 trailing garbage":   {goodWindow + "x", "no JSON"},
		"N10 UTF-16":             {"{\x00}\x00", "no JSON"},
		"N10 NUL":                {"\x00" + goodWindow, "no JSON"},
		"N10 10,000 deep":        {strings.Repeat(`{"suggestedWindow":`, 10001), "cannot be read"},
		"N10 deep in the reason": {`{"explanationURL":` + strings.Repeat("[", 10001), "cannot be read"},
		"window a text":          {`{"suggestedWindow":"soon"}`, "of the wrong kind"},
		"no end":                 {`{"suggestedWindow":{"start":` + early + `}}`, "no window"},
		"no start":               {`{"suggestedWindow":{"end":` + late + `}}`, "no window"},
		"start is null":          {window("null", late), "no window"},
		"seconds":                {window("1793592000", "1793678400"), "cannot be read"},
		"a day":                  {window(`"2026-11-02"`, late), "a time in it is none"},
		"no time":                {window(`"\u001b[2Jsoon"`, late), "a time in it is none"},
		"the year 10000":         {window(early, `"10000-01-01T00:00:00Z"`), "a time in it is none"},
		"hostile text":           {"<script>\x1b[2J", "no JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRenewals(t, answering(200, row.answer, "Retry-After: 3600"))
			window, err := s.window()
			mustRead(t, err, outcome{kind: acmecore.Refused, words: []string{"read renewal information", row.words}, hint: "life decides"})
			if window != (order.Window{RetryAfter: time.Hour}) {
				t.Errorf("there is a window: %v", window)
			}
			s.mustCount(renewalInfo, 1)
		})
	}
}

// TestTroubleAboutWindows: one that passes, and one that does not.
func TestTroubleAboutWindows(t *testing.T) {
	const day = 24 * time.Hour
	for name, row := range map[string]struct {
		act        action
		want       outcome
		retryAfter time.Duration
		requests   int // 0 stands for 1
	}{
		"unknown certificate": {refusing(&problem{Status: 404, Type: "malformed", Detail: "never heard of"}), outcome{kind: acmecore.Refused, words: []string{`"never heard of" (malformed)`}, hint: "life decides"}, 0, 0},
		"404 of a front":      {answering(404, "<html>\x1b[2J"), outcome{kind: acmecore.Refused, words: []string{`404 Not Found: "<html>?[2J"`}, hint: "life decides"}, 0, 0},
		"teapot":              {answering(418, ""), outcome{kind: acmecore.Refused, words: []string{"418"}, hint: "life decides"}, 0, 0},
		"unauthorized":        {refusing(&problem{Status: 401, Type: "unauthorized", Detail: "no"}), outcome{kind: acmecore.Refused, hint: "life decides"}, 0, 0},
		"500":                 {answering(500, ""), outcome{kind: acmecore.Unreachable, words: []string{"500 Internal"}, hint: "later"}, 0, 0},
		"500 and when":        {answering(500, "", "Retry-After: 600"), outcome{kind: acmecore.Unreachable, words: []string{"500 Internal"}, hint: "later"}, 10 * time.Minute, 0},
		"503":                 {answering(503, ""), outcome{kind: acmecore.Unreachable, words: []string{"503"}, hint: "later"}, 0, 0},
		"503 and when":        {answering(503, "", "Retry-After: 120"), outcome{kind: acmecore.Limited, words: []string{"503", "not before"}, hint: "wait"}, 2 * time.Minute, 0},
		"N07 seconds":         {answering(429, "", "Retry-After: 3600"), outcome{kind: acmecore.Limited, words: []string{"429"}, hint: "wait"}, time.Hour, 0},
		"N07 negative":        {answering(429, "", "Retry-After: -1"), outcome{kind: acmecore.Limited, hint: "wait"}, time.Hour, 0},
		"N07 99999999999":     {answering(429, "", "Retry-After: 99999999999"), outcome{kind: acmecore.Limited, hint: "wait"}, day, 0},
		"N07 garbage":         {answering(429, "", "Retry-After: soon"), outcome{kind: acmecore.Limited, hint: "wait"}, time.Hour, 0},
		"N07 absent":          {answering(429, ""), outcome{kind: acmecore.Limited, hint: "wait"}, time.Hour, 0},
		"204":                 {answering(204, ""), outcome{kind: acmecore.Unreachable, words: []string{"204 No Content"}, hint: "later"}, 0, 0},
		"dropped":             {dropping, outcome{kind: acmecore.Unreachable, words: []string{"the connection was cut"}, hint: "later"}, 0, 2},
		"redirected to http":  {answering(302, "", "Location: http://127.0.0.1/"), outcome{kind: acmecore.Unreachable, words: []string{"no https URL"}, hint: "tell the CA"}, 0, 0},
		"redirected away":     {answering(302, "", "Location: https://ca.example/"), outcome{kind: acmecore.Unreachable, words: []string{"another host"}, hint: "tell the CA"}, 0, 0},
		"redirected for ever": {answering(302, "", "Location: /renewalInfo/x"), outcome{kind: acmecore.Unreachable, words: []string{"more than 3 times"}, hint: "tell the CA"}, 0, 4},
		"1 GiB": {func(_ *authority, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1073741824")
			for chunk := bytes.Repeat([]byte(" "), 64<<10); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, outcome{kind: acmecore.Unreachable, words: []string{"larger than 1048576 bytes"}, hint: "tell the CA"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRenewals(t, row.act)
			window, err := s.window()
			mustRead(t, err, row.want)
			if window != (order.Window{RetryAfter: row.retryAfter}) {
				t.Errorf("the window is %v, want none but to wait %v", window, row.retryAfter)
			}
			if limited := errors.As(err, new(*order.LimitedError)); limited != (row.want.kind == acmecore.Limited) {
				t.Errorf("it says until when to wait: %v", limited)
			}
			// net/http asks again where a connection that was open before is cut.
			if got, want := s.ca.count(renewalInfo), max(row.requests, 1); got > want {
				t.Errorf("the CA was asked %d times, want at most %d", got, want)
			}
		})
	}
}

// TestRetryAfterOfAWindow is as the CA says it, by the CA's clock; the bounds are
// the schedule's.
func TestRetryAfterOfAWindow(t *testing.T) {
	date := start.Add(8 * time.Hour).Format(http.TimeFormat)
	for name, row := range map[string]struct {
		header string
		ahead  time.Duration // of our clock
		want   time.Duration
	}{
		"seconds":                {"21600", 0, 6 * time.Hour},
		"a date":                 {date, 0, 8 * time.Hour},
		"a date, a fast clock":   {date, 24 * time.Hour, 8 * time.Hour},
		"a date, a slow clock":   {date, -24 * time.Hour, 8 * time.Hour},
		"K09 a date of the past": {start.Add(-time.Hour).Format(http.TimeFormat), 0, 0},
		"none to wait":           {"0", 0, time.Second},
		"negative":               {"-1", 0, 0},
		"99999999999":            {"99999999999", 0, 365 * 24 * time.Hour},
		"garbage":                {"soon", 0, 0},
		"absent":                 {"", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRenewals(t, answering(200, goodWindow, "Retry-After: "+row.header))
			s.options.Now = func() time.Time { return start.Add(row.ahead) }
			if window, err := s.window(); err != nil || window.RetryAfter != row.want {
				t.Errorf("got %v (%v), want %v", window.RetryAfter, err, row.want)
			}
		})
	}
}

// TestExplanationsOfAWindow: a link that can be shown, or none. The window is good
// with either.
func TestExplanationsOfAWindow(t *testing.T) {
	for name, row := range map[string]struct {
		value any
		want  string
	}{
		"https":                    {"https://ca.example/why?x=1#a", "https://ca.example/why?x=1#a"},
		"http":                     {"http://ca.example/why", "http://ca.example/why"},
		"absent":                   {nil, ""},
		"empty":                    {"", ""},
		"a script":                 {"javascript:alert(1)", ""},
		"data":                     {"data:text/html,<script>alert(1)</script>", ""},
		"a file":                   {"file:///etc/passwd", ""},
		"a path":                   {"/why", ""},
		"no scheme":                {"//ca.example/why", ""},
		"no host":                  {"https:///why", ""},
		"a password":               {"https://ca.example@evil.example/", ""},
		"a control character":      {"https://ca.example/\x1b[2J", ""},
		"a line end":               {"https://ca.example/\r\nX: y", ""},
		"another direction":        {"https://ca.example/\u202egnorw", "https://ca.example/%E2%80%AEgnorw"},
		"another one in the host":  {"https://ca\u202e.example/", "https://ca%E2%80%AE.example/"},
		"an escape from a tag":     {`https://ca.example/"><script>alert(1)</script>`, "https://ca.example/%22%3E%3Cscript%3Ealert%281%29%3C/script%3E"},
		"one in its query":         {`https://ca.example/?"><script>`, ""},
		"a number":                 {7, ""},
		"an object":                {map[string]any{"a": 1}, ""},
		"longer than can be shown": {"https://ca.example/" + strings.Repeat("x", 2000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var object map[string]any
			if err := json.Unmarshal([]byte(goodWindow), &object); err != nil {
				t.Fatal(err)
			}
			object["explanationURL"] = row.value
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			s := newRenewals(t, answering(200, string(text)))
			window, err := s.window()
			if err != nil || window.Start.IsZero() || window.Explanation != row.want {
				t.Errorf("got %q of %v (%v), want %q", window.Explanation, window, err, row.want)
			}
		})
	}
}

// FuzzWindow: a window with a length and a link that is inert, or an error that can
// be shown.
func FuzzWindow(f *testing.F) {
	f.Add([]byte(goodWindow))
	f.Add([]byte(`{"suggestedWindow":{"start":"2026-11-03T04:00:00+14:00","end":"9999-12-31T23:59:59.999999999-23:59"},"explanationURL":"http://[::1]/"}`))
	f.Add([]byte(`{"suggestedWindow":{"start":"2026-11-03T04:00:00Z","end":"2026-11-02T04:00:00Z"}}`))
	f.Add([]byte(`{"suggestedWindow":{"start":"\u001b[2J","end":7},"explanationURL":"javascript:alert(1)"}`))
	f.Add([]byte(`{"SUGGESTEDWINDOW":{"Start":null},"suggestedWindow":[]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		window, err := order.ReadWindow(content)
		if err != nil {
			mustBeOneLine(t, err)
			mustBeInert(t, err.Error())
			return
		}
		link := window.Explanation
		if !window.Start.Before(window.End) || window.Start.IsZero() || link != acmecore.Inert(link) ||
			link != "" && !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") || strings.ContainsAny(link, " <>\"'`") {
			t.Errorf("%q was read as %v", content, window)
		}
	})
}

// TestIdentifiersThatAreNone are not sent to anybody.
func TestIdentifiersThatAreNone(t *testing.T) {
	for _, id := range []string{"", ".", "a", "a.", ".a", "a.b.c", "a/b.c", "../a.b", "a.b?c", "a%2f.b", "a.b=", "a.b\n", "a.\u00e9", strings.Repeat("a", 300) + ".b"} {
		t.Run(id[:min(len(id), 9)], func(t *testing.T) {
			t.Parallel()
			s := newRenewals(t, answering(200, goodWindow))
			_, err := s.client().RenewalInfo(t.Context(), id)
			mustRead(t, err, outcome{kind: acmecore.Invalid, words: []string{"no identifier"}, hint: "life decides"})
			s.mustCount(renewalInfo, 0)
		})
	}
}

// TestRenewalInfoThatHangs has a minute, and ends with its caller.
func TestRenewalInfoThatHangs(t *testing.T) {
	hangs := func(s *setting) {
		s.tellsWhere()
		s.options.Base = answers{memory{s.ca}, map[class]func(*http.Request) (*http.Response, error){
			renewalInfo: func(r *http.Request) (*http.Response, error) { return body(slow{r.Context()}), nil },
		}}
	}
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(t)
		hangs(s)
		began := time.Now()
		_, err := s.window()
		mustRead(t, err, outcome{kind: acmecore.Unreachable, words: []string{"no answer within 60 s"}, hint: "way out"})
		if got := time.Since(began); got != time.Minute {
			t.Errorf("it took %v, want a minute", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newMemory(t)
		hangs(s)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		if _, err := s.client().RenewalInfo(ctx, someID); err != context.Canceled {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

// TestPebbleSaysWhen: a real CA, which is asked about a real certificate.
func TestPebbleSaysWhen(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: t.TempDir(), AlwaysValid: true})
	s := newSilent(t, nil)
	s.options.Directory, s.options.Key, s.options.Roots = pebble.Directory, newKey(t), rootsIn(t, pebble.Roots)
	authority, err := s.client().Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	account, err := s.client().Register(t.Context(), nil, authority.Terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.options.Account = account.URL
	leaf := s.mustObtain()
	id, err := schedule.CertificateID(leaf)
	if err != nil {
		t.Fatal(err)
	}
	window, err := s.client().RenewalInfo(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if !window.Start.After(leaf.NotBefore) || !window.End.Before(leaf.NotAfter) || window.RetryAfter != 6*time.Hour {
		t.Errorf("the window is %v, of a life from %v to %v", window, leaf.NotBefore, leaf.NotAfter)
	}
	for name, row := range map[string]struct {
		answer string
		kind   acmecore.Kind
	}{
		"malformed": {"soon", acmecore.Refused},
		"inverted":  {`{"suggestedWindow":{"start":"2026-11-03T04:00:00Z","end":"2026-11-02T04:00:00Z"}}`, acmecore.Refused},
		"good":      {goodWindow, ""},
	} {
		setWindow(t, pebble, leaf, row.answer)
		window, err := s.client().RenewalInfo(t.Context(), id)
		if row.kind == "" && (err != nil || window.Explanation != "https://ca.example/docs/ari") ||
			row.kind != "" && (err == nil || acmecore.KindOf(err) != row.kind) {
			t.Errorf("%s: got %v, %v", name, window, err)
		}
	}
}

func rootsIn(t *testing.T, path string) *x509.CertPool {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", path)
	}
	return pool
}

// setWindow makes Pebble answer with the text for the certificate.
func setWindow(t *testing.T, pebble *lab.Pebble, leaf *x509.Certificate, text string) {
	t.Helper()
	content, err := json.Marshal(map[string]string{
		"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})), "ariResponse": text})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: rootsIn(t, pebble.Roots)}, DisableKeepAlives: true}}
	response, err := client.Post(pebble.Management+"/set-renewal-info/", "application/json", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("Pebble answers %s", response.Status)
	}
}
