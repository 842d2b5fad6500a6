package faults_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// spooled are the reports that wait.
func (o *office) spooled() []string {
	o.Helper()
	paths, err := filepath.Glob(filepath.Join(o.root, "priv", "spool", "2*"))
	if err != nil {
		o.Fatal(err)
	}
	return paths
}

// awaitDelivered returns when no report waits.
func (o *office) awaitDelivered() {
	o.Helper()
	o.await("an empty spool", func() error {
		if got := o.spooled(); len(got) > 0 {
			return fmt.Errorf("it has %q", got)
		}
		return nil
	})
}

// awaitSaid returns when the overseer has said something so often.
func (o *office) awaitSaid(text string, times int) {
	o.Helper()
	o.await(text, func() error {
		if got := strings.Count(o.log(), text); got < times {
			return fmt.Errorf("it was said %d times, want %d", got, times)
		}
		return nil
	})
}

// terminate ends the overseer as its supervisor does.
func (o *office) terminate() {
	o.Helper()
	if err := o.overseer.Stop(); err != nil {
		o.Error(err)
	}
}

// header returns the header of a message.
func (o *office) header(message lab.MailMessage) mail.Header {
	o.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(message.Text))
	if err != nil {
		o.Fatal(err)
	}
	return parsed.Header
}

const reportID = acmecore.ID("www_example_test")

// TestReportsOutliveAnOutage is M01, M06 and M10: what cannot be sent is tried again,
// for days, over kills and restarts, and comes once.
func TestReportsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	o := newOffice(t, officeOptions{})
	o.between.Answer(lab.ClassRenewalInfo, politeProblem(404, "malformed"))
	o.mail.SetOutage(true)
	o.manage("www.example.test")
	o.start()
	o.awaitSaid("report not delivered", 1)
	made := o.clock.Now()
	if got := o.spooled(); len(got) != 1 || len(o.mail.Messages()) != 0 {
		t.Fatalf("M01: got %d reports that wait, and %d that came; want the first one", len(got), len(o.mail.Messages()))
	}
	for _, wait := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute} {
		tries := strings.Count(o.log(), "report not delivered")
		o.clock.Advance(wait)
		o.nudge()
		o.awaitSaid("report not delivered", tries+1)
	}
	o.kill()
	o.start()
	o.awaitSaid("report not delivered", 5)
	for range 6 {
		o.clock.Advance(day)
		o.nudge()
	}
	o.terminate()
	if got := o.spooled(); len(got) != 2 {
		t.Fatalf("M06: got %d reports that wait, want that of the certificate and that of the kill", len(got))
	}
	o.mail.SetOutage(false)
	o.clock.Advance(time.Hour) // a restart is no reason to try earlier
	o.start()
	o.awaitTold(reportID, acmecore.EventRenewed, 1)
	o.awaitMail("a crash", func() bool { return len(o.mail.Messages()) == 2 })
	for _, message := range o.mail.Messages() {
		header := o.header(message)
		if date, err := header.Date(); err != nil || date.Before(made.Add(-time.Minute)) || date.After(made.Add(time.Hour)) {
			t.Errorf("M06: a report is of %v, want %v, when it was made: %v", date, made, err)
		}
	}
	o.awaitDelivered()

	// A trouble is told once, whoever is there to tell it.
	o.between.Answer(lab.ClassNewOrder, politeProblem(500, "serverInternal"))
	o.manage("other.example.test")
	o.nudge()
	const other = acmecore.ID("other_example_test")
	o.awaitTold(other, acmecore.EventFailed, 1)
	for i, end := range []func(){o.terminate, o.kill} {
		o.awaitDelivered() // an end just then would repeat a message, with the same id
		end()
		o.clock.Set(o.clock.Now().Add(100 * time.Minute))
		o.start()
		o.await("the next try", func() error {
			failed := 0
			for _, run := range o.runs() { // what is recorded was told
				failed += run.Count(acmecore.Failed)
			}
			if failed < 2+i {
				return fmt.Errorf("there were %d", failed)
			}
			return nil
		})
	}
	o.between.Answer(lab.ClassNewOrder, nil)
	o.clock.Advance(2 * day)
	o.nudge()
	o.awaitTold(other, acmecore.EventRecovered, 1)
	o.awaitTold(other, acmecore.EventFailed, 1)
	o.awaitTold(reportID, acmecore.EventRenewed, 1)
	o.awaitTold(other, acmecore.EventRenewed, 1)
	ids := make(map[string]int)
	for _, message := range o.mail.Messages() {
		ids[o.header(message).Get("Message-Id")]++
	}
	if len(ids) != len(o.mail.Messages()) {
		t.Errorf("M10: got %d messages, and the ids %v", len(o.mail.Messages()), ids)
	}
}

// TestReportOfHostileTexts is M05: what a CA says is one line of the log, and adds
// nothing to the header of a mail.
func TestReportOfHostileTexts(t *testing.T) {
	t.Parallel()
	o := newOffice(t, officeOptions{})
	const hostile = "no\r\nBcc: evil@example.test\r\nSubject: feigned\r\n\r\n.\r\nQUIT\r\n\x1b[31m<script>alert(1)</script>\u202e\x00 time=2027 level=ERROR msg=feigned"
	body, err := json.Marshal(map[string]any{"type": "urn:ietf:params:acme:error:rejectedIdentifier\r\nX-Evil: 1", "detail": hostile, "status": 403})
	if err != nil {
		t.Fatal(err)
	}
	o.between.Answer(lab.ClassNewOrder, lab.Reply(403, http.Header{"Content-Type": {"application/problem+json"}}, string(body)))
	o.manage("www.example.test")
	o.start()
	o.awaitTold(reportID, acmecore.EventFailed, 1)
	messages := o.mail.Messages()
	if len(messages) != 1 || len(messages[0].To) != 1 || messages[0].To[0] != "system@example.test" {
		t.Fatalf("got %+v, want one mail to the administrator", messages)
	}
	fields := slices.Sorted(maps.Keys(o.header(messages[0])))
	for field, values := range o.header(messages[0]) {
		if len(values) != 1 || field == "Bcc" || field == "X-Evil" || strings.Contains(values[0], "feigned") {
			t.Errorf("header: got %s: %q, among %q", field, values, fields)
		}
	}
	for what, text := range map[string]string{"the mail": o.body(messages[0]), "the log": o.read(filepath.Join(o.root, "log", "overseer.log")),
		"the standard error output": o.log(), "list": o.run("list")} {
		if !strings.Contains(text, "evil@example.test") || strings.ContainsAny(text, "\x00\x1b\r\u202e") {
			t.Errorf("%s: got %q, want what the CA said, inert", what, tailOf(text, 2000))
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "Bcc:") || strings.HasPrefix(line, "Subject: feigned") || strings.HasPrefix(line, "time=2027 ") {
				t.Errorf("%s has a line of the CA's: %q", what, line)
			}
		}
	}
}

// TestReportOfHundreds is M07: hundreds of certificates that fail are one mail a day.
func TestReportOfHundreds(t *testing.T) {
	t.Parallel()
	const many = 300
	o := newOffice(t, officeOptions{})
	for i := range many {
		o.manage(fmt.Sprintf("www%d.example.test", i))
	}
	o.between.SetOutage(true)
	o.start()
	failed := fmt.Sprintf("%d failed", many)
	o.awaitMail(failed, func() bool { return strings.Contains(o.mailbox(), failed) })
	o.awaitSaid("run ended", 1)
	o.clock.Advance(4 * time.Hour) // after which [renew] orders allows as many again
	o.nudge()
	o.await("the next tries", func() error {
		failed := 0
		for _, run := range o.runs() {
			failed += run.Count(acmecore.Failed)
		}
		if failed < 2*many {
			return fmt.Errorf("%d failed", failed)
		}
		return nil
	})
	o.between.SetOutage(false)
	o.run("certify", "www0.example.test")
	o.awaitMail("that one is well again", func() bool { return strings.Contains(o.mailbox(), "www0_example_test: recovered") })
	messages := o.mail.Messages()
	if len(messages) != 2 || !strings.Contains(o.body(messages[0]), "… and 100 more.") || len(messages[0].Text) > 200<<10 {
		t.Errorf("got %d mails, the first one of %d bytes; want one of the failures, cut, and one of the end", len(messages), len(messages[0].Text))
	}
	if subject := o.header(messages[0]).Get("Subject"); !strings.Contains(subject, failed) {
		t.Errorf("subject: got %q, want %q", subject, failed)
	}
}

// TestReportOfNobody is M11 as far as verbs go: when the overseer is dead, they say
// what is on disk, and the next overseer tells of the kill.
func TestReportOfNobody(t *testing.T) {
	t.Parallel()
	o := newOffice(t, officeOptions{})
	o.start()
	o.run("certify", "www.example.test")
	o.awaitTold(reportID, acmecore.EventRenewed, 1)
	o.awaitDelivered() // a kill before would repeat the message
	alive := o.run("list")
	if err := syscall.Kill(o.overseer.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	o.ended()
	if dead := o.run("list"); dead != alive {
		t.Errorf("list: got\n%s\nwant\n%s", dead, alive)
	}
	o.clock.Set(o.clock.Now().Add(70 * day))
	if output, status := o.try("manage", "--dry-run"); status != 0 || !strings.Contains(output, string(reportID)) {
		t.Errorf("manage --dry-run: got exit status %d and %q, want what is overdue", status, output)
	}
	if output := o.run("list"); !strings.Contains(output, " now ") {
		t.Errorf("list: got\n%s\nwant that it is overdue", output)
	}
	o.run("check", "mail")
	o.run("check", "ca")
	o.start()
	o.awaitMail("the crash", func() bool { return strings.Contains(o.mailbox(), "overseer: started after a crash") })
	o.awaitTold(reportID, acmecore.EventRenewed, 2)
}
