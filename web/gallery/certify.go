package gallery

import (
	"errors"
	"net/url"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// certifyScenes are those of the form that orders a certificate.
func certifyScenes() []Scene {
	shown := func(name, query string, choices acmecore.Choices) Scene {
		return Scene{Name: "certify-" + name, Visitor: Admin(), Path: "/admin/certify" + query, Status: 200, Overseer: offering(choices)}
	}
	hostile := offers()
	hostile.CAs, hostile.Install, hostile.Load = Payloads(), Payloads(), Payloads()
	hostile.Profiles = map[string][]string{Payloads()[0]: Payloads()}
	scenes := []Scene{
		shown("empty", "", offers()),
		shown("nothing-configured", "", acmecore.Choices{CA: "letsencrypt", CAs: []string{"letsencrypt", "letsencrypt-staging"}, Keys: acmecore.KeyTypes()}),
		shown("filled-in", "?"+url.Values{"names": {"www.example.org\nexample.org"}, "key": {"rsa2048"}, "targets": {"chosen"}, "install": {"nginx"}}.Encode(), offers()),
		shown("hostile", "?"+url.Values{"names": {strings.Join(Payloads(), "\n")}, "profile": {Payloads()[0]}, "ca": {Payloads()[1]}}.Encode(), hostile),
	}
	scenes = append(scenes, jobScene("rehearsed-kept", rehearsedKept(false)), jobScene("rehearsed-kept-with-changes", rehearsedKept(true)))
	return append(scenes, certifySentScenes()...)
}

// rehearsedKept is a rehearsal of a certificate that serves well, by which its record may
// change.
func rehearsedKept(changes bool) acmecore.Job {
	job := rehearsed(false)
	r := job.Result.Rehearsal
	r.Exists, r.Kept, r.Changes = true, true, changes
	what := "it is managed already: nothing of its record changes"
	if changes {
		what = "it is managed already: it has other targets"
	}
	r.Findings = append([]acmecore.Rehearsed{{What: "names", Subject: "www_example_org", Text: what},
		{What: "names", Subject: "www_example_org", Text: "the certificate that is there serves well, and is valid for 61 more days: it would be kept, and none ordered",
			Try: "to have another one all the same, renew it"}}, r.Findings...)
	return job
}

// certifySentScenes are what is shown when the form was sent and not taken.
func certifySentScenes() []Scene {
	sent := func(name string, status int, form url.Values, refused error) Scene {
		overseer := offering(offers())
		overseer.OnBegin = func(control.Task) (acmecore.Job, error) { return acmecore.Job{ID: "job1"}, refused }
		return Scene{Name: "certify-" + name, Visitor: Admin(), Path: "/admin/certify", Method: "POST", Form: form, Status: status, Overseer: overseer}
	}
	good := url.Values{"names": {"www.example.org, example.org"}, "ca": {"internal"}, "do": {"rehearse"}}
	wrong := url.Values{"names": {"www.example.org; *.example.org, ../../etc/cron.d/x $(id) xn--a bücher.example.org"}, "ca": {"https://evil.example/"},
		"profile": {"a b"}, "key": {"rsa1"}, "install": {"nginx"}, "actions": {"chosen"}, "load": {"gone"}, "do": {"order"}}
	many := make([]string, 0, 101)
	for _, name := range manyNames(101) {
		many = append(many, string(name))
	}
	return []Scene{
		sent("no-names", 422, url.Values{"names": {" ,; "}, "do": {"rehearse"}}, nil),
		sent("wrong", 422, wrong, nil),
		sent("too-many-names", 422, url.Values{"names": {strings.Join(many, "\n")}, "do": {"order"}}, nil),
		sent("right-to-left", 422, url.Values{"names": {"אתר.example.org \u202egro.elpmaxe דוגמה"}, "do": {"order"}}, nil),
		sent("expired", 409, good, &acmecore.Error{Kind: acmecore.Stale, Op: "take the form", Cause: errors.New("the form is not one that was shown here in the last hours"),
			Hint: "look at it once more, and send it again"}),
		sent("not-taken", 422, good, &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Subject: "www.example.org",
			Cause: errors.New("its files would be those of www.example-org, which is managed already"), Hint: "put another of the names first"}),
		sent("busy", 409, good, &acmecore.Error{Kind: acmecore.Busy, Op: "certify", Subject: "www_example_org",
			Cause: errors.New("another job is at it, with other wishes"), Hint: "watch that one, and try again when it has ended"}),
	}
}

func offering(choices acmecore.Choices) *Overseer {
	return &Overseer{OnChoices: func() acmecore.Choices { return choices }}
}

// offers is what a usual configuration has.
func offers() acmecore.Choices {
	return acmecore.Choices{CA: "letsencrypt", CAs: []string{"letsencrypt", "internal", "letsencrypt-staging"}, Keys: acmecore.KeyTypes(),
		Install: []string{"nginx", "mail", "proxy"}, Load: []string{"servers", "mail"}, Reports: []string{"mail", "opcom"},
		Profiles: map[string][]string{"letsencrypt": {"classic", "shortlived", "tlsserver"}}}
}
