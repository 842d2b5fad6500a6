package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// answer is what of an answer is compared.
type answer struct {
	status int
	kind   string // its Content-Type
	body   string
	last   bool // the server closes the connection after it
}

// readAnswer reads an answer of HTTP/1.1. One with a Content-Length, as all
// daemons give it, is taken apart where it lies: http.ReadResponse costs as much
// as what is measured.
func readAnswer(from *bufio.Reader) (answer, error) {
	head := peekHead(from)
	length, err := strconv.Atoi(field(head, "Content-Length"))
	if err != nil || len(head)+length > from.Size() || len(head) < len("HTTP/1.1 200 ") {
		return readAnyAnswer(from)
	}
	text, err := from.Peek(len(head) + length)
	if err != nil {
		return answer{}, err
	}
	status, err := strconv.Atoi(string(text[9:12]))
	a := answer{
		status: status,
		kind:   field(head, "Content-Type"),
		body:   string(text[len(head):]),
		last:   strings.EqualFold(field(head, "Connection"), "close"),
	}
	_, discardErr := from.Discard(len(text))
	return a, errors.Join(err, discardErr)
}

// peekHead returns the status line and the headers with the empty line after
// them, as far as they have come in one piece; otherwise nothing.
func peekHead(from *bufio.Reader) []byte {
	text, _ := from.Peek(from.Buffered())
	end := bytes.Index(text, []byte("\r\n\r\n"))
	if end < 0 {
		return nil
	}
	return text[:end+4]
}

// field returns the value of a header, spelt as the servers that are measured do;
// "" where it is missing.
func field(head []byte, name string) string {
	_, rest, _ := bytes.Cut(head, []byte("\r\n"+name+": "))
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(value)
}

// readAnyAnswer reads an answer in whatever form it has.
func readAnyAnswer(from *bufio.Reader) (answer, error) {
	response, err := http.ReadResponse(from, nil)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(response.Body)
	return answer{
		status: response.StatusCode,
		kind:   response.Header.Get("Content-Type"),
		body:   string(body),
		last:   response.Close,
	}, errors.Join(err, response.Body.Close())
}

// check returns an error unless the answer is the challenge.
func (a answer) check() error {
	switch {
	case a.status != http.StatusOK:
		return fmt.Errorf("status %d, body %.200q", a.status, a.body)
	case a.body != authorization:
		return fmt.Errorf("body %.200q", a.body)
	case !strings.HasPrefix(a.kind, "text/plain"):
		return fmt.Errorf("Content-Type %q", a.kind)
	}
	return nil
}
