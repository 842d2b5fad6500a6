package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"wcme/deploy/fcgitest"
	"wcme/deploy/lab"
)

// How long nobody asks before a page. An overseer's answer about all certificates of a
// second ago is given at once, and the files are looked at beside it; for one of three
// seconds ago, the page waits until they have been looked at.
const (
	aMoment = 1100 * time.Millisecond
	aWhile  = 3100 * time.Millisecond
)

// mostPatience is how long somebody asks again for the first page.
const mostPatience = 2 * time.Minute

// hostOfPage is one of the names in certificates, by which the pages may be asked for.
const hostOfPage = "host0.bench.test"

// rowsOfPage is how many certificates a page of the list shows.
const rowsOfPage = 50

// pages measures the list page of so many certificates: as the script answers it when a
// web server runs it for one request, and as a FastCGI server. The web server itself is
// not measured.
func (p programs) pages(ctx context.Context, s *state, rounds int) (rows []row, err error) {
	if err := s.configure(true, nowhere); err != nil {
		return nil, err
	}
	first, err := p.firstPage(ctx, s, min(rounds, 3)) // each of them starts an overseer
	if err != nil {
		return nil, err
	}
	overseer, err := lab.StartOverseer(ctx, p.Programs, s.root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, overseer.Stop()) }()
	if _, err := p.pass(ctx, s); err != nil { // the first one, which it makes by itself, is over by then
		return nil, err
	}
	socket := filepath.Join(filepath.Dir(s.root), "pages.sock")
	server, err := p.startPages(s, socket)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	rows = []row{
		{name: "CGI, after a while", run: later(aWhile, p.pageByCGI(s))},
		{name: "CGI, at once again", run: p.pageByCGI(s)},
		{name: "FastCGI, after a while", run: later(aWhile, pageByFastCGI(s, socket))},
		{name: "FastCGI, after a moment", run: later(aMoment, pageByFastCGI(s, socket))},
		{name: "FastCGI, at once again", run: pageByFastCGI(s, socket)},
		{name: "FastCGI, while a pass is made", run: p.duringPass(s, pageByFastCGI(s, socket))},
	}
	err = p.measure(ctx, fmt.Sprintf("%d certificates, the list page", s.certificates), rounds, rows)
	return append(rows, first), err
}

// later waits before each run.
func later(wait time.Duration, run func(context.Context) (cost, error)) func(context.Context) (cost, error) {
	return func(ctx context.Context) (cost, error) {
		select {
		case <-ctx.Done():
			return cost{}, ctx.Err()
		case <-time.After(wait):
			return run(ctx)
		}
	}
}

// duringPass asks while the overseer looks at all certificates for somebody else.
func (p programs) duringPass(s *state, run func(context.Context) (cost, error)) func(context.Context) (cost, error) {
	return func(ctx context.Context) (cost, error) {
		ended := make(chan error, 1)
		go func() {
			_, err := p.pass(ctx, s)
			ended <- err
		}()
		took, err := later(aMoment/10, run)(ctx)
		return took, errors.Join(err, <-ended)
	}
}

// firstPage measures the first page that an overseer is asked for, which nobody has
// looked at the certificates for. On a busy host the script gives up before it is there, and whoever waits
// asks again: what was read until then is not read anew.
func (p programs) firstPage(ctx context.Context, s *state, rounds int) (row, error) {
	rows := []row{{name: "CGI, the first page of an overseer", run: func(ctx context.Context) (took cost, err error) {
		overseer, err := lab.StartOverseer(ctx, p.Programs, s.root)
		if err != nil {
			return took, err
		}
		took, err = p.patiently(ctx, s)
		return took, errors.Join(err, overseer.Stop())
	}}}
	err := p.measure(ctx, fmt.Sprintf("%d certificates, the first page", s.certificates), rounds, rows)
	return rows[0], err
}

// patiently asks until there is a page, which takes as long as all of that.
func (p programs) patiently(ctx context.Context, s *state) (took cost, err error) {
	began := time.Now()
	took, err = p.pageByCGI(s)(ctx)
	for err != nil && time.Since(began) < mostPatience && ctx.Err() == nil {
		took, err = p.pageByCGI(s)(ctx)
	}
	whole := time.Since(began)
	took.first, took.wall = took.first+whole-took.wall, whole
	return took, err
}

// script is what a web server runs for a request.
func (p programs) script(name string, s *state) *exec.Cmd {
	cmd := exec.Command(filepath.Join(filepath.Dir(p.Wcme), "cgi-bin", name))
	cmd.Env = []string{"WCME_ROOT=" + s.root, "WCME_SOCKET=" + lab.Socket(s.root)}
	return cmd
}

// request is the page in the middle of the list, by its end, of names with a word in
// them (RFC 3875 section 4.1).
func request(s *state) map[string]string {
	page := max(1, s.certificates/rowsOfPage/2)
	return map[string]string{"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "/cgi-bin/wcme",
		"PATH_INFO": "/admin/list", "QUERY_STRING": fmt.Sprintf("words=bench&sort=expires&page=%d", page), "HTTP_HOST": hostOfPage, "SERVER_NAME": hostOfPage,
		"SERVER_PORT": "443", "HTTPS": "on", "REMOTE_ADDR": "127.0.0.1", "REMOTE_USER": "bench", "AUTH_TYPE": "Basic", "SERVER_SOFTWARE": "bench"}
}

// pageByCGI runs the script once.
func (p programs) pageByCGI(s *state) func(context.Context) (cost, error) {
	return func(ctx context.Context) (took cost, err error) {
		cmd := p.script("wcme", s)
		for name, value := range request(s) {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		output, err := cmd.StdoutPipe()
		if err != nil {
			return took, err
		}
		watch := watched{from: output, began: time.Now()}
		if err := cmd.Start(); err != nil {
			return took, err
		}
		text, err := io.ReadAll(&watch)
		took.wall = time.Since(watch.began)
		if err := errors.Join(err, cmd.Wait()); err != nil {
			return took, fmt.Errorf("%w: %s", err, stderr.String())
		}
		took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		return took, took.page(s, watch, string(text))
	}
}

// startPages starts the script as a FastCGI server, whose socket is its descriptor 0.
func (p programs) startPages(s *state, socket string) (*lab.Process, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	listener.SetUnlinkOnClose(false)
	file, err := listener.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd := p.script("wcme-pages", s)
	cmd.Stdin = file
	return lab.Start(socket+".log", cmd)
}

// pageByFastCGI asks the script that runs, on a new connection.
func pageByFastCGI(s *state, socket string) func(context.Context) (cost, error) {
	return func(ctx context.Context) (took cost, err error) {
		var pairs [][2]string
		for name, value := range request(s) {
			pairs = append(pairs, [2]string{name, value})
		}
		began := time.Now()
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err != nil {
			return took, err
		}
		defer conn.Close()
		if err := conn.SetDeadline(began.Add(time.Minute)); err != nil {
			return took, err
		}
		if _, err := conn.Write(fcgitest.Whole(1, false, pairs, "")); err != nil {
			return took, err
		}
		watch := watched{from: conn, began: began}
		text, _, err := fcgitest.Answer(&watch, 1)
		took.wall = time.Since(began)
		if err != nil {
			return took, err
		}
		return took, took.page(s, watch, text)
	}
}

// watched notes when the first byte came.
type watched struct {
	from  io.Reader
	began time.Time
	first time.Duration // zero until then
}

// Read implements io.Reader.
func (w *watched) Read(room []byte) (int, error) {
	n, err := w.from.Read(room)
	if n > 0 && w.first == 0 {
		w.first = time.Since(w.began)
	}
	return n, err
}

// page notes what the page is like, and refuses one that is another one.
func (c *cost) page(s *state, watch watched, text string) error {
	_, body, found := strings.Cut(text, "\r\n\r\n")
	if got, want := strings.Count(body, "<th scope=\"row\""), min(rowsOfPage, s.certificates); !found || got != want {
		return fmt.Errorf("the page has %d rows, want %d: %.500q", got, want, text)
	}
	c.first, c.bytes = watch.first, len(body)
	return nil
}

func first(c cost) time.Duration { return c.first }

// bytes is how long the longest page was.
func (r row) bytes() (most int) {
	for _, cost := range r.costs {
		most = max(most, cost.bytes)
	}
	return most
}

// printPages writes what the list page took.
func printPages(w io.Writer, certificates int, rows []row) {
	fmt.Fprintf(w, "\n| the list page of %d certificates | first byte | whole | bytes | processor time of the script |\n|---|--:|--:|--:|--:|\n", certificates)
	for _, r := range rows {
		used := "–"
		if took := r.median(cpu); took > 0 {
			used = milliseconds(took)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d | %s |\n", r.name, milliseconds(r.median(first)), milliseconds(r.median(wall)), r.bytes(), used)
	}
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
