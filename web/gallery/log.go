package gallery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// logScenes are those of the log, the runs and the audit trail.
func logScenes() []Scene { return slices.Concat(overseerLogScenes(), runScenes(), auditScenes()) }

func overseerLogScenes() []Scene {
	scene := func(name, query string, status int, page acmecore.LogPage) Scene {
		return Scene{Name: "log-" + name, Visitor: Admin(), Path: "/admin/log" + query, Status: status,
			Overseer: &Overseer{OnLog: func(acmecore.LogQuery) acmecore.LogPage { return page }}}
	}
	usual := logPage(usualLines()...)
	usual.Older = "2a-4c1-9d"
	reached := logPage()
	reached.Older, reached.Reached = "2a-4c1-9d", Now().Add(-40*24*time.Hour)
	stays := scene("follow-waiting", "?follow=1&level=info", 200, usual)
	stays.Stays = true
	stale := scene("stale", "?before=1-2-3", 409, usual)
	stale.Overseer.Err = &acmecore.Error{Kind: acmecore.Stale, Op: "read log", Cause: errors.New("that part of it has been dropped, or was emptied, meanwhile"),
		Hint: "begin at the newest line"}
	lines := scene("lines", "/lines?after=2a-4c1-9d", 200, usual)
	viewer := scene("viewer", "", 200, usual)
	viewer.Overseer.Admission = &acmecore.Admission{User: "victor", Role: acmecore.RoleView, Form: "token"}
	return []Scene{
		scene("empty", "", 200, acmecore.LogPage{Newer: "0-0-0"}),
		scene("usual", "", 200, usual),
		scene("filtered", "?certificate=www_example_org&level=warn&words=not+served&from=2026-11-01&to=2026-11-21", 200, logPage(usualLines()[1:2]...)),
		scene("nothing-fits", "?words=nowhere", 200, logPage()),
		scene("nothing-fits-yet", "?words=nowhere", 200, reached),
		scene("older-file", "?file=2&before=1-2-3", 200, usual),
		scene("field-errors", "?certificate=x%3B+id&from=yesterday&to=2026-02-30&level=loud", 422, usual),
		scene("follow", "?follow=1", 200, usual),
		stays, stale, viewer, lines,
		scene("hostile", "?words=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&certificate=%3Cb%3E", 422, usual),
		scene("hostile-lines", "", 200, logPage(hostileLines()...)),
		scene("many", "", 200, logPage(manyLines(100)...)),
	}
}

// logPage is an answer with these lines, of a log of three files.
func logPage(lines ...acmecore.LogLine) acmecore.LogPage {
	return acmecore.LogPage{Lines: lines, Newer: "2a-4e20-9d", Files: []acmecore.LogFile{
		{Name: "overseer.log", Bytes: 20_000, Ended: Now()},
		{Name: "overseer.log.1", Bytes: 10_485_812, Ended: Now().Add(-9 * 24 * time.Hour)},
		{Name: "overseer.log.2", Bytes: 10_485_790, Ended: Now().Add(-42 * 24 * time.Hour)},
	}}
}

// logLine is a line that came so many seconds ago.
func logLine(ago int, level, message string, attrs ...string) acmecore.LogLine {
	line := acmecore.LogLine{Time: Now().Add(-time.Duration(ago) * time.Second).Add(310 * time.Millisecond), Level: level, Message: message}
	for i := 0; i+1 < len(attrs); i += 2 {
		line.Attrs = append(line.Attrs, acmecore.Attr{Key: attrs[i], Value: attrs[i+1]})
	}
	return line
}

func usualLines() []acmecore.LogLine {
	return []acmecore.LogLine{
		logLine(2, "info", "report delivered", "report", "1-0001", "to", "system@example.org", "about", "wcme www: renewed", "tries", "1"),
		logLine(9, "warn", "not served", "certificate", "www_example_org", "run", galleryRun, "problem", "192.0.2.1:443 serves the certificate before", "hint", "run the load again"),
		logLine(12, "info", "load action ended", "action", "servers", "certificates", "www_example_org", "commands", "2", "seconds", "1", "problem", ""),
		logLine(13, "info", "installed", "certificate", "www_example_org", "target", "nginx", "file", "/etc/nginx/certificates/fullchain_www_example_org.pem"),
		logLine(16, "debug", "authorization is valid", "run", galleryRun, "stage", "authorization", "subject", "www.example.org"),
		logLine(40, "error", "certificate not obtained", "certificate", "intranet_example_org", "run", galleryRun,
			"problem", `the CA: "During secondary validation: 192.0.2.7: Fetching http://intranet.example.org/.well-known/acme-challenge/…: Timeout during connect (likely firewall problem)"`),
		{Message: "goroutine 1 [running]:"},
		logLine(86_400, "info", "overseer started", "version", "1.0", "root", "/var/lib/wcme", "process", "812"),
	}
}

func hostileLines() []acmecore.LogLine {
	lines := []acmecore.LogLine{logLine(1, "info", "a name of many letters", "certificate", strings.Repeat("long-name_", 40))}
	for i, p := range Payloads() {
		lines = append(lines, logLine(i, "warn", p, p, p, "run", p, "certificate", p), acmecore.LogLine{Message: p})
	}
	return append(lines, logLine(99, "loud", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627", "text", "\u05d0\u05d1\u05d2 www.example.org"))
}

func manyLines(n int) (lines []acmecore.LogLine) {
	for i := range n {
		lines = append(lines, logLine(i, "info", "certificate", "name", fmt.Sprintf("host_%04d_example_org", i), "state", "valid", "expires_in_days", "61"))
	}
	return lines
}
