package report

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// Where the system takes lines from whoever has some, and how long it may take to.
const (
	defaultSyslog  = "/dev/log"
	defaultJournal = "/run/systemd/journal/socket"
	opcomTime      = time.Second
	maxLine        = 960 // bytes: with what stands before it, within the 1024 of RFC 3164 section 4.1
	identifier     = "wcme"
)

// facility numbers the names of RFC 5424 table 1 as syslog.conf spells them. The
// kernel's is left out: it takes lines of the kernel alone.
func facility(name string) (number int, known bool) {
	names := []string{"", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"", "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	number = slices.Index(names, strings.ToLower(name))
	return number, number > 0 && name != ""
}

// CheckFacility tells whether Opcom may hold the name.
func CheckFacility(name string) error {
	if _, known := facility(name); known || isNone(name) {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "opcom", Subject: fmt.Sprintf("%q", acmecore.Inert(name)),
		Hint: "one of daemon, user, auth, authpriv, mail, cron, syslog, local0 to local7; \"none\" disables", Cause: errors.New("no syslog facility is called so")}
}

func isNone(name string) bool { return strings.EqualFold(name, "none") }

// facilities returns those that get lines. One that does not exist is not asked for:
// whoever reads the configuration refuses it.
func (s Settings) facilities() (numbers []int) {
	if slices.ContainsFunc(s.Opcom, isNone) {
		return nil
	}
	for _, name := range s.Opcom {
		if number, known := facility(name); known {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// severity is that of RFC 5424 table 2.
func severity(kind acmecore.EventKind) int {
	const (
		isError   = 3
		isWarning = 4
		isNotice  = 5
		isInfo    = 6
	)
	switch kind {
	case acmecore.EventRenewed:
		return isInfo
	case acmecore.EventRecovered:
		return isNotice
	case acmecore.EventFailed, acmecore.EventNotServed:
		return isError
	}
	return isWarning
}

// tellConsole writes events on the operator console: the journal where there is one,
// else the system log. That it takes no lines is logged once, until it does. r.mu is
// held.
func (r *Reporter) tellConsole(events []acmecore.Event) {
	if len(events) == 0 || len(r.settings.facilities()) == 0 {
		return
	}
	_, err := r.settings.write(events, r.opcomTime)
	if err != nil && !r.silent {
		r.log.Warn("the operator console takes no lines", "problem", acmecore.Inert(err.Error()), "hint", acmecore.HintOf(err))
	}
	if err == nil && r.silent {
		r.log.Info("the operator console takes lines again")
	}
	r.silent = err != nil
}

// write sends a line for each event and facility, and returns the name of what took
// them. It connects each time, so that a system log that was restarted is found
// again. It takes that time at most, and after a line that is not taken says no more.
func (s Settings) write(events []acmecore.Event, within time.Duration) (name string, err error) {
	console, err := s.console()
	if err != nil {
		return "", &acmecore.Error{Kind: acmecore.Unreachable, Op: "write to the system log", Cause: err,
			Hint: "is there a syslog daemon that listens at /dev/log? opcom = [\"none\"] in [report] does without"}
	}
	defer console.Close()
	if err := console.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	for _, e := range atMost(events) {
		for _, number := range s.facilities() {
			if err := console.write(number, e); err != nil {
				return "", &acmecore.Error{Kind: acmecore.Unreachable, Op: "write to " + console.name, Cause: err,
					Hint: "does its daemon still run, and is it not held up by a full disk?"}
			}
		}
	}
	return console.name, nil
}

// atMost replaces the events that are too many by one that counts them.
func atMost(events []acmecore.Event) []acmecore.Event {
	more := len(events) - maxEvents
	if more <= 0 {
		return events
	}
	count := acmecore.Event{Kind: acmecore.EventNotice, At: time.Now(), Text: fmt.Sprintf("and %d events more; `wcme list` shows how all certificates stand", more)}
	return append(slices.Clone(events[:maxEvents]), count)
}

// console is a connection to the journal or to the system log.
type console struct {
	net.Conn
	name    string // as a user would call it
	journal bool
}

// console connects. Where the journal answers, /dev/log is its too: only one of
// them gets the lines.
func (s Settings) console() (console, error) {
	journal, syslog := s.Journal, s.Syslog
	if journal == "" {
		journal = defaultJournal
	}
	if syslog == "" {
		syslog = defaultSyslog
	}
	if conn, err := net.Dial("unixgram", journal); err == nil {
		return console{conn, "the journal", true}, nil
	}
	conn, err := net.Dial("unixgram", syslog)
	return console{conn, "the system log", false}, err
}

// write sends one line to one facility.
func (c console) write(facility int, e acmecore.Event) error {
	text := cutBytes(line(e), maxLine)
	if c.journal {
		_, err := c.Write(entryOf(facility, e, text))
		return err
	}
	_, err := fmt.Fprintf(c, "<%d>%s %s[%d]: %s", facility*8+severity(e.Kind), e.At.Local().Format(time.Stamp), identifier, os.Getpid(), text)
	return err
}

// entryOf is an entry in the journal's own protocol, of which values of one line
// need no more than this (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). The package
// of go-systemd has no time limit, and no other socket than the system's.
func entryOf(facility int, e acmecore.Event, text string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%d\n",
		text, severity(e.Kind), facility, identifier, os.Getpid())
	fmt.Fprintf(&b, "WCME_EVENT=%s\nWCME_CERTIFICATE=%s\n", e.Kind, e.Subject)
	if e.Run != "" {
		fmt.Fprintf(&b, "WCME_RUN=%s\n", e.Run)
	}
	return b.Bytes()
}

// cutBytes keeps at most that many bytes of a text, and no part of a character.
func cutBytes(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return strings.ToValidUTF8(text[:size-len("…")], "") + "…"
}
