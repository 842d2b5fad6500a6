package looks_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wcme/deploy/lab"
)

// gallery is the address of the gallery, which runs for all tests.
var gallery string

func TestMain(m *testing.M) {
	status, err := withGallery(m.Run)
	endBrowser()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// withGallery builds the gallery's program, runs it, and ends it again.
func withGallery(run func() int) (status int, err error) {
	root, err := lab.Root()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "wcme-looks-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "show")
	build := exec.Command("go", "build", "-o", program, "./web/gallery/show")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the gallery: %w\n%s", err, output)
	}
	show := exec.Command(program, "-listen", "127.0.0.1:0")
	stdout, err := show.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := show.Start(); err != nil {
		return 1, err
	}
	defer show.Wait()
	defer show.Process.Kill()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return 1, fmt.Errorf("start the gallery: %w", err)
	}
	gallery = strings.TrimSuffix(strings.TrimSpace(line), "/")
	return run(), nil
}

// hostile is the path of the scenes with hostile texts in them; the number of the
// payload that one begins with follows.
const hostile = "hostile"

// scenes are the names of all that are pages: others are parts of pages, or files.
func scenes(t *testing.T) (names []string) {
	t.Helper()
	_, list := get(t, gallery+"/")
	for _, link := range regexp.MustCompile(`<a href="/([a-z0-9-]+)/">`).FindAllStringSubmatch(list, -1) {
		answer, body := get(t, gallery+"/"+link[1]+"/")
		if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && strings.HasPrefix(body, "<!") {
			names = append(names, link[1])
		}
	}
	if len(names) == 0 {
		t.Fatalf("the gallery has no pages:\n%s", list)
	}
	return names
}

// get asks for an address, and follows no redirect.
func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}
