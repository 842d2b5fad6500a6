package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// AuditLog opens the audit log for reading, and returns how long it is: a length at
// which no line is cut, whoever writes it now. The file is nil when there is no log.
// Whoever calls it closes the file.
func (r *Root) AuditLog() (file *os.File, size int64, err error) {
	file, err = openRegular(r.auditLog(), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read audit log: %w", err)
	}
	if size, err = sizeBetweenWrites(file); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("read audit log: %w", err), file.Close())
	}
	return file, size, nil
}

// sizeBetweenWrites is the length of the audit log while nobody writes it.
func sizeBetweenWrites(file *os.File) (int64, error) {
	if err := lockFile(file, syscall.LOCK_SH); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err := errors.Join(err, syscall.Flock(int(file.Fd()), syscall.LOCK_UN)); err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// AuditState changes when what VerifyAudit looks at does, as far as sizes, times and
// places of files tell: those who can write the files can set their times, too.
type AuditState struct{ Log, Head FileState }

// FileState is what is known of a file without reading it; zero where there is none.
type FileState struct {
	Inode   uint64
	Bytes   int64
	Written time.Time
}

// AuditState looks at the files of the audit trail.
func (r *Root) AuditState() (state AuditState, err error) {
	log, logErr := fileState(r.auditLog())
	head, headErr := fileState(r.path("priv", "audit-head"))
	return AuditState{Log: log, Head: head}, errors.Join(logErr, headErr)
}

func fileState(path string) (FileState, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return FileState{}, nil
	}
	if err != nil {
		return FileState{}, err
	}
	return FileState{Inode: info.Sys().(*syscall.Stat_t).Ino, Bytes: info.Size(), Written: info.ModTime()}, nil
}
