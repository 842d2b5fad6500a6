package gallery

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/web"
)

// noticeScenes are the pages that are shown in place of another one, and what is around
// every page.
func noticeScenes() []Scene {
	nobody := web.Visitor{Address: "192.0.2.7", HTTPS: true}
	denied := &acmecore.Error{Kind: acmecore.Denied, Hint: "set [script] user in wcme.toml to the web server's user",
		Cause: errors.New("ask the overseer: this user is neither root nor the one of [script] user in wcme.toml")}
	refused := func(refusal acmecore.Refusal) *Overseer {
		return &Overseer{Admission: &acmecore.Admission{Refusal: refusal, User: "mallory"}}
	}
	viewer := &Overseer{Admission: &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}}
	tooLong := url.Values{"names": {strings.Repeat("x", 64<<10)}}
	scenes := []Scene{
		{Name: "nobody-signed-in", Visitor: nobody, Path: "/admin/list", Overseer: &Overseer{}, Status: 403},
		{Name: "not-over-http", Visitor: Admin(), Path: "/admin/list", Overseer: refused(acmecore.RefusedPlain), Status: 403},
		{Name: "not-by-this-name", Visitor: Admin(), Path: "/admin/list", Overseer: refused(acmecore.RefusedHost), Status: 421},
		{Name: "no-role", Visitor: Admin(), Path: "/admin/list", Overseer: refused(acmecore.RefusedRole), Status: 403},
		{Name: "role-too-low", Visitor: Admin(), Path: "/admin/certify", Overseer: viewer, Status: 403},
		{Name: "overseer-absent", Visitor: Admin(), Path: "/admin/list", Overseer: &Overseer{Absent: absent()}, Status: 503},
		{Name: "overseer-denies", Visitor: Admin(), Path: "/admin/list", Overseer: &Overseer{Absent: denied}, Status: 403},
		{Name: "no-such-page", Visitor: Admin(), Path: "/admin/unknown", Overseer: &Overseer{}, Status: 404},
		{Name: "no-such-page-public", Visitor: nobody, Path: "/index.html", Overseer: &Overseer{}, Status: 404},
		{Name: "form-too-long", Visitor: Admin(), Method: "POST", Path: "/admin/certify", Form: tooLong, Overseer: &Overseer{}, Status: 413},
		{Name: "error-internal", Visitor: Admin(), Path: "/admin/list", Overseer: &Overseer{Err: errors.New("read: input/output error")}, Status: 500, Changing: true},
	}
	return append(append(scenes, errorScenes()...), frameScenes()...)
}

// errorScenes have one for each kind of error that its reader can act on.
func errorScenes() (scenes []Scene) {
	for _, row := range []struct {
		kind   acmecore.Kind
		cause  string
		hint   string
		status int
	}{
		{acmecore.Invalid, "there is no state \"lost\"", "leave the state out", 400},
		{acmecore.NotFound, "it is not managed", "look at the list of certificates", 404},
		{acmecore.Busy, "a renewal of cloud.example.org is under way", "wait for its end, and try again", 409},
		{acmecore.Stale, "it has been renewed meanwhile", "look at the page again", 409},
		{acmecore.Limited, "the CA says \"too many certificates already issued for example.org\"", "wait until 2026-11-28 05:46 UTC", 429},
		{acmecore.Refused, "the CA says \"policy forbids issuing for name\"", "leave the name out", 502},
	} {
		err := &acmecore.Error{Kind: row.kind, Op: "list certificates", Cause: errors.New(row.cause), Hint: row.hint}
		name := "error-" + strings.ReplaceAll(string(row.kind), " ", "-")
		scenes = append(scenes, Scene{Name: name, Visitor: Admin(), Path: "/admin/list", Overseer: &Overseer{Err: err}, Status: row.status})
	}
	return scenes
}

// frameScenes show what is around a page: the log-out of wCME's own log-in, a warning
// on top, names that are too long.
func frameScenes() []Scene {
	scene := func(name string, admission acmecore.Admission) Scene {
		admission.Form, admission.Version = "token", "1.0"
		return Scene{Name: "frame-" + name, Visitor: Admin(), Path: "/admin/list", Status: 200,
			Overseer: &Overseer{Admission: &admission, OnOverview: func(acmecore.Query) acmecore.Overview {
				return overview([]acmecore.Certificate{certificate(74, "cloud.example.org")})
			}}}
	}
	hostile := "<script>alert(1)</script>" + strings.Repeat("long", 100)
	return []Scene{
		scene("logged-in", acmecore.Admission{User: "admin", Role: acmecore.RoleAdmin, LogIn: true}),
		scene("viewer", acmecore.Admission{User: "victor", Role: acmecore.RoleView}),
		scene("overdue", acmecore.Admission{User: "admin", Role: acmecore.RoleAdmin, Silent: Now().Add(-26 * time.Hour)}),
		scene("hostile-user", acmecore.Admission{User: hostile, Role: acmecore.RoleAdmin, LogIn: true}),
	}
}

func absent() error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "ask the overseer at", Subject: "/run/wcme/overseer.sock",
		Cause: errors.New("there is no such socket"), Hint: "is it running? start it with `wcme overseer`"}
}
