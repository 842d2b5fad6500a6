package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/durable"
)

// Audit appends an entry to log/audit.log, and sets its time where it has none. It
// is on disk when this returns. Several at once, of several processes, wait for each
// other.
func (r *Root) Audit(entry audit.Entry) error {
	if entry.At.IsZero() {
		entry.At = time.Now()
	}
	file, err := r.openAudit()
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	head, err := r.appendAudit(file, entry)
	if err == nil {
		err = r.putAuditHead(head)
	}
	if err := errors.Join(err, file.Close()); err != nil { // which gives the lock back
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

func brokenAudit(path string, err error) error {
	if err == nil {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Internal, Op: "verify", Subject: path, Cause: err,
		Hint: "somebody or a broken disk has changed it: compare it with a backup; what stands before that line is as it was written"}
}

// openAudit opens the log with its lock held. What is no file is set aside.
func (r *Root) openAudit() (*os.File, error) {
	path := r.auditLog()
	before, statErr := os.Lstat(path)
	file, err := openRegular(path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if errors.Is(err, ErrDamaged) && statErr == nil {
		if _, err := setAside(path, before, time.Now()); err != nil {
			return nil, err
		}
		file, err = openRegular(path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	}
	if err != nil {
		return nil, err
	}
	if err := lockFile(file, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// lockFile waits for the kernel's lock on a file, which ends with the descriptor.
func lockFile(file *os.File, how int) error {
	for {
		if err := syscall.Flock(int(file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// appendAudit writes the entry after the last one by one write, and nothing when it
// cannot be written whole. A line that a kill has left unfinished is ended first.
func (r *Root) appendAudit(file *os.File, entry audit.Entry) (head audit.Head, err error) {
	end, size, err := readEnd(file, 2*audit.MaxLine)
	if err != nil {
		return head, err
	}
	line, head, err := audit.Append(r.lastAudit(end), entry)
	if err != nil {
		return head, err
	}
	if len(end) > 0 && end[len(end)-1] != '\n' {
		line = append([]byte("\n"), line...)
	}
	if _, err = file.Write(line); err != nil {
		return head, errors.Join(err, file.Truncate(size))
	}
	if err = file.Sync(); err == nil && size == 0 {
		err = durable.Sync(r.path("log"))
	}
	return head, err
}

// lastAudit is what the next entry follows: the last one that is known, so that what
// was taken away from the log is missed in it for ever.
func (r *Root) lastAudit(end []byte) audit.Head {
	tail := audit.Tail(end)
	head, err := r.auditHead()
	if err != nil || tail.Number > head.Number {
		return tail
	}
	return head
}

// readEnd reads the end of a file, and tells its size.
func readEnd(file *os.File, most int64) (end []byte, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	from := max(0, info.Size()-most)
	end, err = io.ReadAll(io.NewSectionReader(file, from, info.Size()-from))
	return end, info.Size(), err
}

// auditHead returns the head of the log as it was written last; the zero Head when it
// was never written.
func (r *Root) auditHead() (head audit.Head, err error) {
	path := r.path("priv", "audit-head")
	err = readOwn(path, maxRecord, func(text []byte) error {
		return damaged(path, json.Unmarshal(text, &head))
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return head, err
}

func (r *Root) putAuditHead(head audit.Head) error {
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	return durable.WriteFile(r.path("priv", "audit-head"), append(text, '\n'), 0o600)
}

func (r *Root) auditLog() string { return r.path("log", "audit.log") }
