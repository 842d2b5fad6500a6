package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// TestCheckChallengeThroughApache: the script behind a real web server, mapped
// rightly and in the ways that people get wrong.
func TestCheckChallengeThroughApache(t *testing.T) {
	t.Parallel()
	programs := lab.MustBuild(t)
	dir := lab.TempDir(t)
	root := filepath.Join(dir, "state")
	for _, root := range []string{root, filepath.Join(dir, "other")} {
		if output, err := programs.Command(t.Context(), root, "setup", "--web-user", "").CombinedOutput(); err != nil {
			t.Fatalf("setup: %v\n%s", err, output)
		}
	}
	if err := programs.InstallScript(dir); err != nil {
		t.Fatal(err)
	}
	pebble := lab.MustPebble(t, programs, lab.PebbleOptions{Dir: dir})
	const mapped = "ScriptAlias \"/.well-known/acme-challenge\" \"${LAB_DIR}/wcme/.well-known/acme-challenge\"\n" +
		"SetEnv WCME_ROOT \"${LAB_DIR}/state\"\n"
	const open = "<Directory \"${LAB_DIR}\">\n Require all granted\n</Directory>\n"
	for _, row := range []struct{ what, site, want string }{
		{"mapped", mapped + open, "reached"},
		{"below cgi-bin, in lower case", "RewriteEngine on\nRewriteMap lower int:tolower\n" +
			"RewriteRule \"^/.well-known/acme-challenge/(.*)$\" \"/cgi-bin/wcme/.well-known/acme-challenge/${lower:$1}\" [PT]\n" +
			"ScriptAlias \"/cgi-bin/wcme\" \"${LAB_DIR}/wcme\"\nSetEnv WCME_ROOT \"${LAB_DIR}/state\"\n" + open, "reached, case changed"},
		{"the files", "Alias \"/.well-known/acme-challenge\" \"${LAB_DIR}/state/www\"\n" + open, "served"},
		{"another state directory", strings.Replace(mapped, "state", "other", 1) + open, "other root"},
		{"not mapped", "DocumentRoot \"${LAB_DIR}/apache/htdocs\"\n" + open, "unmapped"},
		{"kept out", mapped, "guarded"},
		{"redirected elsewhere", "Redirect 301 / https://www.example.test:8443/\n", "bad redirect"},
	} {
		t.Run(row.what, func(t *testing.T) {
			apache := lab.MustApache(t, lab.ApacheOptions{Dir: dir, Site: row.site, Modules: []string{"rewrite"}})
			cmd := programs.Command(t.Context(), root, "check", "challenge", "www.example.test", "--json", "--quiet",
				"--dns", pebble.Names.DNS, "--port", fmt.Sprint(apache.Port))
			var said bytes.Buffer
			cmd.Stderr = &said
			output, err := cmd.Output()
			reaches := []acmecore.Reach{}
			if err := json.Unmarshal(output, &reaches); err != nil || len(reaches) != 1 || len(reaches[0].Visits) != 1 {
				t.Fatalf("got %v: %s%s", err, output, &said)
			}
			if got := verdictsOf(reaches[0]); got != row.want {
				t.Errorf("got %q, want %q: %s", got, row.want, output)
			}
			if right := strings.Contains("reached served", strings.Split(row.want, ",")[0]); reaches[0].Answered != right || (exitStatus(err) == 0) != right {
				t.Errorf("answered %v, exit status %d", reaches[0].Answered, exitStatus(err))
			}
			if !strings.HasPrefix(reaches[0].Visits[0].Hops[0].Server, "Apache") {
				t.Errorf("server: %q", reaches[0].Visits[0].Hops[0].Server)
			}
			if entries, err := os.ReadDir(filepath.Join(root, "www")); err != nil || len(entries) > 0 {
				t.Errorf("left in www: %v, %v", entries, err)
			}
		})
	}
}

// verdictsOf are the verdicts about the only address, but that it is private.
func verdictsOf(reach acmecore.Reach) string {
	var words []string
	for _, f := range reach.Visits[0].Findings {
		if f.Verdict != acmecore.Private {
			words = append(words, string(f.Verdict))
		}
	}
	return strings.Join(words, ", ")
}
