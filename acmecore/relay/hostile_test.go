package relay_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/relay"
)

// The server behind may be anybody's, or broken into.

func TestFetchRefusesOtherAnswers(t *testing.T) {
	t.Parallel()
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			io.WriteString(w, answer)
		}
	}
	for what, row := range map[string]struct {
		handler http.HandlerFunc
		says    string
	}{
		"an HTML page":                  {says("<!DOCTYPE html><script>alert(1)</script>"), "not the key authorization"},
		"nothing":                       {says(""), "not the key authorization"},
		"another token's":               {says("x" + answer), "not the key authorization"},
		"the token alone":               {says(string(token)), "not the key authorization"},
		"a thumbprint that is none":     {says(string(token) + ".<b>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "not the key authorization"},
		"a text behind it":              {says(answer + "\nSet-Cookie: a=b"), "not the key authorization"},
		"two thumbprints":               {says(answer + answer[43:]), "not the key authorization"},
		"a long s, which folds to an s": {says(strings.Replace(answer, "s", "\u017f", 1)), "not the key authorization"},
		"one byte too many":             {says(answer + strings.Repeat("\n", 512)), "more than 512 bytes"},
		"a gigabyte":                    {endless(1 << 30), "more than 512 bytes"},
		"another 2xx":                   {status(203), "status 203"},
		"part of it":                    {status(206, "Content-Range", "bytes 0-1/2"), "status 206"},
		"a redirect":                    {status(302, "Location", "/elsewhere"), "status 302 Found"},
		"a redirect to a file":          {status(301, "Location", "file:///etc/passwd"), "status 301"},
		"gone":                          {status(410), "status 410 Gone"},
		"unauthorised":                  {status(401, "WWW-Authenticate", "Basic realm=x"), "status 401"},
		"a fault":                       {status(500), "status 500 Internal Server Error"},
		"a status that nobody knows":    {status(599), "status 599"},
		"a header of a megabyte":        {status(200, "X", strings.Repeat("x", 1<<20)), "exceeded"},
		"compressed":                    {compressed, "not the key authorization"},
		"a closed connection":           {hangUp(""), "EOF"},
		"half a header":                 {hangUp("HTTP/1.1 200 OK\r\nX: a\r\n"), "EOF"},
		"half a body":                   {hangUp("HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\neva"), "unexpected EOF"},
		"no HTTP":                       {hangUp("SSH-2.0-x\x1b[2J\r\n"), "malformed HTTP"},
		"a terminal's text as status":   {hangUp("HTTP/1.1 2\x1b[2J0 OK\r\n\r\n"), "malformed HTTP"},
		"two lengths":                   {hangUp("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "Content-Length"},
		"endless informational":         {informational, "exceeded"},
		"a switch to another protocol":  {hangUp("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + answer), "status 101"},
	} {
		got, received, err := fetch(t, startInner(t, row.handler).to, token)
		if err == nil || got != "" || received != "" || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %q, %v; want an error that says %q", what, got, err, row.says)
			continue
		}
		if strings.ContainsAny(err.Error(), "\r\n\x1b<") || strings.Contains(err.Error(), string(token)) {
			t.Errorf("%s: the error is not fit for a log: %q", what, err)
		}
	}
}

// What is asked of a wCME that does not know it is nobody's fault.
func TestFetchOfAnUnknownTokenIsNoError(t *testing.T) {
	t.Parallel()
	s := startInner(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, answer, http.StatusNotFound) })
	if got, received, err := fetch(t, s.to, token); err != nil || got != "" || received != "" {
		t.Errorf("got %q, %q, %v; want nothing", got, received, err)
	}
}

// endless writes so many bytes, unless nobody wants them any more.
func endless(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		block := bytes.Repeat([]byte("x"), 64<<10)
		for written := 0; written < size; written += len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
}

func compressed(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	zipper := gzip.NewWriter(w)
	io.WriteString(zipper, answer)
	zipper.Close()
}

// hangUp writes the text as it is and closes the connection.
func hangUp(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		io.WriteString(conn, text)
		conn.Close()
	}
}

func informational(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
			return
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	other := startInner(t, says(answer))
	s := startInner(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.to+string(token), http.StatusTemporaryRedirect)
	})
	if got, _, err := fetch(t, s.to, token); err == nil {
		t.Errorf("got %q", got)
	}
	if got := other.connections.Load(); got != 0 {
		t.Errorf("%d connections to where it leads", got)
	}
}

// TestSlowAnswersEnd: however the other side spreads what it says, Fetch ends when
// its time is over.
func TestSlowAnswersEnd(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"not a byte":            "",
		"a header byte by byte": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 4000),
		"a body byte by byte":   "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + answer + strings.Repeat("x", 4000),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := startInner(t, trickle(text))
			got, _, err := relay.New(relay.Options{Time: 300 * time.Millisecond}).Fetch(t.Context(), s.to, token)
			if err == nil || err.Error() != "no answer within 300ms" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// trickle writes a byte each 20 ms, and then waits until the other side has gone.
func trickle(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := range len(text) {
			<-tick.C
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				return
			}
		}
		conn.Read(make([]byte, 1))
	}
}

// FuzzAnswer: whatever arrives, what Fetch returns is a key authorization of the
// token, and its error one line.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"HTTP/1.1 200 OK\r\n\r\n" + answer, "HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\n" + answer,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n57\r\n" + answer + "\r\n0\r\n\r\n", "HTTP/1.0 302 x\r\nLocation: /\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + strings.ToLower(answer), "", "\x00"} {
		f.Add(seed)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { listener.Close() })
	texts := make(chan string)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096))
			io.WriteString(conn, <-texts)
			conn.Close()
		}
	}()
	f.Fuzz(func(t *testing.T, text string) {
		go func() { texts <- text }()
		r := relay.New(relay.Options{Time: time.Minute})
		got, received, err := r.Fetch(t.Context(), "http://"+listener.Addr().String()+"/", token)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n\x1b") || len(err.Error()) > 2048 {
				t.Errorf("the error is not one line: %q", err)
			}
			return
		}
		head, thumbprint, _ := strings.Cut(string(got), ".")
		_, badThumbprint := acmecore.ParseToken(thumbprint)
		if !strings.EqualFold(head, string(token)) || len(head) != len(token) || badThumbprint != nil || received != "" {
			t.Errorf("%q: got %q, %q", text, got, received)
		}
	})
}
