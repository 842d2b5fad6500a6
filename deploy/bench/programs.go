package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"wcme/deploy/lab"
)

// The pending challenge. It has the lengths of Let's Encrypt's.
const (
	token         = "bench0token1of2forty3three4characters567890"
	authorization = token + ".thumbprint0of1an2account3key4in5forty6three"
)

// ours is the program that is measured.
const ours = "wCME's script"

// started returns the programs that a server starts for each request.
func started() []program {
	return []program{
		{"/cgi-bin/c", "C, static"},
		{"/cgi-bin/wcme", ours},
		{"/cgi-bin/sh", "/bin/sh with cat"},
	}
}

//go:embed rivals/answer.c
var answerC string

//go:embed rivals/answer.sh
var answerShell []byte

// needed tells of the Debian packages that are missing.
func needed() error {
	var missing []string
	for _, need := range []struct{ file, pkg string }{
		{"/usr/sbin/apache2", "apache2-bin"},
		{"/usr/sbin/lighttpd", "lighttpd"},
		{"/usr/sbin/nginx", "nginx-light"},
		{"/usr/include/fcgiapp.h", "libfcgi-dev"},
		{"/usr/bin/cc", "gcc"},
		{"/usr/include/stdlib.h", "libc6-dev"},
	} {
		if _, err := os.Stat(need.file); err != nil {
			missing = append(missing, need.pkg)
		}
	}
	if missing == nil {
		return nil
	}
	list := strings.Join(missing, " ")
	return fmt.Errorf("what the bench drives is not installed: %s\nhint: apt-get install --no-install-recommends %s", list, list)
}

// install puts the programs into DIR/cgi-bin and the challenge into DIR/state.
func install(ctx context.Context, dir, script string) error {
	if _, err := os.Stat(script); err != nil {
		return fmt.Errorf("%w\nhint: run make first, or say with --wcme where the script is", err)
	}
	bin, www := filepath.Join(dir, "cgi-bin"), filepath.Join(dir, "state", "www")
	if err := errors.Join(os.Mkdir(bin, 0o755), os.MkdirAll(www, 0o755)); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(www, token), []byte(authorization), 0o644),
		os.WriteFile(filepath.Join(bin, "sh"), answerShell, 0o755),
		compile(ctx, filepath.Join(bin, "c"), answerC, "-static"),
		lab.Install(script, filepath.Join(bin, "wcme")),
		lab.Install(filepath.Join(filepath.Dir(script), "wcme-pages"), filepath.Join(bin, "wcme-pages")),
		installDaemons(ctx, bin),
	)
}

// compile makes a program of a text in C.
func compile(ctx context.Context, path, text string, flags ...string) error {
	cmd := exec.CommandContext(ctx, "cc", append([]string{"-O2", "-x", "c", "-o", path, "-", "-x", "none"}, flags...)...)
	cmd.Stdin = strings.NewReader(text)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w: %s", path, err, output)
	}
	return nil
}
