package gallery

import (
	"errors"
	"net/url"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// checkScenes are those of the checks.
func checkScenes() []Scene {
	usual := acmecore.Choices{CAs: []string{"letsencrypt", "internal"}, Keys: []acmecore.KeyType{acmecore.EC256}, Install: []string{"nginx"},
		Load: []string{"servers", "mail"}, Reports: []string{"mail", "opcom", "webhook"}}
	scene := func(name, path string, choices acmecore.Choices) Scene {
		return Scene{Name: "check-" + name, Visitor: Admin(), Path: "/admin/check" + path, Status: 200,
			Overseer: &Overseer{OnChoices: func() acmecore.Choices { return choices }}}
	}
	sent := func(name, path string, status int, form url.Values, err error) Scene {
		scene := scene(name, path, usual)
		scene.Method, scene.Form, scene.Status = "POST", form, status
		scene.Overseer.OnBegin = func(control.Task) (acmecore.Job, error) { return acmecore.Job{ID: "job1"}, err }
		return scene
	}
	stale := &acmecore.Error{Kind: acmecore.Stale, Op: "take the form", Cause: errors.New("it has expired"), Hint: "send it again"}
	unknown := &acmecore.Error{Kind: acmecore.NotFound, Op: "check served", Subject: "www_example_org", Cause: errors.New("it is not managed"),
		Hint: "`wcme list` shows what is managed"}
	busy := &acmecore.Error{Kind: acmecore.Busy, Op: "check load", Cause: errors.New("a run is at it"), Hint: "wait for its end"}
	viewer := scene("viewer", "/load", usual)
	viewer.Overseer.Admission, viewer.Status = &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}, 403
	operator := scene("operator", "", usual)
	operator.Overseer.Admission = &acmecore.Admission{User: "bob", Role: acmecore.RoleOperate, Form: "token"}
	noSuch := scene("unknown", "/everything", usual)
	noSuch.Status = 404
	hostile := usual
	hostile.CAs, hostile.Load = Payloads(), Payloads()
	return []Scene{
		scene("list", "", usual), scene("list-bare", "", acmecore.Choices{CAs: []string{"letsencrypt"}}), operator, viewer, noSuch,
		scene("ca", "/ca", usual), scene("load", "/load", usual), scene("load-missing", "/load", acmecore.Choices{}),
		scene("mail", "/mail", usual), scene("mail-missing", "/mail", acmecore.Choices{}),
		scene("opcom", "/opcom", usual), scene("opcom-missing", "/opcom", acmecore.Choices{}),
		scene("webhook", "/webhook", usual), scene("webhook-missing", "/webhook", acmecore.Choices{}),
		scene("challenge", "/challenge", usual), scene("served", "/served?certificate=www_example_org", usual),
		scene("hostile-choices", "/ca", hostile),
		sent("begun", "/load", 303, url.Values{"action": {"servers"}}, nil),
		sent("stale", "/load", 409, url.Values{"action": {"servers"}}, stale),
		sent("busy", "/load", 409, url.Values{"action": {"servers"}}, busy),
		sent("field-error", "/challenge", 422, url.Values{"certificate": {"x; id"}}, nil),
		sent("not-managed", "/served", 422, url.Values{"certificate": {"www.example.org"}}, unknown),
	}
}
