package gallery

import (
	"errors"

	"wcme/acmecore"
	"wcme/web"
)

// noticeScenes are the pages that are shown in place of another one.
func noticeScenes() []Scene {
	nobody := web.Visitor{Address: "192.0.2.7", HTTPS: true}
	denied := &acmecore.Error{Kind: acmecore.Denied, Hint: "set [script] user in wcme.toml to the web server's user",
		Cause: errors.New("ask the overseer: this user is neither root nor the one of [script] user in wcme.toml")}
	refused := func(refusal acmecore.Refusal) *Overseer {
		return &Overseer{Admission: &acmecore.Admission{Refusal: refusal, User: "mallory"}}
	}
	viewer := &Overseer{Admission: &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}}
	return []Scene{
		{Name: "nobody-signed-in", Visitor: nobody, Path: "/admin/list", Overseer: &Overseer{}, Status: 403},
		{Name: "not-over-http", Visitor: Admin(), Path: "/admin/list", Overseer: refused(acmecore.RefusedPlain), Status: 403},
		{Name: "not-by-this-name", Visitor: Admin(), Path: "/admin/list", Overseer: refused(acmecore.RefusedHost), Status: 421},
		{Name: "no-role", Visitor: Admin(), Path: "/admin/list", Overseer: refused(acmecore.RefusedRole), Status: 403},
		{Name: "role-too-low", Visitor: Admin(), Path: "/admin/certify", Overseer: viewer, Status: 403},
		{Name: "overseer-absent", Visitor: Admin(), Path: "/admin/list", Overseer: &Overseer{Absent: absent()}, Status: 503},
		{Name: "overseer-denies", Visitor: Admin(), Path: "/admin/list", Overseer: &Overseer{Absent: denied}, Status: 403},
		{Name: "no-such-page", Visitor: Admin(), Path: "/admin/unknown", Overseer: &Overseer{}, Status: 404},
		{Name: "no-such-page-public", Visitor: nobody, Path: "/index.html", Overseer: &Overseer{}, Status: 404},
	}
}

func absent() error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "ask the overseer at", Subject: "/run/wcme/overseer.sock",
		Cause: errors.New("there is no such socket"), Hint: "is it running? start it with `wcme overseer`"}
}
