package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestBodyIsWhatIsAnnounced(t *testing.T) {
	for _, row := range []struct{ length, sent, want string }{
		{"", "hello", ""}, {"0", "hello", ""}, {"5", "hello", "hello"}, {"5", "hello, world", "hello"}, {"005", "hello", "hello"},
		{"8192", strings.Repeat("a", 8192), strings.Repeat("a", 8192)},
	} {
		x := serve(t, with("REQUEST_METHOD", "POST", "CONTENT_LENGTH", row.length, "CONTENT_TYPE", "text/x"), iotest.OneByteReader(strings.NewReader(row.sent)))
		x.wantSeen(t)
		if x.body != row.want || x.request.ContentLength != int64(len(row.want)) || x.request.Header.Get("Content-Type") != "text/x" {
			t.Errorf("CONTENT_LENGTH=%s: %d bytes of length %d, want %d", row.length, len(x.body), x.request.ContentLength, len(row.want))
		}
	}
}

// TestBodyLengthLies is G16 and the body of G08.
func TestBodyLengthLies(t *testing.T) {
	for _, row := range []struct {
		length string
		status int
	}{
		{"6", 400}, {"-5", 400}, {"-1", 400}, {"+5", 400}, {" 5", 400}, {"5 ", 400}, {"0x5", 400}, {"5.0", 400}, {"9e9", 400},
		{"five", 400}, {"5\r\n", 400}, {"٥", 400},
		{"12289", 413}, {"104857600", 413}, {"9223372036854775808", 413}, {strings.Repeat("9", 1000), 413},
	} {
		x := serve(t, with("REQUEST_METHOD", "POST", "CONTENT_LENGTH", row.length), strings.NewReader("hello"))
		x.wantRefused(t, row.status)
	}
	broken := iotest.ErrReader(errors.New("broken"))
	serve(t, with("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "5"), broken).wantRefused(t, http.StatusBadRequest)
}

func TestBodyThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, visitor := io.Pipe()
		defer visitor.Close()
		started := time.Now()
		x := serve(t, with("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "5"), body)
		x.wantRefused(t, http.StatusRequestTimeout)
		if took := time.Since(started); took != 10*time.Second {
			t.Errorf("gave up after %v, want 10s", took)
		}
	})
}

// TestUnwantedBodyIsTakenIn keeps Apache from losing the answer, and takes no more
// than was announced: the server need not end the body.
func TestUnwantedBodyIsTakenIn(t *testing.T) {
	for _, row := range []struct {
		name           string
		variable       string
		value          string
		method         string
		taken, refused int
	}{
		{"too long", "CONTENT_LENGTH", "100000", "POST", 100_000, 413},
		{"no number", "CONTENT_LENGTH", "x", "POST", 200_000, 400},
		{"negative, as Caddy 2.6 marks a chunked one", "CONTENT_LENGTH", "-1", "POST", 200_000, 400},
		{"chunked", "HTTP_TRANSFER_ENCODING", "chunked", "POST", 200_000, 0},
		{"of a request refused for another reason", "CONTENT_LENGTH", "100", "G ET", 100, 400},
		{"wanted", "CONTENT_LENGTH", "100", "POST", 100, 0},
		{"none", "CONTENT_LENGTH", "0", "POST", 0, 0},
		{"not announced", "CONTENT_LENGTH", "", "POST", 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			body := strings.NewReader(strings.Repeat("a", 200_000))
			x := serve(t, with("REQUEST_METHOD", row.method, row.variable, row.value), body)
			if row.refused != 0 {
				x.wantRefused(t, row.refused)
			}
			if taken := 200_000 - body.Len(); taken != row.taken {
				t.Errorf("%d bytes were taken in, want %d", taken, row.taken)
			}
		})
	}
}

func TestUnwantedBodyThatNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, visitor := io.Pipe()
		defer visitor.Close()
		started := time.Now()
		serve(t, with("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "100000"), body).wantRefused(t, http.StatusRequestEntityTooLarge)
		if took := time.Since(started); took != 10*time.Second {
			t.Errorf("gave up after %v, want 10s", took)
		}
	})
}
