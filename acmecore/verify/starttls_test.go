package verify_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/verify"
)

// mailServer says its greeting, answers each command that begins with a key, and
// has TLS after the one whose answer is last; then it waits for the farewell.
func mailServer(config *tls.Config, greeting string, answers map[string]string, last, farewell string, heard chan<- string) func(net.Conn) {
	return func(conn net.Conn) {
		io.WriteString(conn, greeting)
		for in := bufio.NewReader(conn); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				heard <- "left before TLS"
				return
			}
			command, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if command == "a" {
				command = strings.TrimSpace(line)
			}
			io.WriteString(conn, answers[command])
			if command == last {
				break
			}
		}
		secure := tls.Server(conn, config)
		said, err := io.ReadAll(secure)
		if err != nil || string(said) != farewell {
			heard <- strings.TrimSpace(string(said)) + ": " + "wrong farewell"
			return
		}
		heard <- "ok"
	}
}

// TestStartTLS: RFC 3207, RFC 9051 section 6.2.1 and RFC 2595 section 4, with what
// servers really say.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	served := certificate(t, 1, ecdsaKey(t))
	for _, row := range []struct {
		what, protocol, greeting string
		answers                  map[string]string
		last, farewell           string
	}{
		{"Postfix", "smtp", "220 mail.example.test ESMTP Postfix\r\n", map[string]string{
			"EHLO":     "250-mail.example.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
			"STARTTLS": "220 2.0.0 Ready to start TLS\r\n"}, "STARTTLS", "QUIT\r\n"},
		{"a greeting of several lines, starttls last and in lower case, a bare code", "smtp", "220-mail\r\n220-be patient\r\n220 ready\r\n", map[string]string{
			"EHLO": "250-mail\r\n250 starttls\r\n", "STARTTLS": "220\r\n"}, "STARTTLS", "QUIT\r\n"},
		{"bare line feeds", "smtp", "220 x\n", map[string]string{"EHLO": "250-x\n250 STARTTLS \n", "STARTTLS": "220 x\n"}, "STARTTLS", "QUIT\r\n"},
		{"Dovecot", "imap", "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n",
			map[string]string{"a STARTTLS": "a OK Begin TLS negotiation now.\r\n"}, "a STARTTLS", "b LOGOUT\r\n"},
		{"untagged answers before the tagged one", "imap", "* ok\r\n", map[string]string{"a STARTTLS": "* CAPABILITY IMAP4rev1\r\n* OK still here\r\nA ok\r\n"}, "a STARTTLS", "b LOGOUT\r\n"},
		{"one that knows the visitor and yet has TLS", "imap", "* PREAUTH hello\r\n", map[string]string{"a STARTTLS": "a OK\r\n"}, "a STARTTLS", "b LOGOUT\r\n"},
		{"Dovecot", "pop3", "+OK Dovecot (Debian) ready.\r\n", map[string]string{"STLS": "+OK Begin TLS negotiation now.\r\n"}, "STLS", "QUIT\r\n"},
	} {
		heard := make(chan string, 1)
		proof := look(t, fingerprint(served), "/"+row.protocol, mailServer(serving(served), row.greeting, row.answers, row.last, row.farewell, heard))
		if said := <-heard; proof.Answer != acmecore.Serves || proof.Protocol != row.protocol || said != "ok" {
			t.Errorf("%s, %s: got %s, %q; the server: %s", row.protocol, row.what, proof.Answer, proof.Problem, said)
		}
	}
}

// TestMailServerThatThinks greets in two parts, 6 s apart, as Postfix's postscreen does.
func TestMailServerThatThinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		served := certificate(t, 1, ecdsaKey(t))
		v := &verify.Verifier{Dial: hosts{"192.0.2.1:25": func(c net.Conn) {
			io.WriteString(c, "220-mail.example.test\r\n")
			time.Sleep(6 * time.Second)
			mailServer(serving(served), "220 mail.example.test\r\n", map[string]string{"EHLO": "250-x\r\n250 STARTTLS\r\n", "STARTTLS": "220 go\r\n"},
				"STARTTLS", "QUIT\r\n", make(chan string, 1))(c)
		}}.dial}
		if proofs := v.Look(t.Context(), places(t, "192.0.2.1:25/smtp"), fingerprint(served)); answers(proofs) != "serves" {
			t.Errorf("got %+v", proofs)
		}
	})
}

// TestStartTLSIsRefused or made impossible, by servers and by who stands between.
func TestStartTLSIsRefused(t *testing.T) {
	t.Parallel()
	const hello = "220 x\r\n250-x\r\n250 STARTTLS\r\n"
	for _, row := range []struct{ what, protocol, says, want string }{
		{"nothing", "smtp", "", "closes the connection during what comes before TLS"},
		{"it wants nobody", "smtp", "554 5.7.1 you are on a list\r\n", `answers "554 5.7.1 you are on a list" before TLS`},
		{"it closes", "smtp", "220 x\r\n421 4.3.2 not now\r\n", `answers "421 4.3.2 not now" before TLS`},
		{"no EHLO", "smtp", "220 x\r\n502 5.5.2 what?\r\n", `answers "502 5.5.2 what?" before TLS`},
		{"no STARTTLS", "smtp", "220 x\r\n250-x\r\n250 SIZE\r\n", "offers no STARTTLS"},
		{"a host called STARTTLS", "smtp", "220 x\r\n250 STARTTLS\r\n", "offers no STARTTLS"},
		{"a word that begins so", "smtp", "220 x\r\n250-x\r\n250 STARTTLSX\r\n", "offers no STARTTLS"},
		{"not now", "smtp", hello + "454 4.7.0 TLS not available\r\n", `answers "454 4.7.0 TLS not available" before TLS`},
		{"a code that changes", "smtp", "220-x\r\n221 x\r\n", `answers "221 x" before TLS`},
		{"no code", "smtp", "HTTP/1.1 400 Bad Request\r\n", `answers "HTTP/1.1 400 Bad Request" before TLS`},
		{"a code of four digits", "smtp", "2200 x\r\n", `answers "2200 x" before TLS`},
		{"a code in another script", "smtp", "٢٢٠ x\r\n", `answers "٢٢٠ x" before TLS`},
		{"a line without end", "smtp", "220 " + strings.Repeat("x", 100_000), "says more before TLS"},
		{"a line of 3 KB", "smtp", "220 " + strings.Repeat("x", 3000) + "\r\n" + hello, "says more before TLS"},
		{"a greeting without end", "smtp", strings.Repeat("220-x\r\n", 100_000), "says more before TLS"},
		{"an end within the greeting", "smtp", "220-x\r\n220-y", "closes the connection"},
		{"a command injected", "smtp", hello + "220 go\r\n250 injected\r\n", "sends more in plain text behind its answer"},
		{"one byte injected", "smtp", hello + "220 go\r\n\x16", "sends more in plain text behind its answer"},
		{"control sequences", "smtp", "554 \x1b[2J\x07\u202e\xff\x00x\r\n", `answers "554 ?[2J????x" before TLS`},
		{"BYE", "imap", "* BYE too many\r\n", `answers "* BYE too many" before TLS`},
		{"BYE instead of TLS", "imap", "* OK x\r\n* BYE too many\r\n", `answers "* BYE too many" before TLS`},
		{"NO", "imap", "* OK x\r\na NO not here\r\n", `answers "a NO not here" before TLS`},
		{"BAD, after PREAUTH", "imap", "* PREAUTH x\r\na BAD unknown\r\n", `answers "a BAD unknown" before TLS`},
		{"the tag of somebody else", "imap", "* OK x\r\nb OK\r\n", `answers "b OK" before TLS`},
		{"a word that begins with OK", "imap", "* OKAY\r\n", `answers "* OKAY" before TLS`},
		{"untagged without end", "imap", "* OK x\r\n" + strings.Repeat("* OK x\r\n", 100_000), "says more before TLS"},
		{"a response injected", "imap", "* OK x\r\na OK go\r\n* CAPABILITY x\r\n", "sends more in plain text behind its answer"},
		{"a mail server of another kind", "imap", "+OK x\r\n", `answers "+OK x" before TLS`},
		{"-ERR", "pop3", "-ERR no\r\n", `answers "-ERR no" before TLS`},
		{"-ERR instead of TLS", "pop3", "+OK\r\n-ERR no such command\r\n", `answers "-ERR no such command" before TLS`},
		{"an answer injected", "pop3", "+OK\r\n+OK\r\n+OK\r\n", "sends more in plain text behind its answer"},
		{"empty lines", "pop3", "\r\n\r\n", `answers "" before TLS`},
	} {
		_, problem, hint := verify.Open(row.protocol, row.says)
		if !strings.Contains(problem, row.want) || hint == "" || problem != acmecore.Inert(problem) {
			t.Errorf("%s, %s: got %.300q, hint %q; want %q", row.protocol, row.what, problem, hint, row.want)
		}
	}
}

// TestMailServerGoesNotThrough with what it has promised: it says yes and has no TLS.
func TestMailServerGoesNotThrough(t *testing.T) {
	t.Parallel()
	proof := look(t, "00", "/pop3", func(c net.Conn) {
		io.WriteString(c, "+OK\r\n")
		bufio.NewReader(c).ReadString('\n')
		io.WriteString(c, "+OK go\r\n")
		c.Read(make([]byte, 10_000))
		io.WriteString(c, "+OK what do you mean?\r\n")
	})
	if proof.Answer != acmecore.NoHandshake || !strings.Contains(proof.Problem, "speaks no TLS") {
		t.Errorf("got %s, %q", proof.Answer, proof.Problem)
	}
}

// FuzzStartTLS: TLS begins only after the whole conversation and where nothing is
// left over; what is said about anything else is inert and bounded.
func FuzzStartTLS(f *testing.F) {
	whole := map[string]string{"smtp": "EHLO " + verify.HostName() + "\r\nSTARTTLS\r\n", "imap": "a STARTTLS\r\n", "pop3": "STLS\r\n"}
	for _, seed := range []string{"220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n", "* OK\r\n* x\r\na OK\r\n", "+OK\r\n+OK\r\n", "220-\n220", "250", "\x00\xff\r", "* PREAUTH\na OK\n\n"} {
		for protocol := range whole {
			f.Add(protocol, seed)
		}
	}
	f.Fuzz(func(t *testing.T, protocol, says string) {
		if whole[protocol] == "" {
			return
		}
		sent, problem, hint := verify.Open(protocol, says)
		if !strings.HasPrefix(whole[protocol], sent) {
			t.Errorf("sent %q", sent)
		}
		if problem == "" {
			if sent != whole[protocol] || !strings.HasSuffix(says, "\n") && len(says) < 2<<10 || len(says) > 70_000 {
				t.Errorf("TLS begins after %q, %q sent", says, sent)
			}
			return
		}
		if hint == "" || problem != acmecore.Inert(problem) || len(problem) > 1100 {
			t.Errorf("got %q, hint %q", problem, hint)
		}
	})
}
