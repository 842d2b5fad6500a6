package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// patience is how long an answer may take.
const patience = 20 * time.Second

// client asks one program for the challenge, over a connection that it keeps.
// It costs less of the machine that it shares with what it measures than
// http.Client does.
type client struct {
	address string
	request []byte
	conn    net.Conn // nil while there is none
	answers *bufio.Reader
}

func newClient(address, program string) *client {
	return &client{address: address, request: fmt.Appendf(nil,
		"GET /cgi-bin/%s/.well-known/acme-challenge/%s HTTP/1.1\r\nHost: %s\r\n\r\n", program, token, address)}
}

// ask sends the request, and returns an error unless the answer is the challenge.
// A kept connection may end while the request is under way, because a server may
// close it at any time; then it is sent again (RFC 9112 section 9.3.1).
func (c *client) ask(ctx context.Context) error {
	kept := c.conn != nil
	response, body, err := c.exchange(ctx)
	if kept && errors.Is(err, errNoAnswer) {
		response, body, err = c.exchange(ctx)
	}
	if err != nil {
		return err
	}
	return check(response, body)
}

// exchange opens a connection if there is none, and closes it if it cannot be kept.
func (c *client) exchange(ctx context.Context) (*http.Response, []byte, error) {
	if c.conn == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return nil, nil, err
		}
		c.conn, c.answers = conn, bufio.NewReader(conn)
	}
	response, body, err := c.send()
	if err != nil || response.Close {
		c.close()
	}
	return response, body, err
}

// errNoAnswer says that the connection ended before an answer began.
var errNoAnswer = errors.New("no answer")

func (c *client) send() (*http.Response, []byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, nil, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if _, err := c.answers.Peek(1); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	response, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(response.Body)
	return response, body, errors.Join(err, response.Body.Close())
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func check(response *http.Response, body []byte) error {
	kind := response.Header.Get("Content-Type")
	switch {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("status %q, body %.200q", response.Status, body)
	case string(body) != authorization:
		return fmt.Errorf("body %.200q", body)
	case !strings.HasPrefix(kind, "text/plain"):
		return fmt.Errorf("Content-Type %q", kind)
	}
	return nil
}
