package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wcme/cgi/meta"
)

// maxBody is how long a request's body may be, in bytes: more than the smallest web
// server that runs scripts lets through, so that a page says what is too long.
const maxBody = 12 << 10

// bodyPatience is how long a body may take to arrive: CONTENT_LENGTH may promise
// more than ever comes.
const bodyPatience = 10 * time.Second

// setBody reads the whole body before anybody acts on the request. There is one
// exactly where CONTENT_LENGTH says so (RFC 3875 section 4.1.2).
func setBody(r *http.Request, v meta.Variables, body io.Reader) *meta.Refusal {
	length, refused := contentLength(v["CONTENT_LENGTH"])
	if refused != nil || length == 0 {
		return refused
	}
	content := make([]byte, length)
	if refused := readWithin(bodyPatience, body, content); refused != nil {
		return refused
	}
	r.ContentLength = int64(length)
	r.Body = io.NopCloser(bytes.NewReader(content))
	return nil
}

func contentLength(text string) (int, *meta.Refusal) {
	if strings.Trim(text, "0123456789") != "" {
		return 0, bad("the length of the body is not a number", text)
	}
	if text == "" {
		return 0, nil
	}
	length, err := strconv.Atoi(text)
	if err != nil || length > maxBody {
		return 0, &meta.Refusal{Status: http.StatusRequestEntityTooLarge, Reason: "the body is too long", Got: text}
	}
	return length, nil
}

// readWithin fills content, or gives up. The reading goroutine is left to the end
// of its input then, which comes when the process or the connection ends.
func readWithin(patience time.Duration, body io.Reader, content []byte) *meta.Refusal {
	read := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(body, content)
		read <- err
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-late.C:
		return &meta.Refusal{Status: http.StatusRequestTimeout, Reason: "the body did not arrive in time"}
	case err := <-read:
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return bad("the body is shorter than announced", "")
		}
		if err != nil {
			return bad("the body could not be read", err.Error())
		}
		return nil
	}
}

// hasUnread tells whether some of the visitor's body may be left to read: a
// request that was refused before its body was complete, or one whose body came
// without a length. After a late body there is nothing more to wait for.
func hasUnread(v meta.Variables, refused *meta.Refusal) bool {
	measured, chunked := v["CONTENT_LENGTH"] != "", v["HTTP_TRANSFER_ENCODING"] != ""
	if refused != nil {
		return (measured || chunked) && refused.Status != http.StatusRequestTimeout
	}
	return !measured && chunked
}

// discard takes in a body that nobody wants. Apache hands it over before it
// reads the answer, on the same socket: a script that ended with some of it
// unread would reset that socket, and its answer would be lost.
func discard(length string, body io.Reader) {
	rest := body
	if announced, err := strconv.ParseInt(length, 10, 64); err == nil && announced >= 0 {
		rest = io.LimitReader(body, announced) // the server need not end it there
	}
	done := make(chan struct{})
	go func() {
		io.Copy(io.Discard, rest)
		close(done)
	}()
	late := time.NewTimer(bodyPatience)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}
