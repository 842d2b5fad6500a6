package gallery

import (
	"time"

	"wcme/acmecore"
	"wcme/web"
)

// statusScenes are those of the overseer's status.
func statusScenes() []Scene {
	scene := func(name, path string, visitor web.Visitor, status acmecore.Status) Scene {
		return Scene{Name: "status-" + name, Visitor: visitor, Path: path, Status: 200,
			Overseer: &Overseer{OnStatus: func() acmecore.Status { return status }}}
	}
	apache := Admin()
	apache.Server = "Apache/2.4.66 (Debian)"
	nasty := Admin()
	nasty.Server = Payloads()[0]
	viewer := scene("viewer", "/admin/status", apache, usualStatus())
	viewer.Overseer.Admission = &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}
	loggedIn := scene("log-in", "/admin/status", apache, reachedStatus())
	loggedIn.Overseer.Admission = &acmecore.Admission{User: "olga", Role: acmecore.RoleOperate, LogIn: true, Form: "token"}
	silent := scene("silent", "/admin/status", apache, silentStatus())
	silent.Overseer.Admission = &acmecore.Admission{User: "admin", Role: acmecore.RoleAdmin, Form: "token", Silent: Now().Add(-5 * time.Hour)}
	return []Scene{
		scene("usual", "/admin/status", apache, usualStatus()),
		scene("new", "/admin/status", Admin(), newStatus()),
		scene("bad", "/admin/status", apache, badStatus()),
		scene("hostile", "/admin/status", nasty, hostileStatus()),
		silent, viewer, loggedIn,
		{Name: "status-absent", Visitor: apache, Path: "/admin/status", Overseer: &Overseer{Err: absent()}, Status: 503},
	}
}

// usualStatus is one of an overseer that has nothing to complain about.
func usualStatus() acmecore.Status {
	now := Now()
	return acmecore.Status{
		Now: now, Version: "1.0", Commit: "4f1d97903c7ae4e2d1f1e07e2ac1ef45b2f1a0cd", Go: "go1.26", Host: "www", Process: 1042, User: "wcme", Root: "/var/lib/wcme",
		Overseer: true, Since: now.Add(-73 * time.Hour), Alive: now, LastPass: now.Add(-5 * time.Hour), LastRun: "20261121T002417-3f9a", NextPass: now.Add(19 * time.Hour),
		Managed: 12, States: map[acmecore.State]int{acmecore.Valid: 11, acmecore.Due: 1}, Services: map[acmecore.Service]int{acmecore.ServiceServed: 12},
		Attention: []acmecore.Attentive{}, Soonest: now.Add(29 * 24 * time.Hour),
		Authorities: []acmecore.AuthorityStatus{
			{CA: "internal", Reached: now.Add(-4 * time.Hour), Milliseconds: 12},
			{CA: "letsencrypt", Reached: now.Add(-4 * time.Hour), Milliseconds: 341},
		},
		Challenges: acmecore.ChallengeStatus{Looked: now.Add(-4 * time.Hour), Names: 31, Answered: 31, Worst: []acmecore.ChallengeFacts{}},
		Disks: []acmecore.Disk{
			{Paths: []string{"/var/lib/wcme", "/etc/nginx/certificates"}, Free: 31_400_000_000, Size: 98_000_000_000, FreeFiles: 5_912_004, Files: 6_127_616},
			{Paths: []string{"/srv/mail/tls"}, Free: 1_240_000_000, Size: 2_000_000_000},
		},
		Jobs:          []acmecore.Job{{ID: "k3f9", Kind: "renew", Subject: "www_example_org", By: "admin"}},
		Configuration: "ca = 'letsencrypt'\ncontact = ['admin@example.org']\naccept_terms = true\n\n[report]\nmail = ['system@example.org']\nwebhooks = ['https://(hidden)']\n",
	}
}

// newStatus is one of an overseer that was started a moment ago.
func newStatus() acmecore.Status {
	s := usualStatus()
	s.Commit, s.Since, s.LastPass, s.LastRun, s.Jobs = "", s.Now, time.Time{}, "", nil
	s.Managed, s.States, s.Services, s.Soonest, s.Authorities = 0, nil, nil, time.Time{}, nil
	s.Challenges = acmecore.ChallengeStatus{}
	return s
}

// reachedStatus is one of an overseer that has not looked at its CA yet, and has had an
// order taken by it.
func reachedStatus() acmecore.Status {
	s := newStatus()
	s.Managed, s.States, s.Services = 1, map[acmecore.State]int{acmecore.Valid: 1}, map[acmecore.Service]int{acmecore.ServiceServed: 1}
	s.Authorities = []acmecore.AuthorityStatus{{CA: "letsencrypt", Reached: s.Now}}
	return s
}

// badStatus has everything to complain about at once.
func badStatus() acmecore.Status {
	s := usualStatus()
	now := s.Now
	s.States = map[acmecore.State]int{acmecore.Valid: 7, acmecore.Due: 1, acmecore.Expired: 1, acmecore.Missing: 2, acmecore.Unusable: 1}
	s.Services = map[acmecore.Service]int{acmecore.ServiceServed: 6, acmecore.ServiceUnseen: 2, acmecore.ServiceUnloaded: 1, acmecore.ServiceMissing: 1}
	s.Attentive, s.Reports, s.Waiting, s.Soonest = 7, 3, now.Add(-9*time.Hour), now.Add(-26*time.Hour)
	s.Authorities[0].Failed, s.Authorities[0].Problem = now.Add(-time.Minute), "read directory https://ca.example.org/acme/directory: no route to host"
	s.Authorities[0].Reached, s.Authorities[0].Hint = now.Add(-50*time.Hour), "is the proxy of [authority.internal] running?"
	s.Challenges.Answered, s.Challenges.Broken = 4, 2
	for i, name := range manyNames(22) {
		facts := acmecore.ChallengeFacts{Name: name, At: now.Add(-4 * time.Hour), Verdict: acmecore.NoConnection, Text: "192.0.2.1:80: nobody accepts connections"}
		if i < 2 {
			facts.Answered, facts.Broken = now.Add(-28*time.Hour), now.Add(-4*time.Hour)
			facts.Verdict, facts.Text = acmecore.Unmapped, "status 404, and not from wCME: the path does not lead to it"
			facts.Try = "map /.well-known/acme-challenge to cgi-bin/wcme for this name; deploy/ has an example for each web server"
		}
		s.Challenges.Worst = append(s.Challenges.Worst, facts)
	}
	s.Disks[0].Free, s.Disks[0].Low = 61_000_000, true
	s.Disks = append(s.Disks, acmecore.Disk{Paths: []string{"/mnt/backup/certificates"}, Problem: "no such file or directory"})
	return s
}

// silentStatus is one of an overseer whose daily work stands still.
func silentStatus() acmecore.Status {
	s := usualStatus()
	s.Silent, s.LastPass, s.NextPass = s.Now.Add(-5*time.Hour), s.Now.Add(-29*time.Hour), s.Now.Add(-5*time.Hour)
	s.Challenges = acmecore.ChallengeStatus{Off: true}
	return s
}

// hostileStatus has a payload wherever a text can come from outside.
func hostileStatus() acmecore.Status {
	s := usualStatus()
	payloads := Payloads()
	s.Version, s.Commit, s.Go, s.Host, s.User, s.Root, s.LastRun = payloads[0], payloads[1], payloads[2], payloads[3], payloads[4], payloads[5], payloads[6]
	s.Configuration = payloads[8]
	for i, p := range payloads {
		next := payloads[(i+1)%len(payloads)]
		s.Authorities = append(s.Authorities, acmecore.AuthorityStatus{CA: p, Reached: s.Now.Add(-99 * time.Hour), Failed: s.Now, Problem: next, Hint: p})
		s.Challenges.Worst = append(s.Challenges.Worst, acmecore.ChallengeFacts{Name: acmecore.Name(p), At: s.Now, Broken: s.Now, Verdict: acmecore.Verdict(p), Text: next, Try: p})
		s.Disks = append(s.Disks, acmecore.Disk{Paths: []string{p, next}, Problem: next})
		s.Jobs = append(s.Jobs, acmecore.Job{ID: p, Kind: next, Subject: p})
	}
	s.Challenges.Broken = len(payloads)
	return s
}
