package faults_test

import (
	"context"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// told counts how often the administrator was told something of a certificate; "" is
// any of them. A message may tell of several.
func (o *office) told(id acmecore.ID, kind acmecore.EventKind) (times int) {
	o.Helper()
	for _, message := range o.mail.Messages() {
		for line := range strings.Lines(o.body(message)) {
			subject, what, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if found && (id == "" && !strings.HasPrefix(line, " ") || subject == string(id)) && what == string(kind) {
				times++
			}
		}
	}
	return times
}

// body is the text of a message, as a reader sees it.
func (o *office) body(message lab.MailMessage) string {
	o.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(message.Text))
	if err != nil {
		o.Fatal(err)
	}
	body := parsed.Body
	if parsed.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		o.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// awaitTold returns when the administrator was told something so often, and fails
// when it was oftener.
func (o *office) awaitTold(id acmecore.ID, kind acmecore.EventKind, times int) {
	o.Helper()
	o.awaitMail(string(kind), func() bool { return o.told(id, kind) >= times })
	if got := o.told(id, kind); got != times {
		o.Errorf("mails that say %s of %q: got %d, want %d", kind, id, got, times)
	}
}

// awaitMail returns when the messages that have come are enough.
func (o *office) awaitMail(what string, enough func() bool) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), officePatience)
	defer cancel()
	for {
		arrived := o.mail.Arrived()
		if enough() {
			return
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			o.Fatalf("mail that says %s did not come; there are %d:\n%s", what, len(o.mail.Messages()), o.mailbox())
		}
	}
}

// mailbox is all that has come.
func (o *office) mailbox() string {
	var texts []string
	for _, message := range o.mail.Messages() {
		texts = append(texts, o.body(message))
	}
	return strings.Join(texts, "\n")
}
