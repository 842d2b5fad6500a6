package gallery

import (
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// jobScenes are those of work that somebody has begun.
func jobScenes() []Scene {
	scenes := []Scene{
		jobScene("just-begun", job(control.DeedCertify, "www_example_org")),
		jobScene("running", running()),
		jobScene("running-long", runningLong()),
		jobScene("certified", certified()),
		jobScene("refused", refusedJob()),
		jobScene("load-failed", loadFailed()),
		jobScene("restored", delivered(control.DeedRestore)),
		jobScene("loaded", delivered(control.DeedLoad)),
		jobScene("revoked", revokedJob()),
		jobScene("rehearsed", rehearsed(false)),
		jobScene("rehearsed-wrong", rehearsed(true)),
		jobScene("pass", passJob()),
		jobScene("removed", end(job(control.DeedRemove, "www_example_org"))),
		jobScene("hostile", hostileJob()),
		jobScene("interrupted", interruptedJob()),
	}
	unknown := Scene{Name: "job-unknown", Visitor: Admin(), Path: "/admin/job/gone", Status: 404, Overseer: &Overseer{}}
	viewer := jobScene("rehearsed-for-viewers", rehearsed(false))
	viewer.Overseer.Admission = &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}
	absentNow := jobScene("overseer-absent", running())
	absentNow.Overseer.Absent, absentNow.Status = absent(), 503
	return append(append(scenes, jobCheckScenes()...), unknown, viewer, absentNow)
}

func jobScene(name string, job acmecore.Job) Scene {
	return Scene{Name: "job-" + name, Visitor: Admin(), Path: "/admin/job/k3j5n7qz", Status: 200,
		Overseer: &Overseer{OnJob: func(string, int) (acmecore.Job, error) { return job, nil }}}
}

// job is one that began a quarter of a minute ago.
func job(deed control.Deed, subject string) acmecore.Job {
	return acmecore.Job{ID: "k3j5n7qz", Kind: string(deed), Subject: subject, By: "user admin (uid 33)", Began: Now().Add(-15 * time.Second), Steps: []acmecore.Step{}}
}

// stepping adds steps, each "STAGE SUBJECT TEXT".
func stepping(job acmecore.Job, steps ...string) acmecore.Job {
	for i, text := range steps {
		parts := strings.SplitN(text, " ", 3)
		job.Steps = append(job.Steps, acmecore.Step{Time: job.Began.Add(time.Duration(i) * time.Second), Stage: parts[0], Subject: parts[1], Text: parts[2]})
	}
	job.Count = len(job.Steps)
	return job
}

func end(job acmecore.Job) acmecore.Job {
	job.Ended = Now().Add(-2 * time.Second)
	return job
}

// failing ends a job that came to nothing.
func failing(job acmecore.Job, kind acmecore.Kind, problem, hint string) acmecore.Job {
	job = end(job)
	job.Error, job.Problem, job.Hint = kind, problem, hint
	return job
}

func running() acmecore.Job {
	return stepping(job(control.DeedCertify, "www_example_org"),
		"account letsencrypt https://acme-v02.api.letsencrypt.org/acme/acct/1",
		"order www.example.org placed, with 2 names",
		"authorization www.example.org pending",
		"challenge www.example.org published",
		"authorization example.org valid already")
}

func runningLong() acmecore.Job {
	texts := make([]string, 300)
	for i := range texts {
		texts[i] = "authorization " + string(manyNames(99)[i%99]) + " valid"
	}
	job := stepping(job(control.DeedManage, ""), texts...)
	job.Count, job.Left = 1200, 900
	return job
}

// treatedRun is the record of a run that brought a certificate into service, or tried.
func treatedRun(trigger string, treated ...acmecore.Treated) *acmecore.Run {
	return &acmecore.Run{ID: "20261121T054545-0a1b", Trigger: trigger, By: "user admin (uid 33)", Began: Now().Add(-15 * time.Second), Ended: Now().Add(-2 * time.Second),
		Managed: 12, Certificates: treated}
}

func stage(name string, from, to int, text, problem, hint string) acmecore.Stage {
	began := Now().Add(-15 * time.Second)
	return acmecore.Stage{Stage: name, Began: began.Add(time.Duration(from) * time.Second), Ended: began.Add(time.Duration(to) * time.Second), Text: text,
		Problem: problem, Hint: hint}
}

func renewedNow() acmecore.Treated {
	return acmecore.Treated{ID: "www_example_org", Names: []acmecore.Name{"www.example.org", "example.org"}, Reason: acmecore.BecauseAsked, Text: "somebody asked for it",
		Outcome: acmecore.Renewed, Version: "000002", Files: []string{"/etc/nginx/certificates/fullchain_www_example_org.pem"},
		Stages: []acmecore.Stage{stage("order", 0, 6, "version 000002", "", ""), stage("install", 6, 6, "1 file", "", ""),
			stage("load", 6, 8, "servers", "", ""), stage("verify", 8, 9, "2 places serve it", "", "")}}
}

func certified() acmecore.Job {
	job := end(running())
	c := certificate(89, "www.example.org", "example.org")
	c.Issuer, c.Serial, c.Service = "E7", "05e1c2a9f3b7", acmecore.ServiceServed
	c.Renewal = acmecore.Renewal{At: Now().Add(60 * 24 * time.Hour), Reason: acmecore.BecauseWindow, Text: "its CA asks for it then"}
	job.Result.Certificate = &c
	job.Result.Run = treatedRun("certify", renewedNow())
	job.Result.Run.Loads = []acmecore.LoadResult{loadResult("")}
	return job
}

// loadResult is what became of the standard load; it failed where there is a problem.
func loadResult(problem string) acmecore.LoadResult {
	began := Now().Add(-9 * time.Second)
	test := acmecore.Command{Args: []string{"/usr/sbin/nginx", "-t"}, Began: began, Ended: began.Add(200 * time.Millisecond),
		Output: "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n"}
	result := acmecore.LoadResult{Action: "servers", Began: began, Ended: began.Add(2 * time.Second), Commands: []acmecore.Command{test}, Problem: problem}
	if problem == "" {
		result.Commands = append(result.Commands, acmecore.Command{Args: []string{"SIGHUP", "4711"}, Began: began, Ended: began.Add(time.Second)})
		return result
	}
	result.Commands[0].Status, result.Commands[0].Problem, result.Hint = 1, "exit status 1", "mend the configuration of the server: nginx -t says where"
	result.Commands[0].Output = "nginx: [emerg] unknown directive \"lisen\" in /etc/nginx/sites-enabled/www:3\nnginx: configuration file /etc/nginx/nginx.conf test failed\n"
	return result
}

func refusedJob() acmecore.Job {
	job := failing(running(), acmecore.Refused, `order www.example.org: the CA refuses the name example.org: the CA says "192.0.2.10: Invalid response from http://example.org/.well-known/acme-challenge/x: 404"`,
		"is /.well-known/acme-challenge/ mapped to wcme? see deploy/nginx")
	treated := renewedNow()
	treated.Outcome, treated.Problem, treated.Hint, treated.Files = acmecore.Failed, job.Problem, job.Hint, nil
	treated.Stages = []acmecore.Stage{stage("order", 0, 13, "", job.Problem, job.Hint)}
	job.Result.Run = treatedRun("certify", treated)
	return job
}

func loadFailed() acmecore.Job {
	job := failing(running(), acmecore.Unreachable, "load www_example_org: load action servers: exit status 1", "mend the configuration of the server: nginx -t says where")
	treated := renewedNow()
	treated.Outcome, treated.Problem, treated.Hint = acmecore.NotServed, "load action servers: exit status 1", "mend the configuration of the server: nginx -t says where"
	treated.Stages[2] = stage("load", 6, 7, "servers", "exit status 1", "mend the configuration of the server: nginx -t says where")
	treated.Stages[3] = stage("put back", 7, 7, "the files before", "", "")
	c := certificate(89, "www.example.org", "example.org")
	c.Issuer, c.Serial, c.Service = "E7", "05e1c2a9f3b7", acmecore.ServiceUnloaded
	job.Result.Certificate, job.Result.Run = &c, treatedRun("certify", treated)
	job.Result.Run.Loads = []acmecore.LoadResult{loadResult("exit status 1")}
	return job
}

// delivered is a job that brought what was there into service.
func delivered(deed control.Deed) acmecore.Job {
	job := end(stepping(job(deed, "www_example_org"), "install nginx 1 file", "load nginx ended well after 107ms", "verify www.example.org serves it"))
	job.By = "uid 0"
	treated := renewedNow()
	treated.Outcome, treated.Reason, treated.Text, treated.Version = acmecore.Repaired, acmecore.BecauseLacking, "its files are not up to date in nginx", "000001"
	treated.Stages = treated.Stages[1:]
	c := certificate(44, "www.example.org", "example.org")
	c.Version, c.Issuer, c.Serial, c.Service = "000001", "E7", "17aa03", acmecore.ServiceServed
	job.Result.Certificate, job.Result.Run = &c, treatedRun(string(deed), treated)
	job.Result.Run.Loads = []acmecore.LoadResult{loadResult("")}
	return job
}

// revokedJob has revoked the current version.
func revokedJob() acmecore.Job {
	job := end(job(control.DeedRevoke, "www_example_org"))
	c := certificate(44, "www.example.org")
	c.Version, c.Issuer, c.Serial, c.Problem, c.Revoked = "000002", "E7", "05e1c2a9f3b7", "it was revoked at 2026-11-21T05:45:46Z; obtain another one", true
	job.Result.Certificate = &c
	return job
}

func interruptedJob() acmecore.Job {
	return failing(running(), acmecore.Busy, "certify www_example_org: interrupted", "do it again: it goes on where it was")
}

func passJob() acmecore.Job {
	job := failing(stepping(job(control.DeedManage, ""), "order mail.example.org placed"), acmecore.Refused,
		`manage certificates: something is wrong with 2 of them; mail_example_org: the CA says "too many certificates"`, "wait until Thursday")
	bad := renewedNow()
	bad.ID, bad.Names, bad.Outcome, bad.Problem, bad.Text = "mail_example_org", []acmecore.Name{"mail.example.org"}, acmecore.Failed, "too many certificates", "a third of its life is left"
	bad.Stages = bad.Stages[:1]
	job.Result.Run, job.Result.More = treatedRun("manage", bad, renewedNow()), 31
	return job
}

// rehearsed is a rehearsal, in which something may have been found.
func rehearsed(wrong bool) acmecore.Job {
	job := end(stepping(job(control.DeedRehearse, "www_example_org"), "CAA www.example.org no CAA record restricts who may issue for it"))
	r := acmecore.Rehearsal{ID: "www_example_org", Names: []acmecore.Name{"www.example.org", "example.org"}, CA: "letsencrypt", Key: acmecore.EC256,
		Install: []string{"nginx", "mail"}, Load: []string{"servers"}, Asked: acmecore.Asked{CA: "letsencrypt", Install: []string{"nginx", "mail"}}, Ready: !wrong}
	add := func(what, subject, text string) {
		r.Findings = append(r.Findings, acmecore.Rehearsed{What: what, Subject: subject, Text: text})
	}
	add("certification authority", "letsencrypt", "its directory was read in 214 ms")
	add("certification authority", "letsencrypt", "the account is there: https://acme-v02.api.letsencrypt.org/acme/acct/1")
	add("challenge path", "www.example.org", "192.0.2.10: answered rightly, by wCME")
	if wrong {
		r.Exists = true
		r.Findings = append(r.Findings,
			acmecore.Rehearsed{What: "challenge path", Subject: "example.org", Wrong: true, Text: "2001:db8::10: nobody accepts connections",
				Try: "CAs take IPv6 first: let the web server listen there too (nginx: `listen [::]:80;`), or remove the AAAA record"},
			acmecore.Rehearsed{What: "CAA", Subject: "example.org", Wrong: true, Text: "the CAA records of example.org do not allow this CA: they allow ca.example",
				Try: `let whoever keeps the domain add this record, or take another CA: example.org. CAA 0 issue "letsencrypt.org"`},
			acmecore.Rehearsed{What: "CAA", Subject: "www.example.org", Unknown: true, Text: "its CAA records cannot be looked up: i/o timeout", Try: "look at this host's resolver"},
			acmecore.Rehearsed{What: "names", Subject: "www_example_org", Text: "the certificate that is there serves well, and is valid for 61 more days: it would be kept, and none ordered",
				Try: "to have another one all the same, renew it"})
	} else {
		add("challenge path", "example.org", "192.0.2.10: answered rightly, by wCME")
		add("CAA", "example.org", "no CAA record restricts who may issue for it")
	}
	add("limits", "Let's Encrypt's limit", "1 of 5 certificates for these very names in seven days, by our own account")
	add("targets", "nginx", "it would be installed in /etc/nginx/certificates, as combined")
	job.Result.Rehearsal = &r
	return job
}
