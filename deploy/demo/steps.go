package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wcme/deploy/lab"
)

// names is what the demo gets a certificate for; the first one names it.
func names() []string {
	return []string{"www.example.test", "shop.example.test", "mail.example.test"}
}

// demo is what has been put up so far.
type demo struct {
	page     *page
	programs lab.Programs
	dir      string // temporary, holds everything
	root     string // the state directory
	host     *host
	pebble   *lab.Pebble
	overseer *lab.Process
}

type step func(context.Context) error

func (d *demo) steps() []step {
	return []step{
		d.prepare, d.startHost, d.startCA, d.setup, d.startOverseer, d.register,
		d.certify, d.lookAtDisk, d.list, d.askForChallenge, d.openList,
	}
}

func (d *demo) prepare(context.Context) (err error) {
	if d.programs, err = lab.Build(); err != nil {
		return err
	}
	if d.dir, err = lab.MakeDir("wcme-demo"); err != nil {
		return err
	}
	d.root = filepath.Join(d.dir, "state")
	return nil
}

func (d *demo) startHost(context.Context) error {
	d.page.title("A web server that runs cgi-bin/wcme as a CGI program")
	d.host = &host{
		script: d.programs.Script,
		env:    []string{"WCME_ROOT=" + d.root, "WCME_SOCKET=" + lab.Socket(d.root)},
		note:   func(line string) { d.page.show("%s", line) },
		stderr: d.page,
	}
	if err := d.host.start(); err != nil {
		return err
	}
	d.page.show("it listens on %s and maps %s/ and %s/", d.host.address, challengePath, scriptPath)
	return nil
}

func (d *demo) startCA(ctx context.Context) (err error) {
	d.page.title("A certification authority (Pebble) that fetches challenges from that web server")
	d.pebble, err = lab.StartPebble(ctx, d.programs, lab.PebbleOptions{Dir: d.dir, HTTPPort: d.host.port(), NonceReject: 5})
	if err != nil {
		return err
	}
	d.page.show("its directory is %s", d.pebble.Directory)
	return nil
}

func (d *demo) setup(ctx context.Context) error {
	d.page.title("The state directory and the configuration")
	if err := d.wcme(ctx, "setup"); err != nil {
		return err
	}
	path := filepath.Join(d.root, "etc", "wcme.toml")
	if err := os.WriteFile(path, []byte(d.configuration()), 0o600); err != nil {
		return err
	}
	d.page.command("cat", path)
	d.page.show("%s", d.configuration())
	return nil
}

func (d *demo) configuration() string {
	return fmt.Sprintf(`ca = "demo"
contact = ["admin@example.test"]
accept_terms = true

[authority.demo]
directory = %q
roots = %q
`, d.pebble.Directory, d.pebble.Roots)
}

// startOverseer returns when the overseer's socket answers.
func (d *demo) startOverseer(ctx context.Context) (err error) {
	d.page.title("The overseer")
	d.page.command("wcme overseer --root", d.root, "&")
	d.overseer, err = lab.StartOverseer(ctx, d.programs, d.root)
	if err == nil {
		d.page.show("%s", d.overseer.Log())
	}
	return err
}

func (d *demo) register(ctx context.Context) error {
	d.page.title("An account at the authority")
	return d.wcme(ctx, "register", "--accept-terms")
}

func (d *demo) certify(ctx context.Context) error {
	d.page.title("A certificate for three names")
	if err := d.wcme(ctx, "certify", strings.Join(names(), ",")); err != nil {
		return err
	}
	for _, name := range names() {
		times := d.host.timesAnswered(name)
		if times == 0 {
			return fmt.Errorf("the challenge for %s was not answered by the script", name)
		}
		d.page.show("checked: the script answered the authority %d times for %s", times, name)
	}
	return nil
}

func (d *demo) lookAtDisk(ctx context.Context) error {
	d.page.title("What is on disk")
	ssl := filepath.Join(d.root, "ssl")
	d.page.command("ls -l", ssl)
	entries, err := os.ReadDir(ssl)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		d.page.show("%s %6d %s", info.Mode(), info.Size(), info.Name())
	}
	return d.checkChain(ctx, filepath.Join(ssl, "fullchain_www_example_test.pem"))
}

func (d *demo) checkChain(ctx context.Context, path string) error {
	root, err := d.pebble.IssuingRoot(ctx)
	if err != nil {
		return err
	}
	chain, err := lab.CheckChain(path, root, names()...)
	if err != nil {
		return err
	}
	d.page.show("checked: the key in %s belongs to its certificate, whose chain\nleads to the authority's root for %s until %s",
		filepath.Base(path), strings.Join(names(), ", "), chain[0].NotAfter.UTC().Format(time.DateOnly))
	return nil
}

func (d *demo) list(ctx context.Context) error {
	d.page.title("The managed certificates")
	return d.wcme(ctx, "list")
}

func (d *demo) askForChallenge(ctx context.Context) error {
	d.page.title("The mapping, tried by hand with a token that nobody waits for")
	const want = "Challenge received but no such file or directory."
	status, body, err := d.fetch(ctx, challengePath+"/a-token-that-is-not-pending-0123456789")
	if err != nil {
		return err
	}
	if status != http.StatusNotFound || !strings.Contains(body, want) {
		return fmt.Errorf("want 404 and %q, got %d and %q", want, status, body)
	}
	return nil
}

func (d *demo) openList(ctx context.Context) error {
	d.page.title("The list page, as the user admin")
	status, body, err := d.fetch(ctx, listPath)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("want 200, got %d and %q", status, body)
	}
	for _, name := range names() {
		if !strings.Contains(body, name) {
			return fmt.Errorf("the list page does not mention %s", name)
		}
	}
	d.page.show("checked: all three names are on it. Open http://%s%s", d.host.address, listPath)
	return nil
}

// fetch gets a page of the host and shows the status, and the answer if it is
// a plain text.
func (d *demo) fetch(ctx context.Context, path string) (status int, body string, err error) {
	url := "http://" + d.host.address + path
	d.page.command("curl -i", url)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	d.page.show("%s %s, %s, %d bytes", response.Proto, response.Status, response.Header.Get("Content-Type"), len(text))
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		d.page.show("%s", text)
	}
	return response.StatusCode, string(text), err
}

// wcme runs a verb and shows what it says.
func (d *demo) wcme(ctx context.Context, verb string, args ...string) error {
	cmd := d.programs.Command(ctx, d.root, verb, args...)
	d.page.command(append([]string{"wcme"}, cmd.Args[1:]...)...)
	cmd.Stdout, cmd.Stderr = d.page, d.page
	err := cmd.Run()
	d.page.flush()
	if err != nil {
		return fmt.Errorf("wcme %s: %w", verb, err)
	}
	return nil
}

// explain adds what the servers said to the error of a step.
func (d *demo) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if d.overseer != nil {
		err = fmt.Errorf("%w\n\nthe overseer's log:\n%s", err, d.overseer.Log())
	}
	return err
}

// takeDown ends what was started, the last first, and removes the directory.
func (d *demo) takeDown() error {
	var errs []error
	if d.overseer != nil {
		errs = append(errs, d.overseer.Stop())
	}
	if d.pebble != nil {
		errs = append(errs, d.pebble.Stop())
	}
	if d.host != nil && d.host.server != nil {
		errs = append(errs, d.host.server.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
