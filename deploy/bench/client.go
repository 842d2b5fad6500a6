package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
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

// newClient asks the program that is mapped at the path.
func newClient(address, path string) *client {
	return &client{address: address, request: fmt.Appendf(nil,
		"GET %s/.well-known/acme-challenge/%s HTTP/1.1\r\nHost: %s\r\n\r\n", path, token, address)}
}

// ask sends the request, and returns an error unless the answer is the challenge.
// A kept connection may end while the request is under way, because a server may
// close it at any time; then it is sent again (RFC 9112 section 9.3.1).
func (c *client) ask(ctx context.Context) error {
	kept := c.conn != nil
	answer, err := c.exchange(ctx)
	if kept && errors.Is(err, errNoAnswer) {
		answer, err = c.exchange(ctx)
	}
	if err != nil {
		return err
	}
	return answer.check()
}

// exchange opens a connection if there is none, and closes it if it cannot be kept.
func (c *client) exchange(ctx context.Context) (answer, error) {
	if c.conn == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return answer{}, err
		}
		c.conn, c.answers = conn, bufio.NewReader(conn)
	}
	answer, err := c.send()
	if err != nil || answer.last {
		c.close()
	}
	return answer, err
}

// errNoAnswer says that the connection ended before an answer began.
var errNoAnswer = errors.New("no answer")

func (c *client) send() (answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if _, err := c.answers.Peek(1); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	return readAnswer(c.answers)
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
