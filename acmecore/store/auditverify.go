package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"wcme/acmecore/audit"
)

// AuditRead is how far the audit log was verified; the zero value is its beginning.
type AuditRead struct {
	inode   uint64
	settled audit.Summary
}

// VerifyAudit reads the whole audit log, and returns an audit.Broken where it is not
// as it was written.
func (r *Root) VerifyAudit() (audit.Summary, error) {
	_, summary, err := r.VerifyAuditFrom(AuditRead{})
	return summary, err
}

// VerifyAuditFrom is VerifyAudit for what has been written since another verification,
// and returns from where the next one goes on. What that one has read is taken for
// unchanged, unless the log is another file, or shorter: then all is read again.
//
// Nobody who writes an entry waits for it, however long it takes: the log only grows,
// so that it is read up to where it ended when this began.
func (r *Root) VerifyAuditFrom(read AuditRead) (next AuditRead, summary audit.Summary, err error) {
	return r.verifyAudit(read, func(log io.Reader) io.Reader { return log })
}

// verifyAudit reads the log as through makes it, which a test can have wait.
func (r *Root) verifyAudit(read AuditRead, through func(io.Reader) io.Reader) (next AuditRead, summary audit.Summary, err error) {
	path := r.auditLog()
	file, err := openRegular(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) { // of a new state directory, or because it was taken away
		head, err := r.auditHead()
		return next, summary, brokenAudit(path, against(summary, head, err))
	}
	if err != nil {
		return next, summary, fmt.Errorf("read audit log: %w", err)
	}
	defer file.Close()
	info, head, headErr, err := r.auditBetweenWrites(file)
	if err != nil {
		return next, summary, fmt.Errorf("read audit log: %w", err)
	}
	inode := info.Sys().(*syscall.Stat_t).Ino
	if read.inode != inode || read.settled.Bytes > info.Size() {
		read = AuditRead{inode: inode}
	}
	begin := read.settled.Bytes
	next.inode = inode
	next.settled, summary, err = read.settled.Verify(through(io.NewSectionReader(file, begin, info.Size()-begin)))
	if err == nil {
		err = against(summary, head, headErr)
	}
	return next, summary, brokenAudit(path, err)
}

// auditBetweenWrites looks at the log and at what priv/audit-head says of its end, while
// nobody writes either.
func (r *Root) auditBetweenWrites(file *os.File) (info fs.FileInfo, head audit.Head, headErr, err error) {
	if err := lockFile(file, syscall.LOCK_SH); err != nil {
		return nil, head, nil, err
	}
	head, headErr = r.auditHead()
	info, err = file.Stat()
	return info, head, headErr, errors.Join(err, syscall.Flock(int(file.Fd()), syscall.LOCK_UN))
}

// against compares the end of the log with the head, or with what kept that from being
// read.
func against(summary audit.Summary, head audit.Head, err error) error {
	if err != nil || head == (audit.Head{}) && summary.Entries > 1 {
		return errors.Join(err, &audit.Broken{Line: summary.Lines, How: audit.Unrelated, Text: "priv/audit-head, which says where it ends, is gone"})
	}
	return summary.Against(head)
}
