package store

import (
	"io"

	"wcme/acmecore/audit"
)

// VerifyAuditThrough is VerifyAudit of what is read through another reader.
func (r *Root) VerifyAuditThrough(through func(io.Reader) io.Reader) (audit.Summary, error) {
	_, summary, err := r.verifyAudit(AuditRead{}, through)
	return summary, err
}
