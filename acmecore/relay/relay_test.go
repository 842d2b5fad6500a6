package relay_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/relay"
	"wcme/deploy/lab"
)

const (
	token  = acmecore.Token("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA")
	answer = string(token) + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
	probe  = acmecore.Token("wcme-probe-evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ")
)

// inner is the server behind; it counts the connections that are made to it.
type inner struct {
	*httptest.Server
	to          string
	connections atomic.Int32
}

func startInner(t *testing.T, handler http.HandlerFunc) *inner {
	t.Helper()
	s := &inner{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	s.to = s.URL + "/cgi-bin/wcme/.well-known/acme-challenge/"
	return s
}

// says answers every request with the text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

func fetch(t *testing.T, to string, token acmecore.Token) (string, string, error) {
	t.Helper()
	text, received, err := relay.New(relay.Options{Time: time.Minute}).Fetch(t.Context(), to, token)
	return string(text), received, err
}

func TestFetchReturnsTheAuthorization(t *testing.T) {
	t.Parallel()
	for what, row := range map[string]struct {
		token acmecore.Token
		says  string
	}{
		"as asked":                         {token, answer},
		"asked in lower case":              {acmecore.Token(strings.ToLower(string(token))), answer},
		"with a line end, as from a file":  {token, answer + "\n"},
		"with a line end of Windows":       {token, answer + "\r\n"},
		"as another wCME says of a probe":  {probe, string(probe) + ".x" + answer[45:] + strings.Repeat("y", 22)},
		"of the longest token that may be": {acmecore.Token(strings.Repeat("x", 128)), strings.Repeat("x", 128) + "." + strings.Repeat("y", 128)},
	} {
		got, received, err := fetch(t, startInner(t, says(row.says)).to, row.token)
		if want := strings.TrimRight(row.says, "\r\n"); err != nil || got != want || received != "" {
			t.Errorf("%s: got %q, %q, %v; want %q", what, got, received, err, want)
		}
	}
}

// TestNothingPassesButTheToken compares the whole request, as it arrives.
func TestNothingPassesButTheToken(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1") // nobody is there
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	arrived := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buffer := make([]byte, 4096)
		length, _ := conn.Read(buffer)
		arrived <- string(buffer[:length])
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
	}()
	// Not 127.0.0.1, for which nobody ever asks a proxy.
	here := strings.Replace(listener.Addr().String(), "127.0.0.1", "0.0.0.0", 1)
	got, _, err := fetch(t, "http://"+here+"/a/%2e/", token)
	if err != nil || got != answer {
		t.Fatalf("got %q, %v", got, err)
	}
	want := "GET /a/%2e/" + string(token) + " HTTP/1.1\r\nHost: " + here +
		"\r\nUser-Agent: wcme (challenge relay)\r\nWcme-Relay: 1\r\n\r\n"
	if request := <-arrived; request != want {
		t.Errorf("sent %q, want %q", request, want)
	}
}

func TestAVisitorWhoLeavesEndsIt(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	s := startInner(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-asked; leave() }()
	if _, _, err := relay.New(relay.Options{Time: time.Hour}).Fetch(ctx, s.to, token); err == nil {
		t.Error("it ended with an answer")
	}
}

func TestNoConnectionIsMadeForWhatIsNoTokenOrURL(t *testing.T) {
	t.Parallel()
	s := startInner(t, says(answer))
	for what, row := range map[string]struct{ to, token string }{
		"no token":              {s.to, ""},
		"a short token":         {s.to, "short"},
		"a path":                {s.to, "../../../../../../../admin/list"},
		"a query":               {s.to, string(token) + "?x"},
		"a line end":            {s.to, string(token) + "\r\nX: y"},
		"an escape":             {s.to, string(token) + "%00"},
		"no URL":                {"", string(token)},
		"a URL with no host":    {"http:///x/", string(token)},
		"a file":                {"file:///etc/", string(token)},
		"another scheme":        {strings.Replace(s.to, "http", "gopher", 1), string(token)},
		"a user":                {strings.Replace(s.to, "//", "//user:password@", 1), string(token)},
		"a query before it":     {s.to + "?x=/", string(token)},
		"a fragment before it":  {s.to + "#/", string(token)},
		"no slash at the end":   {strings.TrimSuffix(s.to, "/"), string(token)},
		"a line end in the URL": {s.to + "\r\n/", string(token)},
	} {
		if got, _, err := fetch(t, row.to, acmecore.Token(row.token)); err == nil {
			t.Errorf("%s: got %q", what, got)
		}
	}
	if got := s.connections.Load(); got != 0 {
		t.Errorf("%d connections were made", got)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	s := startInner(t, says(answer))
	r := relay.New(relay.Options{Time: time.Minute})
	for range 5 {
		if _, _, err := r.Fetch(t.Context(), s.to, token); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.connections.Load(); got != 1 {
		t.Errorf("%d connections for five challenges", got)
	}
}

// TestTooManyAtOnceAreRefusedAtOnce, and places are given back.
func TestTooManyAtOnceAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	const most = 32
	arrived, release := make(chan struct{}, most), make(chan struct{})
	s := startInner(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		io.WriteString(w, answer)
	})
	r := relay.New(relay.Options{Time: time.Minute})
	var group sync.WaitGroup
	for range most {
		group.Go(func() {
			if _, _, err := r.Fetch(t.Context(), s.to, token); err != nil {
				t.Error(err)
			}
		})
	}
	for range most {
		<-arrived
	}
	if _, _, err := r.Fetch(t.Context(), s.to, token); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("one more: got %v", err)
	}
	close(release)
	group.Wait()
	if _, _, err := r.Fetch(t.Context(), s.to, token); err != nil {
		t.Errorf("after them: %v", err)
	}
}

func TestHTTPSIsVerified(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(says(answer))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	if got, _, err := fetch(t, s.URL+"/", token); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: got %q, %v", got, err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	known := relay.New(relay.Options{Time: time.Minute, Roots: roots})
	if got, _, err := known.Fetch(t.Context(), s.URL+"/", token); err != nil || string(got) != answer {
		t.Errorf("a known one: got %q, %v", got, err)
	}
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	if got, _, err := known.Fetch(t.Context(), other+"/", token); err == nil {
		t.Errorf("another name than the certificate's: got %q", got)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := fetch(t, "http://"+lab.Loopback(port)+"/", token); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestAProbeTellsWhatArrived, and nothing else of a header passes.
func TestAProbeTellsWhatArrived(t *testing.T) {
	t.Parallel()
	const facts = `{"path":"/.well-known/acme-challenge/x"}`
	upper := acmecore.Token(strings.ToUpper(string(probe)))
	for what, row := range map[string]struct {
		token      acmecore.Token
		says, want string
	}{
		"a probe":                     {probe, facts, facts},
		"a probe in capitals":         {upper, facts, facts},
		"an ordinary token":           {token, facts, ""},
		"a probe with 2 KiB":          {probe, strings.Repeat("x", 2048), strings.Repeat("x", 2048)},
		"a probe with more":           {probe, strings.Repeat("x", 2049), ""},
		"a probe with other letters":  {probe, "\u00e4", ""},
		"a probe with a tab":          {probe, "a\tb", ""},
		"a probe of a terminal":       {probe, "\x1b[2J", ""},
		"a probe that says nothing":   {probe, "", ""},
		"a token like a probe's name": {"wcme-probes-evaGxfADs6pSRb2LAv9IZf17Dt3", facts, ""},
	} {
		s := startInner(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Wcme-Received"] = []string{row.says}
			io.WriteString(w, string(row.token)+answer[43:])
		})
		_, got, err := fetch(t, s.to, row.token)
		if strings.Contains(row.says, "\x1b") { // net/http refuses or replaces what no header may have
			if strings.Contains(got, "\x1b") {
				t.Errorf("%s: got %q", what, got)
			}
			continue
		}
		if err != nil || got != row.want {
			t.Errorf("%s: got %q, %v; want %q", what, got, err, row.want)
		}
	}
}
