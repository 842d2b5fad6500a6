package gallery

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// certificateScenes are those of the page of one certificate, and of what can be done
// to it.
func certificateScenes() []Scene {
	usual := certificateDetails(61, "www.example.org", "example.org")
	scenes := []Scene{
		certificateScene("usual", "", usual),
		certificateScene("never-obtained", "", neverObtained()),
		certificateScene("revoked", "", revokedDetails()),
		certificateScene("expired", "", expiredDetails()),
		certificateScene("drifted", "", driftedDetails()),
		certificateScene("refused", "", refusedDetails()),
		certificateScene("own-ca", "", ownAuthority()),
		certificateScene("elsewhere", "", elsewhereDetails()),
		certificateScene("many-names", "", certificateDetails(61, manyNames(100)...)),
		certificateScene("right-to-left", "", rightToLeft()),
		certificateScene("hostile", "", hostileDetails()),
		certificateScene("gone", "", acmecore.Details{}, 404),
	}
	malformed := certificateScene("malformed", "", usual, 404)
	malformed.Path = "/admin/certificate/..%2F..%2Fetc"
	viewer, operator := certificateScene("for-viewers", "", driftedDetails()), certificateScene("for-operators", "", usual)
	viewer.Overseer.Admission = &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}
	operator.Overseer.Admission = &acmecore.Admission{User: "olga", Role: acmecore.RoleOperate, Form: "token"}
	return append(append(scenes, malformed, viewer, operator), certificateDeedScenes(usual)...)
}

// certificateDeedScenes are the pages that do something to a certificate.
func certificateDeedScenes(usual acmecore.Details) []Scene {
	alone := certificateDetails(61, "mail.example.org")
	alone.Loads, alone.Ports, alone.Probe, alone.Versions = nil, nil, nil, alone.Versions[:1]
	sent := func(name, act string, form url.Values, status int, begin func(control.Task) (acmecore.Job, error)) Scene {
		scene := certificateScene(name, act, usual, status)
		scene.Method, scene.Form, scene.Overseer.OnBegin = "POST", form, begin
		return scene
	}
	failing := func(kind acmecore.Kind) func(control.Task) (acmecore.Job, error) {
		return func(control.Task) (acmecore.Job, error) {
			return acmecore.Job{}, &acmecore.Error{Kind: kind, Op: "begin", Cause: errors.New("it is not so any more")}
		}
	}
	revoke := url.Values{"seen": {"000003"}, "version": {"000003"}, "reason": {"1"}, "understood": {"on"}}
	return []Scene{
		certificateScene("renew", "renew", usual),
		certificateScene("renew-used-up", "renew", refusedDetails()),
		certificateScene("load", "load", driftedDetails()),
		certificateScene("load-without-actions", "load", alone),
		certificateScene("load-nothing", "load", neverObtained()),
		certificateScene("verify", "verify", usual),
		certificateScene("verify-nowhere", "verify", alone),
		certificateScene("restore", "restore?version=000001", usual),
		certificateScene("restore-nothing", "restore", alone),
		certificateScene("revoke", "revoke", usual),
		certificateScene("revoke-nothing", "revoke", neverObtained()),
		certificateScene("remove", "remove", usual),
		sent("revoke-not-understood", "revoke", url.Values{"seen": {"000003"}, "version": {"000002"}, "reason": {"9"}}, 422, failing(acmecore.Internal)),
		sent("revoke-expired-form", "revoke", revoke, 409, failing(acmecore.Stale)),
		sent("revoke-changed-meanwhile", "revoke", url.Values{"seen": {"000002"}, "version": {"000002"}, "reason": {"1"}, "understood": {"on"}}, 409, failing(acmecore.Internal)),
		sent("remove-gone-meanwhile", "remove", url.Values{"seen": {"000003"}}, 404, failing(acmecore.NotFound)),
		sent("renew-begins", "renew", url.Values{"seen": {"000003"}}, 303, func(task control.Task) (acmecore.Job, error) {
			return acmecore.Job{ID: "7f3a", Kind: string(task.Deed), Subject: string(task.ID), By: "admin", Began: Now()}, nil
		}),
	}
}

// certificateScene is the page of the details, or of an act; of no details, that of a
// certificate that there is not.
func certificateScene(name, act string, details acmecore.Details, status ...int) Scene {
	id := details.Certificate.ID
	if _, err := acmecore.ParseID(string(id)); err != nil {
		id = "www_example_org"
	}
	scene := Scene{Name: "certificate-" + name, Visitor: Admin(), Path: "/admin/certificate/" + string(id), Status: 200,
		Overseer: &Overseer{OnDetails: func(asked acmecore.ID) (acmecore.Details, error) {
			if asked != id || details.Certificate.ID == "" {
				return acmecore.Details{}, &acmecore.Error{Kind: acmecore.NotFound, Op: "read record", Subject: "/var/lib/wcme/etc/certificates/x.toml", Cause: errors.New("there is none")}
			}
			return details, nil
		}}}
	if act != "" {
		scene.Path += "/" + act
	}
	if len(status) > 0 {
		scene.Status = status[0]
	}
	return scene
}

// certificateDetails are those of a certificate that is in service, and has that many
// days left.
func certificateDetails(daysLeft int, names ...acmecore.Name) acmecore.Details {
	c := certificate(daysLeft, names...)
	c.Version, c.Serial, c.Fingerprint, c.Issuer = "000003", "3a5f0c71d2", fingerprint(3), "E7"
	c.Profile, c.Targets, c.Loads, c.Service = "tlsserver", []string{"nginx", "mail"}, []string{"servers", "mail"}, acmecore.ServiceServed
	c.Renewal = acmecore.Renewal{At: c.NotAfter.Add(-30 * 24 * time.Hour), Reason: acmecore.BecauseWindow, Text: "its CA asks for it between then and a day later"}
	d := acmecore.Details{Certificate: c, Subject: "CN=" + string(names[0]), SHA1: strings.Repeat("5c", 20), Chain: chainOf(c),
		PEM: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Ports: []string{"443", "25/smtp"}, Searched: 212,
		Loads:    []acmecore.Loaded{{Action: "servers", Current: true}, {Action: "mail", Current: true}},
		Versions: threeVersions(c), Budget: acmecore.Budget{FailuresLimit: 5, Issued7Days: 1, Issued7Limit: 5},
		Kept: acmecore.Kept{Record: "/var/lib/wcme/etc/certificates/" + string(c.ID) + ".toml.removed", Versions: "/var/lib/wcme/priv/certificates/" + string(c.ID)}}
	for _, target := range c.Targets {
		path := "/etc/" + target + "/certificates/fullchain_" + string(c.ID) + ".pem"
		d.Placed = append(d.Placed, acmecore.Placed{Target: target, Files: []string{path}, Current: true, Serial: c.Serial, NotAfter: c.NotAfter})
		d.Files = append(d.Files, acmecore.FileFacts{Target: target, Path: path, Owner: "root:ssl-cert", Mode: "0640", Changed: c.NotBefore})
	}
	d.Files = append(d.Files, acmecore.FileFacts{Path: "/var/lib/wcme/ssl/fullchain_" + string(c.ID) + ".pem", Owner: "wcme:wcme", Mode: "0600", Changed: c.NotBefore})
	d.Standing = acmecore.Standing{Seen: c.Fingerprint, Served: servedAt(c, c.Fingerprint, c.Serial), RenewalInfo: acmecore.RenewalInfo{
		Fingerprint: c.Fingerprint, Start: c.Renewal.At, End: c.Renewal.At.Add(24 * time.Hour), Asked: Now().Add(-3 * time.Hour)}}
	d.Runs = []acmecore.RunLine{renewedRun(c)}
	return d
}

// fingerprint is a made-up SHA-256.
func fingerprint(n int) string { return strings.Repeat(fmt.Sprintf("%02x", 16+n), 32) }

func chainOf(c acmecore.Certificate) []acmecore.Link {
	return []acmecore.Link{
		{Subject: "CN=" + string(c.Names[0]), Issuer: "CN=E7,O=Example CA", NotBefore: c.NotBefore, NotAfter: c.NotAfter, Serial: c.Serial, SHA256: c.Fingerprint, Key: "EC 256", Signature: "ECDSA-SHA384"},
		{Subject: "CN=E7,O=Example CA", Issuer: "CN=Example Root X1,O=Example CA", NotBefore: Now().AddDate(-2, 0, 0), NotAfter: Now().AddDate(1, 3, 0), Serial: "4b", SHA256: fingerprint(9), Key: "EC 384", Signature: "SHA256-RSA"},
	}
}

func threeVersions(c acmecore.Certificate) []acmecore.Version {
	version := func(name, serial string, daysBefore int) acmecore.Version {
		ago := time.Duration(daysBefore) * 24 * time.Hour
		return acmecore.Version{Name: name, Serial: serial, Fingerprint: fingerprint(daysBefore), NotBefore: c.NotBefore.Add(-ago), NotAfter: c.NotAfter.Add(-ago)}
	}
	current := version(c.Version, c.Serial, 0)
	current.Current, current.Fingerprint = true, c.Fingerprint
	return []acmecore.Version{current, version("000002", "2c88e1", 30), version("000001", "17aa03", 75)}
}

// servedAt are the proofs of two places, one with IPv6.
func servedAt(c acmecore.Certificate, fingerprint, serial string) []acmecore.Proof {
	proof := func(address string, port int, protocol string) acmecore.Proof {
		return acmecore.Proof{Endpoint: acmecore.Endpoint{Name: c.Names[0], Address: address, Port: port, Protocol: protocol}, At: Now().Add(-5 * time.Hour),
			Answer: acmecore.Serves, Fingerprint: fingerprint, Serial: serial, NotAfter: c.NotAfter}
	}
	return []acmecore.Proof{proof("192.0.2.7", 443, ""), proof("2001:db8::7", 443, ""), proof("192.0.2.7", 25, "smtp")}
}

// renewedRun is the run that obtained the certificate.
func renewedRun(c acmecore.Certificate) acmecore.RunLine {
	began := c.NotBefore.Add(20 * time.Minute)
	stage := func(name string, from, to time.Duration, text string) acmecore.Stage {
		return acmecore.Stage{Stage: name, Began: began.Add(from), Ended: began.Add(to), Text: text}
	}
	treated := acmecore.Treated{ID: c.ID, Names: c.Names, State: acmecore.Due, Reason: acmecore.BecauseWindow, Text: "its CA asks for it then", Outcome: acmecore.Renewed,
		Version: c.Version, Serial: c.Serial, NotAfter: c.NotAfter, Stages: []acmecore.Stage{
			stage("order", 0, 4200*time.Millisecond, ""), stage("install", 4200*time.Millisecond, 4300*time.Millisecond, "2 files"),
			stage("load", 4300*time.Millisecond, 65*time.Second, "servers"), stage("verify", 65*time.Second, 66*time.Second, "3 places")}}
	return acmecore.RunLine{ID: began.Format("20060102T150405") + "-3f9a", Trigger: "schedule", Began: began, Ended: began.Add(66 * time.Second), Managed: 12,
		Outcomes: map[acmecore.Outcome]int{acmecore.Renewed: 1}, Treated: &treated}
}

func neverObtained() acmecore.Details {
	c := acmecore.Certificate{ID: "new_example_org", Names: []acmecore.Name{"new.example.org"}, CA: "letsencrypt", Targets: []string{"nginx"}, Loads: []string{"servers"},
		Renewal: acmecore.Renewal{Reason: acmecore.BecauseMissing, Text: "it was never obtained, or its files are gone"}}
	return acmecore.Details{Certificate: c, Loads: []acmecore.Loaded{{Action: "servers"}}, Ports: []string{"443"}, Drift: "none was issued yet", Repair: acmecore.RepairRenew,
		Budget: acmecore.Budget{FailuresLimit: 5, Issued7Limit: 5}}
}

func revokedDetails() acmecore.Details {
	d := certificateDetails(61, "shop.example.org")
	d.Certificate.Problem = "it was revoked at 2026-11-20T15:46:00Z; obtain another one"
	d.Certificate.Renewal = acmecore.Renewal{Reason: acmecore.BecauseUnusable, Text: d.Certificate.Problem}
	d.Versions[0].Revoked, d.Versions[0].Problem = Now().Add(-14*time.Hour), "it was revoked at 2026-11-20T15:46:00Z"
	d.Versions[2].Problem = "read its key: no PEM block PRIVATE KEY"
	d.Drift, d.Repair = "the issued one cannot be used: "+d.Certificate.Problem, acmecore.RepairRenew
	return d
}

// ownAuthority are of a certificate of a CA whose limits nobody knows, which is looked for
// behind a balancer.
func ownAuthority() acmecore.Details {
	d := certificateDetails(61, "intranet.example.org")
	d.Certificate.CA, d.Budget = "internal", acmecore.Budget{Issued7Days: 1}
	d.Probe = []string{"192.0.2.7", "[2001:db8::7]:8443"}
	d.Runs[0].Trigger, d.Runs[0].By, d.Runs[0].Treated.Outcome, d.Runs[0].Treated.Text = "restore", "user alice (uid 33)", acmecore.Repaired, "its files are not up to date in nginx"
	return d
}

// elsewhereDetails are of a certificate that another CA has issued than the one that is
// asked first, for names that were proved in several ways, of which one is paused.
func elsewhereDetails() acmecore.Details {
	d := certificateDetails(61, "www.example.org", "*.example.org", "192.0.2.1")
	c := &d.Certificate
	c.IssuedBy, c.Twins = "zerossl", []acmecore.ID{"www_example_org_rsa2048"}
	c.Alternatives = []acmecore.Alternative{{CA: "zerossl", Account: true, CAA: "yes", InTurn: true}, {CA: "google", CAA: "unknown", Why: "there is no account"}}
	c.Methods = map[acmecore.Name]acmecore.Method{"www.example.org": acmecore.HTTP01, "*.example.org": acmecore.DNS01, "192.0.2.1": acmecore.TLSALPN01}
	c.Limits = []acmecore.Limit{
		{Kind: acmecore.LimitOrders, Count: 12, Of: 300, Period: 3 * time.Hour},
		{Kind: acmecore.LimitDomain, Subject: "example.org", Count: 50, Of: 50, Period: 7 * 24 * time.Hour, Until: Now().Add(3 * time.Hour)},
		{Kind: acmecore.LimitOfIdentifier, Said: "too many failed authorizations; this name is paused", Page: "https://portal.letsencrypt.org/unpause?jwt=x"},
	}
	d.Standing.Failures = []acmecore.Failure{{At: Now().Add(-2 * time.Hour), Kind: acmecore.Limited, CA: "letsencrypt", Type: "rateLimited",
		Cause: `place order at https://acme-v02.api.letsencrypt.org/directory: the CA says "too many certificates already issued" (rateLimited)`, Hint: "wait", Until: Now().Add(3 * time.Hour)}}
	return d
}

func expiredDetails() acmecore.Details {
	d := refusedDetails()
	d.Certificate.NotBefore, d.Certificate.NotAfter = Now().Add(-93*24*time.Hour), Now().Add(-3*24*time.Hour)
	d.Repair = acmecore.RepairRenew
	return d
}

// driftedDetails are of a certificate that one target lacks and an old one is served of.
func driftedDetails() acmecore.Details {
	d := certificateDetails(88, "cloud.example.org")
	d.Certificate.Service, d.Repair = acmecore.ServiceMissing, acmecore.RepairLoad
	d.Drift = "not installed in mail (there is serial 2c88e1); another one is served by cloud.example.org at 192.0.2.7:25 (serial 2c88e1, valid to 2026-12-20)"
	d.Placed[1].Current, d.Placed[1].Serial = false, "2c88e1"
	d.Placed[1].Problem, d.Placed[1].Hint = d.Placed[1].Files[0]+" holds another certificate", "`wcme manage` puts it right"
	d.Files[2].Problem, d.Files[2].Owner, d.Files[2].Mode, d.Files[2].Changed = "there is no such file", "", "", time.Time{}
	d.Loads[1].Current = false
	proof := &d.Standing.Served[2]
	proof.Answer, proof.Fingerprint, proof.Serial = acmecore.ServesOther, fingerprint(30), "2c88e1"
	proof.Problem, proof.Hint = "it presents serial 2c88e1, valid to 2026-12-20", "was the mail server restarted?"
	d.Standing.Served[1].Answer, d.Standing.Served[1].Fingerprint, d.Standing.Served[1].Serial = acmecore.Unreached, "", ""
	d.Standing.Unserved = []acmecore.Failure{{At: Now().Add(-time.Hour), Kind: acmecore.Unreachable, Cause: "load action mail: exit status 1: postfix: fatal: bad certificate", Hint: "look at what the command said"}}
	d.Certificate.Trouble, d.Certificate.Hint, d.Certificate.Next = d.Standing.Unserved[0].Cause, d.Standing.Unserved[0].Hint, Now().Add(20*time.Minute)
	run := renewedRun(d.Certificate)
	run.Trigger, run.By, run.Treated.Outcome, run.Treated.Problem, run.Treated.Hint = "certify", "admin", acmecore.NotServed, d.Certificate.Trouble, d.Certificate.Hint
	run.Treated.Stages[2].Problem, run.Treated.Stages[2].Hint = d.Certificate.Trouble, d.Certificate.Hint
	d.Runs = append([]acmecore.RunLine{run}, d.Runs...)
	return d
}

// refusedDetails are of a certificate that the CA does not renew.
func refusedDetails() acmecore.Details {
	d := certificateDetails(18, "intranet.example.org", "wiki.example.org")
	for i, hour := range []int{30, 6, 0} {
		failure := acmecore.Failure{At: Now().Add(-time.Duration(hour)*time.Hour - 20*time.Minute), Kind: acmecore.Refused, Refused: []acmecore.Name{"wiki.example.org"},
			Cause: `wiki.example.org was refused: the CA says "192.0.2.9: Fetching http://wiki.example.org/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)" (connection)`,
			Hint:  "does http://NAME/.well-known/acme-challenge/test, from outside, say `Challenge received`? if not, map that path to wcme on port 80"}
		if i == 2 {
			failure.Kind, failure.Until, failure.Refused = acmecore.Limited, Now().Add(3*time.Hour), nil
			failure.Cause = `place order at https://ca.example/directory: the CA says "too many certificates (5) already issued for this exact set of identifiers" (rateLimited); not before 2026-11-21T08:46:00Z`
			failure.Hint = "wait; another attempt before that time would be refused too"
		}
		d.Standing.Failures = append(d.Standing.Failures, failure)
	}
	last := d.Standing.Failures[2]
	d.Certificate.Trouble, d.Certificate.Hint, d.Certificate.Next = last.Cause, last.Hint, last.Until
	d.Certificate.Renewal.At, d.Budget.Issued7Days, d.Budget.FailuresHour = Now().Add(-10*24*time.Hour), 5, 3
	return d
}

// rightToLeft is one whose CA and commands speak Hebrew and Arabic.
func rightToLeft() acmecore.Details {
	d := refusedDetails()
	d.Certificate.Names = []acmecore.Name{"xn--4dbcagdahymbxekheh6e0a7fei0b.example.org", "xn--mgbh0fb.example.org"}
	d.Certificate.Issuer, d.Subject = "רשות אישורים לדוגמה", "O=مثال"
	d.Standing.Failures[0].Cause = `the CA says "לא ניתן לאמת את השם" (connection)`
	d.Standing.Failures[1].Cause, d.Standing.Failures[1].Hint = `the CA says "تعذر التحقق من الاسم" (dns)`, "راجع السجل"
	d.Files[0].Path = "/etc/nginx/שלום/fullchain.pem"
	return d
}

// hostileDetails are what no parser of ours lets through: the page is the last one to
// keep them inert (W07).
func hostileDetails() acmecore.Details {
	d := certificateDetails(61, "www.example.org")
	for i, p := range Payloads() {
		d.Certificate.Names = append(d.Certificate.Names, acmecore.Name(p))
		d.Standing.Failures = append(d.Standing.Failures, acmecore.Failure{At: Now().Add(-time.Duration(i) * time.Hour), Kind: acmecore.Refused,
			Cause: "the CA says " + strconv.Quote(p) + " " + p, Hint: p, Refused: []acmecore.Name{acmecore.Name(p)}})
		d.Versions = append(d.Versions, acmecore.Version{Name: p, Serial: p, Problem: p})
		d.Chain = append(d.Chain, acmecore.Link{Subject: p, Issuer: p, Key: p, Signature: p, SHA256: p})
		d.Files = append(d.Files, acmecore.FileFacts{Target: p, Path: p, Owner: p, Mode: p, Problem: p})
		d.Standing.Served = append(d.Standing.Served, acmecore.Proof{Endpoint: acmecore.Endpoint{Name: acmecore.Name(p), Address: p, Protocol: p}, Answer: acmecore.Answer(p), Serial: p, Problem: p, Hint: p})
		d.Runs = append(d.Runs, acmecore.RunLine{ID: p, Trigger: p, By: p, Treated: &acmecore.Treated{Text: p, Outcome: acmecore.Outcome(p), Problem: p, Hint: p,
			Stages: []acmecore.Stage{{Stage: p, Text: p, Problem: p, Hint: p}}}})
	}
	bad := Payloads()[0]
	d.Certificate.CA, d.Certificate.Problem, d.Certificate.Hint, d.Certificate.Issuer, d.Certificate.Profile, d.Subject = bad, bad, bad, bad, bad, bad
	d.Certificate.Renewal.Explanation, d.Drift = "javascript:alert(1)", bad
	return d
}
