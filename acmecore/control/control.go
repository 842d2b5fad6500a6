// Package control is the boundary between the script or the command line and
// the overseer: HTTP and JSON over a Unix socket.
//
// Names cross it, never commands or paths. Serve answers Operations to the
// callers that the kernel's peer credentials allow; Client asks for the same
// Operations from the other end, so that a verb is the same code with an
// overseer and without one.
package control

import (
	"context"
	"time"

	"wcme/acmecore"
)

// Operations are what can be asked of the overseer. Errors are *acmecore.Error,
// and cross the socket as such.
type Operations interface {
	// List returns all managed certificates, ordered by ID.
	List(ctx context.Context) ([]acmecore.Certificate, error)
	// Certify records the certificate and obtains it now.
	Certify(ctx context.Context, request CertifyRequest, progress acmecore.Progress) (acmecore.Certificate, error)
	// Register makes and registers an account key, or shows the account there is.
	Register(ctx context.Context, request RegisterRequest, progress acmecore.Progress) (acmecore.Account, error)
	// AccountAtCA does something to the account at a CA (RFC 8555 section 7.3), and returns it
	// as it is then.
	AccountAtCA(ctx context.Context, request AccountAtCARequest, progress acmecore.Progress) (acmecore.Account, error)
	// CheckCA reads the directory of a CA; "" is the configured one.
	CheckCA(ctx context.Context, ca string) (acmecore.Authority, error)
	// CheckChallenge asks for a challenge of each name as a CA would, and returns how
	// far each got, in the order of the request.
	CheckChallenge(ctx context.Context, request ChallengeRequest, progress acmecore.Progress) ([]acmecore.Reach, error)
	// CheckDNS writes a record of no consequence for each name, where those of dns-01 are
	// written, looks for it at all name servers, and removes it. What it saw is in the
	// order of the request.
	CheckDNS(ctx context.Context, request DNSRequest, progress acmecore.Progress) ([]acmecore.Trace, error)
	// Manage makes one pass of the daily work, and returns its record.
	Manage(ctx context.Context, request ManageRequest, progress acmecore.Progress) (acmecore.Run, error)
	// Restore makes an earlier version of a certificate the current one, and brings it
	// into service.
	Restore(ctx context.Context, request RestoreRequest, progress acmecore.Progress) (acmecore.Certificate, error)
	// CheckServed compares what was issued, what is on disk and what visitors see, of
	// the certificates or of all.
	CheckServed(ctx context.Context, ids []acmecore.ID, progress acmecore.Progress) ([]acmecore.Presence, error)
	// CheckLoad runs the load action of that name, or all of them, as after a renewal
	// of every certificate.
	CheckLoad(ctx context.Context, action string, progress acmecore.Progress) ([]acmecore.LoadResult, error)
	// CheckReport sends a report of no consequence one way, and tells in steps what
	// happened.
	CheckReport(ctx context.Context, way ReportWay, progress acmecore.Progress) error
	// Revoke has the CA revoke the current version of a certificate (RFC 8555 section
	// 7.6), and returns the certificate as it is then.
	Revoke(ctx context.Context, request RevokeRequest, progress acmecore.Progress) (acmecore.Certificate, error)
	// Remove stops managing a certificate: its record is put aside, its files stay.
	Remove(ctx context.Context, request RemoveRequest, progress acmecore.Progress) error
	// Rehearse says what would happen, were the certificate ordered now, and orders
	// nothing.
	Rehearse(ctx context.Context, request CertifyRequest, progress acmecore.Progress) (acmecore.Rehearsal, error)
	// Alive tells whether there is anything that could answer: it takes no time,
	// however much is managed.
	Alive(ctx context.Context) error
}

// ManageRequest says what one pass is to do.
type ManageRequest struct {
	DryRun bool          `json:"dry_run,omitempty"` // only say what would be done
	Force  []acmecore.ID `json:"force,omitempty"`   // obtained although they are not due
	Now    bool          `json:"now,omitempty"`     // what failed a short while ago is tried again
}

// RestoreRequest says which version is wanted.
type RestoreRequest struct {
	ID      acmecore.ID `json:"id"`
	Version string      `json:"version,omitempty"` // "" is the one before the current one
}

// ReportWay is a way that reports go.
type ReportWay string

// The ways.
const (
	ByMail    ReportWay = "mail"
	ByOpcom   ReportWay = "opcom"
	ByWebhook ReportWay = "webhook"
)

// ChallengeRequest says whose challenges are checked, and by which ways. The script
// may ask for managed names only, and name no ways.
type ChallengeRequest struct {
	Names []acmecore.Name `json:"names,omitempty"` // at most acmecore.MaxNames; none means all that are managed
	DNS   string          `json:"dns,omitempty"`   // HOST:PORT of a name server; "" is the system's
	Port  int             `json:"port,omitempty"`  // asked in place of 80; 0 is 80
}

// DNSRequest says for which names records are written.
type DNSRequest struct {
	Names []acmecore.Name `json:"names"` // 1 to acmecore.MaxNames
}

// CertifyRequest says which certificate is wanted. What it leaves open stays as
// the certificate's record has it, and is as configured where there is no record.
type CertifyRequest struct {
	Names      []acmecore.Name    `json:"names"`                 // 1 to acmecore.MaxNames; the first one names the certificate
	CA         string             `json:"ca,omitempty"`          // presets, configured names or directory URLs, separated by commas; "" leaves it open
	Keys       []acmecore.KeyType `json:"keys,omitempty"`        // none leaves it open
	Profile    string             `json:"profile,omitempty"`     // the CA's; "" leaves it open
	Force      bool               `json:"force,omitempty"`       // obtain it although the one there is serves well
	Install    []string           `json:"install"`               // targets by name; nil leaves them open, and empty is none
	Load       []string           `json:"load"`                  // load actions by name; likewise
	Challenge  []acmecore.Method  `json:"challenge,omitempty"`   // none leaves it open
	Chain      string             `json:"chain,omitempty"`       // an issuer by its name or fingerprint; "" leaves it open
	Validity   time.Duration      `json:"validity,omitempty"`    // 0 leaves it open
	ReuseKey   *bool              `json:"reuse_key,omitempty"`   // nil leaves it open
	MustStaple *bool              `json:"must_staple,omitempty"` // likewise
	// CSR is a certificate signing request that was made elsewhere, PEM or DER. The
	// names are its own; Names may be empty.
	CSR []byte `json:"csr,omitempty"`
	// PrivateKey is the key that the certificate shall have, PEM. Of the command line alone.
	PrivateKey []byte `json:"private_key,omitempty"`
	// DryRun orders at the CA's test side, and keeps nothing; with Local, nobody is asked
	// but this host itself. Of Rehearse alone.
	DryRun bool `json:"dry_run,omitempty"`
	Local  bool `json:"local,omitempty"`
	// Without are names to go on without, of those that the certificate has.
	Without []acmecore.Name `json:"without,omitempty"`
}

// RegisterRequest says which account is wanted.
type RegisterRequest struct {
	CA      string   `json:"ca,omitempty"`      // likewise; "" is the configured one
	Contact []string `json:"contact,omitempty"` // mail addresses; none means those of the configuration
	Terms   string   `json:"terms,omitempty"`   // URL of the terms of service that the user agreed to
	New     bool     `json:"new,omitempty"`     // make another account where there is one
	// The external account binding, where it is not configured (RFC 8555 section 7.3.4).
	// Of the command line alone, and not kept.
	EABKeyID     string `json:"eab_kid,omitempty"`
	EABKey       []byte `json:"eab_key,omitempty"`       // the HMAC key
	EABAlgorithm string `json:"eab_algorithm,omitempty"` // "" is HS256
}

// AccountAtCADeed is what can be done to an account at a CA.
type AccountAtCADeed string

// The deeds.
const (
	AccountShow       AccountAtCADeed = "show"
	AccountUpdate     AccountAtCADeed = "update"
	AccountRollOver   AccountAtCADeed = "rollover"
	AccountDeactivate AccountAtCADeed = "deactivate"
)

// AccountAtCARequest says what is to be done to which account.
type AccountAtCARequest struct {
	Deed    AccountAtCADeed `json:"deed"`
	CA      string          `json:"ca,omitempty"`    // preset, configured name or directory URL; "" is the configured one
	Contact []string        `json:"contact"`         // of an update: mail addresses; nil leaves them, and empty is none
	Terms   string          `json:"terms,omitempty"` // of an update: URL of the terms of service that the user agreed to
}

// RevokeRequest says what is to be revoked, and why.
type RevokeRequest struct {
	ID      acmecore.ID `json:"id"`
	Version string      `json:"version,omitempty"` // "" is the current one
	Reason  int         `json:"reason,omitempty"`  // RFC 5280 section 5.3.1: 0 unspecified, 1 key compromise, 4 superseded, 5 cessation of operation
	ByKey   bool        `json:"by_key,omitempty"`  // signed by the certificate's own key, whatever account ordered it
	// Certificate is one that need not be managed, PEM or DER, in place of the ID: with
	// its PrivateKey, PEM, or by the account at the CA. Of the command line alone.
	Certificate []byte `json:"certificate,omitempty"`
	PrivateKey  []byte `json:"private_key,omitempty"`
	CA          string `json:"ca,omitempty"` // that has issued the Certificate; "" is the configured one
}

// RemoveRequest says which certificate is not to be managed any more.
type RemoveRequest struct {
	ID acmecore.ID `json:"id"`
}
