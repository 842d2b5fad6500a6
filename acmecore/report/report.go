// Package report tells the administrator what happened: by mail, to the operator
// console as the VMS original calls it (syslog, or the journal where there is
// one), and to webhooks and chat services.
//
// New makes a Reporter. Tell takes events as they come. What was told before is
// not told again: a trouble (kind, subject and cause) is told once, again after
// each day that it goes on, and its end once, if its beginning was told. What is to
// be sent is in the Spool, durable, when Tell returns; the operator console gets
// its lines at once, and what it does not take is lost. Run, or Deliver time and
// again, sends what is in the spool: to each recipient and each webhook on its own,
// so that the outage of one repeats nothing at another. What fails is tried again
// after 1, 5 and 15 minutes and then each hour, what the other side refuses for
// good twice a day, and what could not be delivered for a week is dropped, with a
// line in the log.
//
// A kill may repeat a message, and never loses one. The repetition has the same
// Message-ID, and the same "id" in what a webhook gets, so that it can be told from
// news.
//
// Every text is taken for hostile: control characters reach neither a header nor a
// log nor a chat, and one event is one line on the operator console. What was not
// handed in never comes out: there is no key here, and a password or the address of
// a webhook is in no message, no error and no log.
//
// TestMail, TestOpcom and TestWebhooks send a test at once, past the spool, and say
// step by step what came of it.
package report

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
)

// Settings say whom to tell what.
type Settings struct {
	Host string // this host's name, as messages call it
	Mail Mail
	// Opcom are syslog facilities ("daemon", "local0", …): each gets a line for each
	// event. One that is "none" disables all.
	Opcom []string
	// Webhooks are URLs, and secrets. http and https get JSON by POST; the other
	// schemes are those of github.com/nicholas-fedor/shoutrrr: slack, discord,
	// telegram, ntfy, matrix, …
	Webhooks []string
	// On are the kinds of events that are told; none means all.
	On []acmecore.EventKind

	Syslog  string // path of the system log's socket; "" is /dev/log
	Journal string // path of the journal's socket, taken where it answers; "" is /run/systemd/journal/socket
}

// Mail says how mail is sent, and to whom. Without To there is none.
type Mail struct {
	// To are addresses. A local name ("root") goes to the local sendmail as it is,
	// and by SMTP to that name at Host.
	To     []string
	From   string // also of the envelope; "" is wcme@HOST
	Server string // HOST or HOST:PORT, by SMTP; "" is the local sendmail
	// TLS is "starttls" (the default, port 587), "tls" (port 465) or "none" (port 25).
	// The first two send nothing but the greeting over a connection that is not
	// encrypted and verified.
	TLS      string
	User     string                 // "" signs in nowhere
	Password func() (string, error) // called for each connection; may be nil without a User
	Roots    *x509.CertPool         // the server's certificate is verified with; nil is the system's
	Sendmail string                 // path; "" is /usr/sbin/sendmail
}

// Spool keeps messages until they are delivered, and what was told when.
type Spool interface {
	// Put keeps a message, durable when it returns, and replaces the one of that
	// name. A name matches [0-9A-Za-z-]{1,80}.
	Put(name string, message []byte) error
	// List returns the names, the oldest first: names sort by time.
	List() (names []string, err error)
	Get(name string) ([]byte, error)
	Remove(name string) error
	// Told returns what SetTold was last given, nil when there is none.
	Told() ([]byte, error)
	// SetTold is durable when it returns.
	SetTold([]byte) error
}

// Reporter tells events. Its methods may be called at the same time.
type Reporter struct {
	spool Spool
	log   *slog.Logger
	wake  chan struct{}

	mu       sync.Mutex // of what follows
	settings Settings
	memory   *memory              // nil until it was read
	said     map[string]time.Time // on the operator console, of what no spool took
	silent   bool                 // the operator console did not take the last lines
	eager    bool                 // new settings: what waits is tried at once
	hanging  map[string]time.Time // chat services that have not answered, since when

	delivering sync.Mutex           // held by Deliver, and of what follows
	waiting    map[string]*delivery // how each message in the spool stands, by name
	failures   map[recipient]int    // of each way, in a row

	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	client *http.Client // of webhooks
	// hookTime is how long a webhook may take, and opcomTime the operator console.
	hookTime, opcomTime time.Duration
}

// New returns a Reporter. What it cannot do is said in the log.
func New(s Settings, spool Spool, log *slog.Logger) *Reporter {
	r := &Reporter{
		spool: spool, log: log, wake: make(chan struct{}, 1), settings: s,
		said: map[string]time.Time{}, hanging: map[string]time.Time{},
		waiting: map[string]*delivery{}, failures: map[recipient]int{},
		dial: (&net.Dialer{Timeout: dialTime}).DialContext, hookTime: hookTime, opcomTime: opcomTime,
	}
	r.client = &http.Client{CheckRedirect: stayAtHost, Transport: transport()}
	return r
}

// Configure replaces the settings. What waits in the spool is tried at once: it may
// be for this that they were changed.
func (r *Reporter) Configure(s Settings) {
	r.mu.Lock()
	r.settings = s
	r.mu.Unlock()
	r.tryAll()
}

// Wake makes Run try what is due now.
func (r *Reporter) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake already
	}
}

// current returns the settings as they are now.
func (r *Reporter) current() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings
}

// host is this host's name, inert and never empty.
func (s Settings) host() string {
	if host := acmecore.Inert(s.Host); host != "" {
		return host
	}
	return "localhost"
}

// tells tells whether events of the kind are told.
func (s Settings) tells(kind acmecore.EventKind) bool {
	return len(s.On) == 0 || slices.Contains(s.On, kind)
}
