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

// The programs, in the order in which they are measured: the first is what the
// others are compared with.
var programs = []struct{ file, name string }{
	{"c", "C, static"},
	{"wcme", "wCME's script"},
	{"sh", "/bin/sh with cat"},
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
		compile(ctx, filepath.Join(bin, "c")),
		lab.Install(script, filepath.Join(bin, "wcme")),
	)
}

func compile(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "cc", "-O2", "-static", "-x", "c", "-o", path, "-")
	cmd.Stdin = strings.NewReader(answerC)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile answer.c: %w: %s", err, output)
	}
	return nil
}
