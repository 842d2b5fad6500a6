package lab

import (
	"context"
	"net"
	"time"

	"wcme/deploy/fcgitest"
)

// AskFastCGI sends one request without a body to a responder on a Unix socket, as a
// web server does, and returns its output: header fields, an empty line, a body.
// A socket that nobody listens on yet is tried again until the time is over.
func AskFastCGI(ctx context.Context, socket string, params map[string]string) (output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	conn, err := dialListening(ctx, socket)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(startTime)); err != nil {
		return "", err
	}
	var pairs [][2]string
	for name, value := range params {
		pairs = append(pairs, [2]string{name, value})
	}
	if _, err := conn.Write(fcgitest.Whole(1, false, pairs, "")); err != nil {
		return "", err
	}
	output, _, err = fcgitest.Answer(conn, 1)
	return output, err
}

// dialListening waits for a socket that is there, but not yet listened on.
func dialListening(ctx context.Context, socket string) (net.Conn, error) {
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}
