package control

import (
	"context"

	"wcme/acmecore"
)

// Administration is what the pages show and begin. Operations are for those who wait
// for the end of what they ask for; a page waits for nothing.
type Administration interface {
	// Overview returns a page of the list of certificates, and how all of them stand.
	Overview(ctx context.Context, query acmecore.Query) (acmecore.Overview, error)
	// Details returns everything that is known of one certificate.
	Details(ctx context.Context, id acmecore.ID) (acmecore.Details, error)
	// Choices returns what a certificate can be ordered with.
	Choices(ctx context.Context) (acmecore.Choices, error)
	// Begin begins a task and returns at once. The same key begins the same task no
	// second time, and returns the job that it began.
	Begin(ctx context.Context, task Task, key string) (acmecore.Job, error)
	// Job returns a job with its steps from the one with the number after, from 0, on:
	// an error of kind NotFound when it is not known, also because the overseer was
	// started again since.
	Job(ctx context.Context, id string, after int) (acmecore.Job, error)
	// Runs lists the records of runs.
	Runs(ctx context.Context, query acmecore.RunQuery) (acmecore.RunList, error)
	// Run returns the record of a run.
	Run(ctx context.Context, id string) (acmecore.Run, error)
	// Log reads the overseer's log.
	Log(ctx context.Context, query acmecore.LogQuery) (acmecore.LogPage, error)
	// Audit reads the audit trail, and verifies it.
	Audit(ctx context.Context, query acmecore.AuditQuery) (acmecore.AuditPage, error)
	// Status says how the overseer is. The configuration is in it for an admin only.
	Status(ctx context.Context, configuration bool) (acmecore.Status, error)
	// Metrics are the same as a monitoring system reads them: the Prometheus text
	// format, version 0.0.4.
	Metrics(ctx context.Context) (string, error)
}

// Access says who may see and do what on the pages.
type Access interface {
	// Admit says whom a claim is taken for. What is refused is no error.
	Admit(ctx context.Context, claim acmecore.Claim) (acmecore.Admission, error)
	// Spend checks the token of the form that was sent, and returns a key that is the
	// same for the same form.
	Spend(ctx context.Context, claim acmecore.Claim, admission acmecore.Admission) (key string, err error)
	// Account serves wCME's own log-in, whose rights it checks itself.
	Account(ctx context.Context, claim acmecore.Claim, request acmecore.AccountRequest) (acmecore.AccountAnswer, error)
}

// Deed is a kind of task.
type Deed string

// The deeds.
const (
	DeedCertify        Deed = "certify"
	DeedRehearse       Deed = "rehearse"
	DeedRenew          Deed = "renew"
	DeedLoad           Deed = "run the load" // of one certificate: its load actions
	DeedVerify         Deed = "verify"
	DeedRestore        Deed = "restore"
	DeedRevoke         Deed = "revoke"
	DeedRemove         Deed = "stop managing"
	DeedManage         Deed = "manage" // a pass of the daily work
	DeedCheckCA        Deed = "check ca"
	DeedCheckLoad      Deed = "check load"
	DeedCheckMail      Deed = "check mail"
	DeedCheckOpcom     Deed = "check opcom"
	DeedCheckWebhook   Deed = "check webhook"
	DeedCheckChallenge Deed = "check challenge"
	DeedCheckServed    Deed = "check served"
)

// Role is the least role that may do it; "" for what is no deed.
func (d Deed) Role() acmecore.Role {
	switch d {
	case DeedCertify, DeedRehearse, DeedRestore, DeedRevoke, DeedRemove:
		return acmecore.RoleAdmin
	case DeedRenew, DeedLoad, DeedVerify, DeedManage, DeedCheckCA, DeedCheckLoad, DeedCheckMail, DeedCheckOpcom, DeedCheckWebhook,
		DeedCheckChallenge, DeedCheckServed:
		return acmecore.RoleOperate
	}
	return ""
}

// Task is a deed, and what it is to be done to: names, never commands or paths.
type Task struct {
	Deed    Deed            `json:"deed"`
	ID      acmecore.ID     `json:"id,omitempty"`      // of all but certify, rehearse, manage and the checks of no certificate
	Version string          `json:"version,omitempty"` // of restore and revoke
	Reason  int             `json:"reason,omitempty"`  // of revoke
	Certify *CertifyRequest `json:"certify,omitempty"` // of certify and rehearse; its CA is the name of a configured one, or a preset
	CA      string          `json:"ca,omitempty"`      // of check ca: likewise; "" is the configured one
	Action  string          `json:"action,omitempty"`  // of check load: the name of one; "" is all
}
