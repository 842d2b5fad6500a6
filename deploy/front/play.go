package front

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// patience is how long an answer may take: more than servers wait for a script,
// so that what they then say is seen.
const patience = time.Minute

// player plays cases, and counts.
type player struct {
	target           Target
	pool             *x509.CertPool
	variables        variables
	requests, passed int
}

// reply is an answer that came.
type reply struct {
	status int
	header http.Header
	body   string
}

// play sends the requests of a case; each error is about one of them.
func (p *player) play(ctx context.Context, c Case) (errs []error) {
	if p.target.addresses()[c.Channel] == "" || p.target.HangsUp && c.announcesBody() {
		return nil
	}
	values := c.Values
	if c.Each == "" {
		values = []string{""}
	}
	for _, value := range values {
		p.requests++
		switch err := p.playOne(ctx, c, value); {
		case err == nil:
			p.passed++
		case c.Each != "":
			errs = append(errs, fmt.Errorf("$%s %.100q: %w", c.Each, value, err))
		default:
			errs = append(errs, err)
		}
	}
	return errs
}

// announcesBody tells whether a request of the case has a body, be it an empty one.
func (c Case) announcesBody() bool {
	return slices.ContainsFunc(c.Request, func(line string) bool { return strings.HasPrefix(line, "Content-Length:") })
}

// playOne sends one request of the case and judges the answer.
func (p *player) playOne(ctx context.Context, c Case, value string) error {
	v := p.variables
	if c.Each != "" {
		expanded, err := v.expand(value)
		if err != nil {
			return err
		}
		v = v.with(c.Each, expanded)
	}
	request, err := v.expandAll(append(c.Request[:len(c.Request):len(c.Request)], ""), "\r\n")
	if err != nil {
		return err
	}
	body, err := v.expandAll(c.Body, "")
	if err != nil {
		return err
	}
	got, err := p.exchange(ctx, c.Channel, request+body)
	if err != nil {
		return fmt.Errorf("%s: %w", firstLine(request), err)
	}
	if err := v.judge(c.Answers, got); err != nil {
		return fmt.Errorf("%s: %w; got %s", firstLine(request), err, got)
	}
	return p.take(c.Takes, got)
}

// exchange sends the bytes and reads one answer.
func (p *player) exchange(ctx context.Context, channel, request string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := p.dial(ctx, channel)
	if err != nil {
		return reply{}, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return reply{}, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return reply{}, err
	}
	method, _, _ := strings.Cut(request, " ")
	return readReply(bufio.NewReader(conn), method)
}

func (p *player) dial(ctx context.Context, channel string) (net.Conn, error) {
	address := p.target.addresses()[channel]
	if !p.target.isEncrypted(channel) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: p.pool, ServerName: Name, NextProtos: []string{"http/1.1"}}}
	return dialer.DialContext(ctx, "tcp", address)
}

// readReply reads the final answer. The body of one to HEAD is whatever follows
// until the server closes: there must be nothing.
func readReply(reader *bufio.Reader, method string) (reply, error) {
	for {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return reply{}, fmt.Errorf("read the answer: %w", err)
		}
		if response.StatusCode < 200 {
			continue
		}
		body := io.Reader(response.Body)
		if method == http.MethodHead {
			body = reader
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return reply{}, fmt.Errorf("read the body of %s: %w", response.Status, err)
		}
		return reply{response.StatusCode, response.Header, string(text)}, nil
	}
}

// take keeps parts of the answer as variables.
func (p *player) take(takes []Take, got reply) error {
	for _, take := range takes {
		found := take.Pattern.FindStringSubmatch(got.body)
		if found == nil {
			return fmt.Errorf("take %s: nothing matches %s; got %s", take.Variable, take.Pattern, got)
		}
		p.variables = p.variables.with(take.Variable, found[1])
	}
	return nil
}

// String shows the answer in a message.
func (r reply) String() string { return fmt.Sprintf("%d\n%s%.600q", r.status, r.head(), r.body) }

// head is the header as text.
func (r reply) head() string {
	var text strings.Builder
	_ = r.header.Write(&text) // a strings.Builder takes everything
	return text.String()
}

func firstLine(request string) string {
	line, _, _ := strings.Cut(request, "\r\n")
	return fmt.Sprintf("%.120q", line)
}
