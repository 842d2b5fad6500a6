package renewal_test

import (
	"context"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// told counts the times that the administrator was told something of a certificate;
// "" is any of them. A message may tell of several.
func (s *site) told(id acmecore.ID, kind acmecore.EventKind) (times int) {
	s.Helper()
	for _, text := range s.texts() {
		for line := range strings.Lines(text) {
			subject, what, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if found && (id == "" && !strings.HasPrefix(line, " ") || subject == string(id)) && what == said(kind) {
				times++
			}
		}
	}
	return times
}

// said is the word of a report for a kind of event.
func said(kind acmecore.EventKind) string {
	if kind == acmecore.EventExpiring {
		return "expires soon"
	}
	return string(kind)
}

// texts are the bodies of the messages, as a reader sees them.
func (s *site) texts() (texts []string) {
	s.Helper()
	for _, message := range s.mail.Messages() {
		texts = append(texts, s.body(message))
	}
	return texts
}

func (s *site) body(message lab.MailMessage) string {
	s.Helper()
	parsed, err := mail.ReadMessage(strings.NewReader(message.Text))
	if err != nil {
		s.Fatal(err)
	}
	body := parsed.Body
	if parsed.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		s.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// awaitTold returns when the administrator was told something so often, and fails
// when it was oftener.
func (s *site) awaitTold(id acmecore.ID, kind acmecore.EventKind, times int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	for {
		arrived := s.mail.Arrived()
		got := s.told(id, kind)
		if got > times {
			s.Errorf("mails that say %s of %s: got %d, want %d", kind, id, got, times)
		}
		if got >= times {
			return
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			s.Fatalf("mails that say %s of %s: got %d, want %d; there are:\n%s", kind, id, got, times, strings.Join(s.texts(), "\n"))
		}
	}
}
