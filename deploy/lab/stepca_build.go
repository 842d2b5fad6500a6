package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// buildStepCA returns the program. It finds it in the directory tools of WCME_BUILD,
// where that is set; otherwise it runs make, which builds it the first time: that takes
// a minute. It is a variable because it remembers.
var buildStepCA = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("WCME_BUILD"); dir != "" {
		return stepCAIn(dir)
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "build")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, ".lock-step-ca"))
	if err != nil {
		return "", err
	}
	defer unlock()
	cmd := exec.Command("make", "-s", "-C", root, "step-ca")
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make step-ca: %w\n%s", err, tail(string(output)))
	}
	return stepCAIn(dir)
})

func stepCAIn(dir string) (string, error) {
	path, err := filepath.Abs(filepath.Join(dir, "tools", "step-ca"))
	if err != nil {
		return "", err
	}
	_, err = os.Stat(path)
	return path, err
}
