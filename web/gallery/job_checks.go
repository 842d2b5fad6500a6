package gallery

import (
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// jobCheckScenes are the answers of the checks.
func jobCheckScenes() []Scene {
	mail := stepping(job(control.DeedCheckMail, ""), "mail smtp.example.org:587 connected", "mail smtp.example.org:587 STARTTLS, TLS 1.3", "mail system@example.org accepted: 250 2.0.0 queued")
	return []Scene{
		jobScene("ca", authorityJob()),
		jobScene("ca-silent", failing(job(control.DeedCheckCA, "internal"), acmecore.Unreachable, "read directory https://ca.example/acme/directory: connection refused",
			"does this host reach it? a proxy is configured as `proxy`")),
		jobScene("load-checked", withResult(end(job(control.DeedCheckLoad, "")), acmecore.JobResult{Loads: []acmecore.LoadResult{loadResult("")}})),
		jobScene("load-check-failed", withResult(failing(job(control.DeedCheckLoad, "servers"), acmecore.Unreachable, "load action servers: exit status 1", "nginx -t says where"),
			acmecore.JobResult{Loads: []acmecore.LoadResult{loadResult("exit status 1")}})),
		jobScene("mail", end(mail)),
		jobScene("mail-refused", failing(mail, acmecore.Refused, `send mail to system@example.org: 550 5.7.1 "relaying denied"`, "let the mail server take mail from this host, or give `user` and `password_file`")),
		jobScene("challenge", withResult(end(job(control.DeedCheckChallenge, "www_example_org")), acmecore.JobResult{Reaches: reaches()[:1]})),
		jobScene("challenge-wrong", withResult(failing(job(control.DeedCheckChallenge, ""), acmecore.Unreachable,
			"check challenge: the challenges of 2 of 3 names are not answered rightly", "below is what was seen of each, and what to try"), acmecore.JobResult{Reaches: reaches()})),
		jobScene("served", withResult(end(job(control.DeedVerify, "www_example_org")), acmecore.JobResult{Presences: presences()[:1]})),
		jobScene("served-wrong", withResult(failing(job(control.DeedCheckServed, ""), acmecore.Unreachable, "look at all certificates: 1 of 12 are not the same everywhere",
			"below is what was seen at each place, and what to try"), acmecore.JobResult{Presences: presences(), More: 10})),
	}
}

func withResult(job acmecore.Job, result acmecore.JobResult) acmecore.Job {
	job.Result = result
	return job
}

func authorityJob() acmecore.Job {
	return withResult(end(job(control.DeedCheckCA, "letsencrypt")), acmecore.JobResult{Authority: &acmecore.Authority{
		CA: "letsencrypt", Directory: "https://acme-v02.api.letsencrypt.org/directory", Terms: "https://letsencrypt.org/documents/terms.pdf",
		Website: "https://letsencrypt.org", CAA: []string{"letsencrypt.org"}, Profiles: []string{"classic", "shortlived", "tlsserver"}, Milliseconds: 214}})
}

// reaches are how far the challenges of three names got: all the way, to another site,
// and nowhere.
func reaches() []acmecore.Reach {
	const path = "/.well-known/acme-challenge/wcme-probe-2b7e151628aed2a6abf7158809cf4f3c"
	hop := acmecore.Hop{URL: "http://www.example.org" + path, Address: "192.0.2.10:80", Status: 301, Location: "https://www.example.org" + path, Server: "nginx"}
	last := acmecore.Hop{URL: "https://www.example.org" + path, Address: "192.0.2.10:443", Status: 200, Server: "nginx"}
	return []acmecore.Reach{
		{Name: "www.example.org", Answered: true, Path: path, Visits: []acmecore.Visit{{Address: "192.0.2.10", Answered: true, Hops: []acmecore.Hop{hop, last},
			Received: &acmecore.Received{Path: "/cgi-bin/wcme" + path, Host: "www.example.org", Protocol: "HTTP/1.1", Address: "192.0.2.10"},
			Findings: []acmecore.Finding{{Verdict: acmecore.Reached, Text: "answered rightly, by wCME"}, {Verdict: acmecore.Redirected, Text: "by way of a redirect"}}}}},
		{Name: "shop.example.org", Path: path, Visits: []acmecore.Visit{{Address: "192.0.2.11", Hops: []acmecore.Hop{{URL: "http://shop.example.org" + path, Address: "192.0.2.11:80", Status: 200}},
			Body:     "<!DOCTYPE html><title>Our shop</title>",
			Findings: []acmecore.Finding{{Verdict: acmecore.OtherAnswer, Wrong: true, Text: "status 200, and a page of HTML: another site or an application answers", Try: "map /.well-known/acme-challenge to cgi-bin/wcme there"}}}}},
		{Name: "new.example.org", Findings: []acmecore.Finding{{Verdict: acmecore.Unresolved, Wrong: true, Text: "the name has no address in the DNS", Try: "is it spelled right?"}}},
	}
}

// presences are where two certificates are: one everywhere, one not.
func presences() []acmecore.Presence {
	www, mail := certificate(61, "www.example.org", "example.org"), certificate(74, "mail.example.org")
	www.Serial, mail.Serial = "05e1c2a9f3b7", "03aa45"
	at := func(name acmecore.Name, address string, port int, protocol string, answer acmecore.Answer, problem string) acmecore.Proof {
		proof := acmecore.Proof{Endpoint: acmecore.Endpoint{Name: name, Address: address, Port: port, Protocol: protocol}, At: Now(), Answer: answer, Problem: problem}
		if answer == acmecore.Serves || answer == acmecore.ServesOther {
			proof.Serial, proof.NotAfter = "05e1c2a9f3b7", Now().Add(61*24*time.Hour)
		}
		return proof
	}
	other := at("mail.example.org", "2001:db8::25", 25, "smtp", acmecore.ServesOther, "another certificate is presented: most often the one before")
	other.Hint = "was it loaded? run the load"
	return []acmecore.Presence{
		{Certificate: mail, Parted: "served is another one at mail.example.org, port 25", Placed: []acmecore.Placed{{Target: "mail", Files: []string{"/etc/postfix/mail.pem"}, Serial: "02ff",
			Problem: "the files are of an earlier version", Hint: "run the load"}},
			Proofs: []acmecore.Proof{other, at("mail.example.org", "192.0.2.25", 993, "", acmecore.Unreached, "this host has no way there")}},
		{Certificate: www, Placed: []acmecore.Placed{{Target: "nginx", Files: []string{"/etc/nginx/certificates/fullchain_www_example_org.pem"}, Current: true, Serial: "05e1c2a9f3b7", NotAfter: www.NotAfter}},
			Proofs: []acmecore.Proof{at("www.example.org", "192.0.2.10", 443, "", acmecore.Serves, ""), at("example.org", "192.0.2.10", 443, "", acmecore.Serves, "")}},
	}
}

// hostileJob has a payload in place of each text that comes from outside.
func hostileJob() acmecore.Job {
	p := Payloads()
	at := func(i int) string { return p[i%len(p)] }
	job := failing(job(control.Deed(at(0)), at(1)), acmecore.Refused, `the CA says "`+at(0)+`" `+at(2), at(3))
	job.By = at(4)
	for i := range p {
		job.Steps = append(job.Steps, acmecore.Step{Time: Now(), Stage: at(i), Subject: at(i + 1), Text: at(i + 2)})
	}
	c := certificate(80, acmecore.Name(at(5)), acmecore.Name(at(6)))
	c.Version, c.Issuer, c.Serial, c.Problem = at(7), at(8), at(0), at(1)
	treated := acmecore.Treated{ID: acmecore.ID(at(0)), Text: at(1), Outcome: acmecore.Outcome(at(2)), Problem: at(3), Hint: at(4), Files: p,
		Stages: []acmecore.Stage{stage(at(5), 0, 1, at(6), at(7), at(8))}}
	load := acmecore.LoadResult{Action: at(0), Problem: at(1), Hint: at(2), Commands: []acmecore.Command{{Args: p, Output: at(3) + "\n" + at(0), Status: 1, Problem: at(5)}}}
	reach := acmecore.Reach{Name: acmecore.Name(at(0)), Path: at(1), Findings: []acmecore.Finding{{Text: at(2), Try: at(3), Wrong: true}},
		Visits: []acmecore.Visit{{Address: at(4), Body: at(0), Hops: []acmecore.Hop{{URL: at(2), Address: at(3), Status: 200, Location: at(4), Server: at(0)}},
			Received: &acmecore.Received{Path: at(0), Host: at(1), Protocol: at(2), Address: at(3)}}}}
	presence := acmecore.Presence{Certificate: c, Parted: at(0), Placed: []acmecore.Placed{{Target: at(0), Files: p, Problem: at(1), Hint: at(2)}},
		Proofs: []acmecore.Proof{{Endpoint: acmecore.Endpoint{Name: acmecore.Name(at(0)), Address: at(1), Protocol: at(2)}, Answer: acmecore.Answer(at(3)), Problem: at(4), Hint: at(0)}}}
	rehearsal := acmecore.Rehearsal{ID: acmecore.ID(at(0)), Names: []acmecore.Name{acmecore.Name(at(1))}, CA: at(2), Profile: at(3), Key: acmecore.KeyType(at(4)), Install: p, Load: p,
		Asked: acmecore.Asked{CA: at(0), Profile: at(1), Install: p, Load: p}, Findings: []acmecore.Rehearsed{{Subject: at(0), What: at(1), Text: at(2), Try: at(3), Wrong: true}}}
	run := treatedRun(at(0), treated)
	run.ID = at(0)
	return withResult(job, acmecore.JobResult{Certificate: &c, Run: run, Loads: []acmecore.LoadResult{load}, Reaches: []acmecore.Reach{reach},
		Presences: []acmecore.Presence{presence}, Rehearsal: &rehearsal, More: 3,
		Authority: &acmecore.Authority{CA: at(0), Directory: at(1), Proxy: at(2), Terms: at(2), Website: at(0), CAA: p, Profiles: p}})
}
