// Start measures how long the script takes from its start to its end, as a CGI program
// of one request, beside the least CGI program that Go's own library makes: the
// answer to a challenge, and a page's stylesheet, for which nobody else is asked.
//
//	go run ./deploy/bench/start --build build
//
// The programs are started in turn, round after round, so that whatever else the
// machine does slows all of them: the ratios mean something. It exits 1 if an answer
// is wrong.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	build := flag.String("build", "build", "the `directory` that make built into")
	rounds := flag.Int("rounds", 400, "how often each program is started")
	flag.Parse()
	if err := run(*build, *rounds); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

// program is one that is started, and what its answer must have in it.
type program struct {
	name, path string
	env        []string
	want       string
	took       []time.Duration
}

// The challenge that is asked for.
const (
	token      = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
	thumbprint = ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
)

func run(build string, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "wcme-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs, err := programs(build, dir)
	if err != nil {
		return err
	}
	for range rounds {
		for _, p := range programs {
			if err := p.once(); err != nil {
				return err
			}
		}
	}
	table(programs)
	return nil
}

// programs are what is measured; the first one is the measure.
func programs(build, dir string) ([]*program, error) {
	empty := filepath.Join(dir, "empty")
	compile := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", empty, "wcme/deploy/bench/rivals/empty")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := compile.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the empty program: %w: %s", err, output)
	}
	www := filepath.Join(dir, "www")
	err := errors.Join(os.Mkdir(www, 0o755), os.WriteFile(filepath.Join(www, token), []byte(token+thumbprint), 0o644))
	if err != nil {
		return nil, err
	}
	script, pages := filepath.Join(build, "cgi-bin", "wcme"), filepath.Join(build, "cgi-bin", "wcme-pages")
	icon, err := iconOf(pages, dir)
	if err != nil {
		return nil, err
	}
	return []*program{
		{name: "an empty Go CGI program", path: empty, env: request(dir, "/"), want: "hello"},
		{name: "wcme: a challenge", path: script, env: request(dir, "/.well-known/acme-challenge/"+token), want: thumbprint},
		{name: "wcme-pages: a file of a page", path: pages, env: request(dir, icon), want: "<svg"},
		{name: "wcme: the same, by way of wcme-pages", path: script, env: request(dir, icon), want: "<svg"},
	}, nil
}

// iconOf asks for a page that needs nobody, and takes the address of the icon from it.
func iconOf(pages, dir string) (string, error) {
	p := program{path: pages, env: request(dir, "/nothing")}
	page, err := p.answer()
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(page, `<img src="/cgi-bin/wcme`)
	address, _, found := strings.Cut(rest, `"`)
	if !found {
		return "", fmt.Errorf("the page names no icon: %s", page)
	}
	return address, nil
}

// request is what a web server says of one.
func request(root, path string) []string {
	script := "/cgi-bin/wcme"
	if strings.HasPrefix(path, "/.well-known") {
		script, path = "/.well-known/acme-challenge", strings.TrimPrefix(path, "/.well-known/acme-challenge")
	}
	return []string{"GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "REQUEST_METHOD=GET", "SERVER_NAME=www.example.org",
		"SERVER_PORT=80", "HTTP_HOST=www.example.org", "REMOTE_ADDR=192.0.2.7", "SCRIPT_NAME=" + script, "PATH_INFO=" + path,
		"REQUEST_URI=" + script + path, "SERVER_SOFTWARE=bench", "WCME_ROOT=" + root}
}

// once starts the program, and notes how long it took.
func (p *program) once() error {
	began := time.Now()
	answer, err := p.answer()
	p.took = append(p.took, time.Since(began))
	if err == nil && !strings.Contains(answer, p.want) {
		err = fmt.Errorf("%s: it answers %q", p.name, answer)
	}
	return err
}

func (p *program) answer() (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(p.path)
	command.Env, command.Stdout, command.Stderr = p.env, &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", p.path, err, &stderr)
	}
	return stdout.String(), nil
}

// table prints the medians as Markdown, and how they stand to the first program's: the
// median of the ratios, round by round.
func table(programs []*program) {
	fmt.Printf("| from start to end, %d times | median | to the first |\n|---|--:|--:|\n", len(programs[0].took))
	for _, p := range programs {
		ratios := make([]float64, len(p.took))
		for i := range p.took {
			ratios[i] = p.took[i].Seconds() / programs[0].took[i].Seconds()
		}
		fmt.Printf("| %s | %.2f ms | %.2f |\n", p.name, median(p.took).Seconds()*1000, median(ratios))
	}
}

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
