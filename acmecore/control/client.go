package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/socket"
)

// Client asks an overseer through its socket. It implements Operations,
// Administration and Access.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient returns a client of the overseer that listens on the socket. It
// connects at the first request only.
func NewClient(socket string) *Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true, // a script that ends after one answer needs no idle connection
	}
	return &Client{socket: socket, http: &http.Client{Transport: transport}}
}

// Answers tells whether an overseer accepts connections on the socket. A socket
// that the caller may not use counts as answering, so that the refusal is shown.
func (c *Client) Answers() bool { return socket.Answers(c.socket) }

// List implements Operations.
func (c *Client) List(ctx context.Context) (list []acmecore.Certificate, err error) {
	return list, c.call(ctx, http.MethodGet, pathCertificates, nil, nil, &list)
}

// Certify implements Operations.
func (c *Client) Certify(ctx context.Context, request CertifyRequest, progress acmecore.Progress) (done acmecore.Certificate, err error) {
	return done, c.call(ctx, http.MethodPost, pathCertify, request, progress, &done)
}

// Register implements Operations.
func (c *Client) Register(ctx context.Context, request RegisterRequest, progress acmecore.Progress) (account acmecore.Account, err error) {
	return account, c.call(ctx, http.MethodPost, pathRegister, request, progress, &account)
}

// CheckCA implements Operations.
func (c *Client) CheckCA(ctx context.Context, ca string) (authority acmecore.Authority, err error) {
	path := pathCheckCA + "?ca=" + url.QueryEscape(ca)
	return authority, c.call(ctx, http.MethodGet, path, nil, nil, &authority)
}

// CheckChallenge implements Operations.
func (c *Client) CheckChallenge(ctx context.Context, request ChallengeRequest, progress acmecore.Progress) (reaches []acmecore.Reach, err error) {
	return reaches, c.call(ctx, http.MethodPost, pathCheckChallenge, request, progress, &reaches)
}

// CheckDNS implements Operations.
func (c *Client) CheckDNS(ctx context.Context, request DNSRequest, progress acmecore.Progress) (traces []acmecore.Trace, err error) {
	return traces, c.call(ctx, http.MethodPost, pathCheckDNS, request, progress, &traces)
}

// Manage implements Operations.
func (c *Client) Manage(ctx context.Context, request ManageRequest, progress acmecore.Progress) (run acmecore.Run, err error) {
	return run, c.call(ctx, http.MethodPost, pathManage, request, progress, &run)
}

// Restore implements Operations.
func (c *Client) Restore(ctx context.Context, request RestoreRequest, progress acmecore.Progress) (restored acmecore.Certificate, err error) {
	return restored, c.call(ctx, http.MethodPost, pathRestore, request, progress, &restored)
}

// CheckServed implements Operations.
func (c *Client) CheckServed(ctx context.Context, ids []acmecore.ID, progress acmecore.Progress) (presences []acmecore.Presence, err error) {
	return presences, c.call(ctx, http.MethodPost, pathCheckServed, servedRequest{ids}, progress, &presences)
}

// CheckLoad implements Operations.
func (c *Client) CheckLoad(ctx context.Context, action string, progress acmecore.Progress) (results []acmecore.LoadResult, err error) {
	return results, c.call(ctx, http.MethodPost, pathCheckLoad, loadRequest{action}, progress, &results)
}

// CheckReport implements Operations.
func (c *Client) CheckReport(ctx context.Context, way ReportWay, progress acmecore.Progress) error {
	var nothing any
	return c.call(ctx, http.MethodPost, pathCheckReport, reportRequest{way}, progress, &nothing)
}

// Revoke implements Operations.
func (c *Client) Revoke(ctx context.Context, request RevokeRequest, progress acmecore.Progress) (revoked acmecore.Certificate, err error) {
	return revoked, c.call(ctx, http.MethodPost, pathRevoke, request, progress, &revoked)
}

// AccountAtCA implements Operations.
func (c *Client) AccountAtCA(ctx context.Context, request AccountAtCARequest, progress acmecore.Progress) (account acmecore.Account, err error) {
	return account, c.call(ctx, http.MethodPost, pathAccountAtCA, request, progress, &account)
}

// Remove implements Operations.
func (c *Client) Remove(ctx context.Context, request RemoveRequest, progress acmecore.Progress) error {
	var nothing any
	return c.call(ctx, http.MethodPost, pathRemove, request, progress, &nothing)
}

// Rehearse implements Operations.
func (c *Client) Rehearse(ctx context.Context, request CertifyRequest, progress acmecore.Progress) (rehearsal acmecore.Rehearsal, err error) {
	return rehearsal, c.call(ctx, http.MethodPost, pathRehearse, request, progress, &rehearsal)
}

// Alive implements Operations.
func (c *Client) Alive(ctx context.Context) error {
	var nothing any
	return c.call(ctx, http.MethodGet, pathAlive, nil, nil, &nothing)
}

// call sends one request and reads the lines of its answer to the last one,
// which it decodes into result.
func (c *Client) call(ctx context.Context, method, path string, request any, progress acmecore.Progress, result any) error {
	response, err := c.send(ctx, method, path, request)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(io.LimitReader(response.Body, 64*maxLine))
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return c.unreachable(ctx, fmt.Errorf("the answer ended early: %w", noEOF(err)))
		}
		done, err := decodeLine(line, progress, result)
		if err != nil {
			return err
		}
		if done {
			return nil
		}
	}
}

func (c *Client) send(ctx context.Context, method, path string, request any) (*http.Response, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://overseer"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if err := setClaim(r); err != nil {
		return nil, err
	}
	return c.http.Do(r)
}

// decodeLine handles one line; done says that it was the last one.
func decodeLine(line []byte, progress acmecore.Progress, result any) (done bool, err error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return false, &acmecore.Error{Kind: acmecore.Internal, Op: "read the overseer's answer", Cause: err,
			Hint: "are the overseer and this program of the same version?"}
	}
	switch {
	case m.Error != nil:
		return true, m.Error.unwire()
	case m.Result != nil:
		return true, json.Unmarshal(m.Result, result)
	case m.Step != nil && progress != nil:
		progress(*m.Step)
	}
	return false, nil
}

func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	problem := &acmecore.Error{Kind: acmecore.Unreachable, Op: "ask the overseer at", Subject: c.socket, Cause: err,
		Hint: "is it running? start it with `wcme overseer`"}
	switch {
	case errors.Is(err, fs.ErrPermission):
		problem.Kind = acmecore.Denied
		problem.Hint = "run wcme as root or as the overseer's user; for the script, set [script] user in wcme.toml to the web server's"
	case errors.Is(err, fs.ErrNotExist):
		problem.Cause = errors.New("there is no such socket")
	case errors.Is(err, syscall.ECONNREFUSED):
		problem.Cause = errors.New("nobody listens")
	}
	return problem
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
