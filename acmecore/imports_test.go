package acmecore_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the table of who may import whom: for each package, or for each
// package below a folder that ends in "/...", the packages of ours that it may
// import. A package that is not in the table may not exist.
var mayImport = map[string][]string{
	// 0: the nouns, and what knows nothing of wCME.
	"acmecore":                  {},
	"acmecore/audit":            {"acmecore"},
	"acmecore/busy":             {"acmecore"},
	"acmecore/crash":            {},
	"acmecore/durable":          {"acmecore/crash"},
	"acmecore/config/reference": {"acmecore"},
	"acmecore/keys":             {"acmecore"},
	"acmecore/process":          {"acmecore"},
	"acmecore/logging":          {"acmecore"},
	"acmecore/socket":           {"acmecore"},
	"acmecore/spread":           {},
	"acmecore/stamp":            {},
	"static":                    {},
	// 1: the stages, none of which knows another.
	"acmecore/access":    {"acmecore"},
	"acmecore/caa":       {"acmecore"},
	"acmecore/challenge": {"acmecore", "acmecore/durable"},
	"acmecore/jobs":      {"acmecore"},
	"acmecore/login":     {"acmecore", "acmecore/durable"},
	"acmecore/metrics":   {"acmecore"},
	"acmecore/config":    {"acmecore"},
	"acmecore/crl":       {"acmecore"},
	"acmecore/dns":       {"acmecore"},
	"acmecore/hook":      {"acmecore", "acmecore/process"},
	"acmecore/limits":    {"acmecore"},
	"acmecore/control":   {"acmecore", "acmecore/socket"},
	"acmecore/install":   {"acmecore", "acmecore/durable", "acmecore/keys"},
	"acmecore/load":      {"acmecore", "acmecore/process"},
	"acmecore/order":     {"acmecore"},
	"acmecore/outlook":   {"acmecore"},
	"acmecore/overview":  {"acmecore", "acmecore/spread", "acmecore/stamp"},
	"acmecore/probe":     {"acmecore"},
	"acmecore/relay":     {"acmecore"},
	"acmecore/report":    {"acmecore"},
	"acmecore/schedule":  {"acmecore"},
	"acmecore/store":     {"acmecore", "acmecore/audit", "acmecore/durable", "acmecore/keys", "acmecore/stamp"},
	"acmecore/verify":    {"acmecore"},
	"templates":          {"acmecore", "static"},
	// 2: what joins them.
	"acmecore/manager": {"acmecore", "acmecore/audit", "acmecore/challenge", "acmecore/config", "acmecore/control", "acmecore/crash", "acmecore/install", "acmecore/keys",
		"acmecore/access", "acmecore/caa", "acmecore/crl", "acmecore/limits", "acmecore/jobs", "acmecore/load", "acmecore/metrics", "acmecore/order", "acmecore/probe", "acmecore/records", "acmecore/renew", "acmecore/report", "acmecore/schedule", "acmecore/store", "acmecore/verify", "acmecore/stamp", "acmecore/spread", "acmecore/overview", "acmecore/outlook", "acmecore/busy", "acmecore/proving"},
	"acmecore/proving":   {"acmecore", "acmecore/busy", "acmecore/challenge", "acmecore/config", "acmecore/dns", "acmecore/hook", "acmecore/order", "acmecore/store"},
	"acmecore/records":   {"acmecore", "acmecore/audit", "acmecore/logging", "acmecore/store"},
	"acmecore/renew":     {"acmecore", "acmecore/schedule", "acmecore/spread"},
	"acmecore/responder": {"acmecore", "acmecore/challenge"},
	"web":                {"acmecore", "acmecore/challenge", "acmecore/control", "static", "templates"},
	"web/gallery":        {"acmecore", "acmecore/challenge", "acmecore/control", "static", "web"},
	"web/gallery/show":   {"web/gallery"},
	// 3: the programs.
	"cgi":         {"cgi/leave", "cgi/meta", "cgi/plain"},
	"cgi/fastcgi": {"cgi/gateway", "cgi/meta"},
	"cgi/gateway": {"acmecore", "cgi/meta", "web"},
	"cgi/leave":   {},
	"cgi/meta":    {},
	"cgi/pages":   {"acmecore", "acmecore/challenge", "acmecore/control", "acmecore/relay", "cgi/fastcgi", "cgi/gateway", "cgi/leave", "cgi/meta", "cgi/plain", "web"},
	"cgi/plain":   {"acmecore", "acmecore/challenge", "cgi/meta"},
	"overseer":    {"..."},
	// Beside the programs: instruments, which drive them from outside.
	"deploy/...": {"deploy/..."},
}

// TestImportsFollowTheTable reads the files themselves: what `go list` says is
// cached by `go test`.
func TestImportsFollowTheTable(t *testing.T) {
	root := ".."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "build") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			checkFile(t, root, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFile(t *testing.T, root, path string) {
	relative, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.ToSlash(relative)
	allowed, found := allowedFor(from)
	if !found {
		t.Errorf("%s: the package %s is not in the table of imports: add it, with what it may import, where DESIGN §6 says that it belongs", path, from)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		to, ours := strings.CutPrefix(imported, "wcme/")
		if ours && !matchesAny(to, allowed) {
			t.Errorf("%s imports %s, which %s may not: see the table of imports in this test", path, to, from)
		}
	}
}

func allowedFor(from string) ([]string, bool) {
	if allowed, found := mayImport[from]; found {
		return allowed, true
	}
	for pattern, allowed := range mayImport {
		if matchesAny(from, []string{pattern}) {
			return allowed, true
		}
	}
	return nil, false
}

func matchesAny(name string, patterns []string) bool {
	for _, pattern := range patterns {
		folder, open := strings.CutSuffix(pattern, "...")
		if name == pattern || open && strings.HasPrefix(name+"/", folder) {
			return true
		}
	}
	return false
}

func TestImportTableForbids(t *testing.T) {
	for _, forbidden := range []struct{ from, to string }{
		{"acmecore", "acmecore/store"},
		{"acmecore/order", "acmecore/store"},
		{"web", "acmecore/config"},
		{"web", "acmecore/manager"},
		{"cgi", "acmecore/store"},
		{"templates", "web"},
		{"deploy/lab", "acmecore"},
	} {
		allowed, found := allowedFor(forbidden.from)
		if !found || matchesAny(forbidden.to, allowed) {
			t.Errorf("%s may import %s, which it must not", forbidden.from, forbidden.to)
		}
	}
}
