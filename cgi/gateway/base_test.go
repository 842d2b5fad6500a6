package gateway_test

import (
	"strings"
	"testing"
)

// TestBaseIsFoundUnderEachServer has a row for each one of ecosystem.md §3.4, by
// what it really sends for our own addresses.
func TestBaseIsFoundUnderEachServer(t *testing.T) {
	const token = "/.well-known/acme-challenge/TOKEN"
	for _, row := range []struct{ server, script, info, setting, base, path string }{
		{"Apache mod_cgid, ScriptAlias", "/cgi-bin/wcme", "/admin/list", "", "/cgi-bin/wcme", "/admin/list"},
		{"Apache mod_cgid, challenge below the script", "/cgi-bin/wcme", token, "", "/cgi-bin/wcme", token},
		{"Apache, ScriptAlias for challenges", "/.well-known/acme-challenge", "/TOKEN", "", "", token},
		{"Apache, ScriptAlias for challenges, bare", "/.well-known/acme-challenge", "", "", "", "/.well-known/acme-challenge/"},
		{"Apache, ScriptAlias for challenges, slash", "/.well-known/acme-challenge", "/", "", "", "/.well-known/acme-challenge/"},
		{"Apache, rewritten to the whole path", "", token, "", "", token},
		{"Apache, ScriptAlias for all", "", "/admin/list", "", "", "/admin/list"},
		{"Apache, mounted below /admin", "/admin/wcme", "/admin/list", "", "/admin/wcme", "/admin/list"},
		{"Apache mod_fcgid", "/fcgid/wcme", "/admin/list", "", "/fcgid/wcme", "/admin/list"},
		{"Apache mod_proxy_fcgi, ProxyPass", "/cgi-bin/wcme/admin/list", "", "", "/cgi-bin/wcme", "/admin/list"},
		{"Apache mod_proxy_fcgi, ProxyPass, challenge", "/cgi-bin/wcme" + token, "", "", "/cgi-bin/wcme", token},
		{"Apache mod_proxy_fcgi, SetHandler", "/set/wcme", "/admin/list", "", "/set/wcme", "/admin/list"},
		{"nginx, fastcgi_params", "/cgi-bin/wcme/admin/list", "", "", "/cgi-bin/wcme", "/admin/list"},
		{"nginx, fastcgi_params, challenge", token, "", "", "", token},
		{"nginx, fastcgi_params, at the root", "/admin/list", "", "", "", "/admin/list"},
		{"nginx, fastcgi_params, the root", "/", "", "", "", "/"},
		{"nginx, WCME_BASE", "/certs/admin/wcme/admin/list", "", "/certs/admin/wcme", "/certs/admin/wcme", "/admin/list"},
		{"nginx, fastcgi_split_path_info", "/cgi-bin/wcme", "/admin/list", "", "/cgi-bin/wcme", "/admin/list"},
		{"nginx, PATH_INFO $uri", "/cgi-bin/wcme/admin/list", "/cgi-bin/wcme/admin/list", "", "/cgi-bin/wcme", "/admin/list"},
		{"nginx, PATH_INFO $uri, challenge", token, token, "", "", token},
		{"nginx, PATH_INFO $uri, split, challenge", "/.well-known/acme-challenge", token, "", "/.well-known/acme-challenge", token},
		{"lighttpd, check-local disable", "/cgi-bin/wcme", "/admin/list", "", "/cgi-bin/wcme", "/admin/list"},
		{"HAProxy, no path-info", "/cgi-bin/wcme/admin/list", "", "", "/cgi-bin/wcme", "/admin/list"},
		{"HAProxy, path-info", "/split/cgi-bin/wcme", "/admin/list", "", "/split/cgi-bin/wcme", "/admin/list"},
		{"Caddy, no split", "", "/cgi-bin/wcme/admin/list", "", "/cgi-bin/wcme", "/admin/list"},
		{"Caddy, no split, challenge", "", token, "", "", token},
		{"Caddy, no split, WCME_BASE", "", "/cgi-bin/wcme/admin/list", "/cgi-bin/wcme", "/cgi-bin/wcme", "/admin/list"},
		{"Caddy, split /wcme", "/split/cgi-bin/wcme", "/admin/list", "", "/split/cgi-bin/wcme", "/admin/list"},
		{"WASD behind a proxy (seed 001)", "/cgi-bin/wucme", token, "", "/cgi-bin/wucme", token},

		{"mount point, split", "/cgi-bin/wcme", "/", "", "/cgi-bin/wcme", "/"},
		{"mount point, bare", "/cgi-bin/wcme", "", "", "/cgi-bin/wcme", "/"},
		{"mount point, whole path with slash", "/cgi-bin/wcme/", "", "", "/cgi-bin/wcme", "/"},
		{"mount point, WCME_BASE", "/cgi-bin/wcme", "", "/cgi-bin/wcme", "/cgi-bin/wcme", "/"},
		{"mount point, WCME_BASE with slash", "/cgi-bin/wcme/", "", "/cgi-bin/wcme/", "/cgi-bin/wcme", "/"},
		{"root, WCME_BASE /", "/admin/list", "", "/", "", "/admin/list"},
		{"root, WCME_BASE /, the root", "/", "", "/", "", "/"},
		{"admin", "/cgi-bin/wcme/admin", "", "", "/cgi-bin/wcme", "/admin"},
		{"admin with slash", "/cgi-bin/wcme/admin/", "", "", "/cgi-bin/wcme", "/admin/"},
		{"admin twice in a page", "/cgi-bin/wcme/admin/x/admin", "", "", "/cgi-bin/wcme", "/admin/x/admin"},
		{"admin as a part of a word", "/cgi-bin/administrator/wcme/admin/list", "", "", "/cgi-bin/administrator/wcme", "/admin/list"},
		{"decoded space in the mount point", "/cgi-bin/w cme", "/admin/list", "", "/cgi-bin/w cme", "/admin/list"},
		{"percent that was decoded once", "/cgi-bin/wcme", "/admin/%2e%2e/x%00", "", "/cgi-bin/wcme", "/admin/%2e%2e/x%00"},
	} {
		t.Run(row.server, func(t *testing.T) {
			x := serve(t, with("SCRIPT_NAME", row.script, "PATH_INFO", row.info, "WCME_BASE", row.setting), nil)
			x.wantSeen(t)
			if x.visitor.Base != row.base || x.request.URL.Path != row.path {
				t.Errorf("base %q and path %q, want %q and %q", x.visitor.Base, x.request.URL.Path, row.base, row.path)
			}
		})
	}
}

// TestChallengeMappingReachesNoPage is G11: what a mapping for challenges
// reaches is a challenge, however the server splits and whatever follows.
func TestChallengeMappingReachesNoPage(t *testing.T) {
	for _, row := range []struct{ script, info, setting string }{
		{"/.well-known/acme-challenge", "/admin", ""},
		{"/.well-known/acme-challenge", "/admin/list", ""},
		{"/.well-known/acme-challenge", "/admin/list", "/"},
		{"/.well-known/acme-challenge", "/admin/list", "/.well-known/acme-challenge"},
		{"/.well-known/acme-challenge", "/admin/list", "/cgi-bin/wcme"},
		{"/.well-known/acme-challenge/admin/list", "", ""},
		{"/.well-known/acme-challenge", "/admin/list", "not a path"},
		{"", "/.well-known/acme-challenge/admin/list", ""},
		{"/.well-known", "/acme-challenge/admin/list", ""},
		{"/.Well-Known/ACME-Challenge", "/admin/list", ""},
		{"/cgi-bin/wcme", "/.well-known/acme-challenge/admin/list", ""},
		{"/cgi-bin/wcme", "/admin/.well-known/acme-challenge/x", ""},
		{"/.well-known/acme-challenge", "", ""},
	} {
		x := serve(t, with("SCRIPT_NAME", row.script, "PATH_INFO", row.info, "WCME_BASE", row.setting), nil)
		x.wantSeen(t)
		if path := x.request.URL.Path; !strings.HasPrefix(path, "/.well-known/acme-challenge/") {
			t.Errorf("%+v reaches %q", row, path)
		}
	}
}

func TestPathOutsideWCMEBaseDoesNotExist(t *testing.T) {
	for _, row := range []struct{ script, info string }{
		{"/other/admin/list", ""},
		{"/cgi-bin/wcme2/admin/list", ""},
		{"/cgi-bin", "/admin/list"},
		{"/cgi-bin/wcm", "e/admin/list"},
	} {
		status := 404
		if row.info == "e/admin/list" {
			status = 400
		}
		x := serve(t, with("SCRIPT_NAME", row.script, "PATH_INFO", row.info, "WCME_BASE", "/cgi-bin/wcme"), nil)
		x.wantRefused(t, status)
	}
}

func TestWrongWCMEBaseIsReported(t *testing.T) {
	for _, setting := range []string{"cgi-bin/wcme", "/cgi-bin/../wcme", "https://example.org/wcme", "//", `/a\b`} {
		x := serve(t, with("WCME_BASE", setting), nil)
		x.wantRefused(t, 500)
		if !strings.Contains(x.log, "WCME_BASE") {
			t.Errorf("WCME_BASE=%s: log %q does not name the setting", setting, x.log)
		}
	}
}
