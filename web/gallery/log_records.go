package gallery

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
)

// galleryRun names the run that the scenes show.
const galleryRun = "20261121T002000-3f9a"

func runScenes() []Scene {
	list := func(name, query string, status int, answer acmecore.RunList) Scene {
		return Scene{Name: "runs-" + name, Visitor: Admin(), Path: "/admin/runs" + query, Status: status,
			Overseer: &Overseer{OnRuns: func(acmecore.RunQuery) acmecore.RunList { return answer }}}
	}
	one := func(name, query string, run acmecore.Run) Scene {
		return Scene{Name: "run-" + name, Visitor: Admin(), Path: "/admin/runs/" + galleryRun + query, Status: 200,
			Overseer: &Overseer{OnRun: func(string) (acmecore.Run, error) { return run, nil }}}
	}
	unknown := one("unknown", "", acmecore.Run{})
	unknown.Status = 404
	unknown.Overseer.OnRun = func(string) (acmecore.Run, error) {
		return acmecore.Run{}, &acmecore.Error{Kind: acmecore.NotFound, Op: "find run", Cause: errors.New("there is no record of it")}
	}
	malformed := one("malformed", "", acmecore.Run{})
	malformed.Path, malformed.Status = "/admin/runs/x;id", 404
	return []Scene{
		list("empty", "", 200, acmecore.RunList{}),
		list("usual", "", 200, acmecore.RunList{Runs: usualRuns(), Older: galleryRun}),
		list("of-one", "?certificate=www.example.org&before="+galleryRun, 200, acmecore.RunList{Runs: usualRuns()[:1]}),
		list("none-of-one", "?certificate=www_example_org", 200, acmecore.RunList{}),
		list("none-of-one-yet", "?certificate=www_example_org", 200, acmecore.RunList{Older: galleryRun}),
		list("field-error", "?certificate=..%2F..%2Fetc%2Fcron.d%2Fx", 422, acmecore.RunList{}),
		list("many", "", 200, acmecore.RunList{Runs: manyRuns(50)}),
		one("usual", "", usualRun()),
		one("bad", "", badRun()),
		one("nothing-to-do", "", acmecore.Run{ID: galleryRun, Trigger: "manage", By: "user alice", Began: Now(), Ended: Now().Add(time.Second), Managed: 3}),
		one("load-only", "", acmecore.Run{ID: galleryRun, Trigger: "check load", By: "uid 0", Began: Now(), Ended: Now().Add(time.Second), Managed: 1, Loads: badRun().Loads}),
		one("many", "?page=200", manyRun(10_000)),
		one("hostile", "", hostileRun()),
		unknown, malformed,
	}
}

func usualRuns() []acmecore.RunLine {
	line := func(id, trigger, by string, hours, seconds int, outcomes map[acmecore.Outcome]int, problem string) acmecore.RunLine {
		began := Now().Add(-time.Duration(hours) * time.Hour)
		return acmecore.RunLine{ID: id, Trigger: trigger, By: by, Began: began, Ended: began.Add(time.Duration(seconds) * time.Second), Managed: 3,
			Outcomes: outcomes, Problem: problem}
	}
	forced := line("20261121T031000-9d2e", "manage", "user alice", 3, 11, map[acmecore.Outcome]int{acmecore.Renewed: 1}, "")
	forced.Asked = []acmecore.ID{"www_example_org"}
	return []acmecore.RunLine{
		forced,
		line(galleryRun, "schedule", "", 5, 94, map[acmecore.Outcome]int{acmecore.Renewed: 2, acmecore.Failed: 1}, ""),
		line("20261120T151200-0c11", "check load", "user bob", 14, 1, nil, "load action failed: mail"),
		line("20261120T002000-77aa", "schedule", "", 29, 2, nil, ""),
		line("20261119T101500-1b2c", "certify", "user alice", 43, 12, map[acmecore.Outcome]int{acmecore.NotServed: 1}, ""),
		line("20261119T002000-ab01", "schedule", "", 53, 4000, map[acmecore.Outcome]int{acmecore.Postponed: 12, acmecore.Repaired: 1}, "the CA asks for patience until 2026-11-20 00:20"),
	}
}

func manyRuns(n int) (runs []acmecore.RunLine) {
	for i := range n {
		began := Now().Add(-time.Duration(i) * 24 * time.Hour)
		runs = append(runs, acmecore.RunLine{ID: began.Format("20060102T150405") + "-0000", Trigger: "schedule", Began: began, Ended: began.Add(time.Minute), Managed: 10_000,
			Outcomes: map[acmecore.Outcome]int{acmecore.Renewed: 100 + i}})
	}
	return runs
}

// runStage is one that began so many seconds after the run.
func runStage(name string, second int, text, problem, hint string) acmecore.Stage {
	began := Now().Add(time.Duration(second) * time.Second)
	return acmecore.Stage{Stage: name, Began: began, Ended: began.Add(2300 * time.Millisecond), Text: text, Problem: problem, Hint: hint}
}

// treatedCertificate is one that was obtained, installed, loaded and seen.
func treatedCertificate(outcome acmecore.Outcome, names ...acmecore.Name) acmecore.Treated {
	return acmecore.Treated{ID: names[0].ID(), Names: names, State: acmecore.Due, Reason: acmecore.BecauseThird, Text: "a third of its life is left", Outcome: outcome,
		NotAfter: Now().Add(90 * 24 * time.Hour), Serial: "04a1b2c3d4", Version: "000002", Next: Now().Add(60 * 24 * time.Hour),
		Files: []string{"/etc/nginx/certificates/fullchain_" + string(names[0].ID()) + ".pem"},
		Stages: []acmecore.Stage{runStage("order", 0, "obtained from letsencrypt", "", ""), runStage("install", 3, "1 file in 1 target", "", ""),
			runStage("load", 6, "servers", "", ""), runStage("verify", 8, "seen at 192.0.2.1:443", "", "")}}
}

func usualRun() acmecore.Run {
	loaded := acmecore.LoadResult{Action: "servers", Began: Now().Add(6 * time.Second), Ended: Now().Add(7 * time.Second), Commands: []acmecore.Command{
		{Args: []string{"/usr/sbin/nginx", "-t"}, Began: Now(), Ended: Now().Add(40 * time.Millisecond), Output: "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n"},
		{Args: []string{"/usr/sbin/nginx", "-s", "reload"}, Began: Now(), Ended: Now().Add(20 * time.Millisecond)},
	}}
	return acmecore.Run{ID: galleryRun, Trigger: "schedule", Began: Now(), Ended: Now().Add(94 * time.Second), Managed: 3,
		Certificates: []acmecore.Treated{treatedCertificate(acmecore.Renewed, "www.example.org", "example.org"), treatedCertificate(acmecore.Renewed, "mail.example.org")},
		Loads:        []acmecore.LoadResult{loaded}}
}

func badRun() acmecore.Run {
	refused := acmecore.Treated{ID: "intranet_example_org", Names: append([]acmecore.Name{"intranet.example.org"}, manyNames(24)...), Outcome: acmecore.Failed,
		Text: "a third of its life is left", Next: Now().Add(4 * time.Hour),
		Problem: `the CA did not accept intranet.example.org: "192.0.2.7: Fetching http://intranet.example.org/.well-known/acme-challenge/abc: Timeout during connect (likely firewall problem)"`,
		Hint:    "open port 80 to the Internet, and try: wcme check challenge intranet.example.org",
		Stages: []acmecore.Stage{runStage("order", 0, "", `urn:ietf:params:acme:error:connection: "Timeout during connect (likely firewall problem)"`,
			"open port 80 to the Internet")}}
	unserved := treatedCertificate(acmecore.NotServed, "www.example.org")
	unserved.Problem, unserved.Hint = "192.0.2.1:443 serves the certificate before", "look at what the load action said, and run it again"
	unserved.Stages[3].Problem = "another certificate was seen"
	failed := acmecore.LoadResult{Action: "mail", Began: Now(), Ended: Now().Add(3 * time.Second), Problem: "the command ended with exit status 1",
		Hint: "run it by hand as the same user", Commands: []acmecore.Command{{Args: []string{"/etc/wcme/load-mail", "--quiet", "a b", ""}, Began: Now(), Ended: Now().Add(3 * time.Second),
			Status: 1, Output: "postfix: fatal: open /etc/postfix/main.cf: Permission denied\n\n\tindented <b>\n", Problem: "exit status 1"},
			{Args: []string{"/bin/sleep", "900"}, Began: Now(), Ended: Now().Add(60 * time.Second), Status: -1, Problem: "it was ended after 60 s"}}}
	return acmecore.Run{ID: galleryRun, Trigger: "manage", By: "user alice", Began: Now(), Ended: Now().Add(3 * time.Minute), Managed: 3,
		Certificates: []acmecore.Treated{treatedCertificate(acmecore.Renewed, "cloud.example.org"), refused, unserved}, Loads: []acmecore.LoadResult{failed},
		Problem: "the overseer was told to end"}
}

func manyRun(n int) acmecore.Run {
	run := acmecore.Run{ID: galleryRun, Trigger: "schedule", Began: Now(), Ended: Now().Add(2 * time.Hour), Managed: n}
	for i := range n {
		run.Certificates = append(run.Certificates, treatedCertificate(acmecore.Renewed, acmecore.Name(fmt.Sprintf("h%05d.example.org", i))))
	}
	return run
}

func hostileRun() acmecore.Run {
	run := acmecore.Run{ID: galleryRun, Trigger: "<b>", By: "\u202euser", Began: Now(), Ended: Now(), Problem: strings.Repeat("long", 1000)}
	for _, p := range Payloads() {
		one := treatedCertificate(acmecore.Outcome(p), acmecore.Name(p))
		one.ID, one.Text, one.Serial, one.Version, one.Problem, one.Hint, one.Files = acmecore.ID(p), p, p, p, p, p, []string{p, p}
		one.Stages = []acmecore.Stage{runStage(p, 0, p, p, p)}
		run.Certificates = append(run.Certificates, one)
		run.Loads = append(run.Loads, acmecore.LoadResult{Action: p, Problem: p, Hint: p, Commands: []acmecore.Command{{Args: []string{p, p}, Output: p, Problem: p}}})
	}
	return run
}

func auditScenes() []Scene {
	scene := func(name, query string, page acmecore.AuditPage) Scene {
		return Scene{Name: "audit-" + name, Visitor: Admin(), Path: "/admin/audit" + query, Status: 200,
			Overseer: &Overseer{OnAudit: func(acmecore.AuditQuery) acmecore.AuditPage { return page }}}
	}
	operator := scene("operator", "", acmecore.AuditPage{})
	operator.Overseer.Admission, operator.Status = &acmecore.Admission{User: "bob", Role: acmecore.RoleOperate, Form: "token"}, 403
	var hostile []acmecore.AuditEntry
	for i, p := range Payloads() {
		hostile = append(hostile, acmecore.AuditEntry{Number: uint64(10 - i), At: Now(), Who: p, What: p, Subject: p, Before: p, After: p, Outcome: p})
	}
	return []Scene{
		scene("empty", "", acmecore.AuditPage{Whole: true}),
		scene("usual", "", acmecore.AuditPage{Entries: usualEntries(), Whole: true, Total: 812, Older: 806}),
		scene("filtered", "?words=alice", acmecore.AuditPage{Entries: usualEntries()[:1], Whole: true, Total: 812}),
		scene("nothing-fits", "?words=nobody&before=700", acmecore.AuditPage{Whole: true, Total: 812}),
		scene("nothing-fits-yet", "?words=nobody", acmecore.AuditPage{Whole: true, Total: 900_812, Looked: true, Older: 800_100}),
		scene("broken", "", acmecore.AuditPage{Entries: usualEntries(), Total: 812,
			Broken: "line 7 follows on lines that are missing: entry 9 stands where entry 7 should"}),
		scene("hostile", "?words=%3Cscript%3E", acmecore.AuditPage{Entries: hostile, Total: 10, Broken: Payloads()[0]}),
		operator,
	}
}

func usualEntries() []acmecore.AuditEntry {
	entry := func(number uint64, who, what, subject, before, after, outcome string) acmecore.AuditEntry {
		return acmecore.AuditEntry{Number: number, At: Now().Add(-time.Duration(813-number) * time.Hour), Who: who, What: what, Subject: subject, Before: before, After: after, Outcome: outcome}
	}
	return []acmecore.AuditEntry{
		entry(812, "user alice (uid 33)", "restore", "www_example_org", "version 000002, serial 04a1b2c3d4, valid to 2027-02-19T05:46:00Z",
			"version 000001, serial 0399887766, valid to 2026-12-21T05:46:00Z", "done"),
		entry(811, "schedule", "renew", "www_example_org", "", "version 000002, serial 04a1b2c3d4, valid to 2027-02-19T05:46:00Z", "done"),
		entry(810, "uid 1000", "refused request", "/1/certify", "", "", "user 1000 is neither root nor the one of [script] user in wcme.toml"),
		entry(809, "uid 0", "read configuration again", "wcme.toml", "SHA-256 0011223344556677", "SHA-256 8899aabbccddeeff", "done"),
		entry(808, "user alice (uid 33)", "manage", "www_example_org", "", "1 renewed", "done"),
		entry(807, "uid 0", "manage", "", "", "4 renewed, 2 failed", "done"),
		entry(806, "user bob (uid 33)", "check load", "", "", "", "mail: the command ended with exit status 1"),
	}
}
