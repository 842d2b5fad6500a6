package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// maxLogFiles is how many files of the overseer's log are looked for: whoever rotates
// it otherwise may keep more than package logging does.
const maxLogFiles = 30

// LogFile is one file of the overseer's log, open for reading. It stays the same file
// when it is moved.
type LogFile struct {
	*os.File
	Label string      // "overseer.log", "overseer.log.1"
	Info  fs.FileInfo // when it was opened
}

// Identity is the number of the file in its file system. It is given to another file
// when this one has been removed.
func (f LogFile) Identity() uint64 { return f.Info.Sys().(*syscall.Stat_t).Ino }

// LogFiles opens the files of the overseer's log, the newest first; none when there is
// no log. Whoever calls it closes each of them.
//
// The log may be rotated meanwhile: looked at from the newest one on, a file may be met
// twice, and is returned once, but none is missed.
func (r *Root) LogFiles() (files []LogFile, err error) {
	for number := range maxLogFiles + 1 {
		file, err := r.openLog(number)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDamaged) {
			continue
		}
		if err != nil {
			CloseLogFiles(files)
			return nil, fmt.Errorf("read log: %w", err)
		}
		if len(files) > 0 && os.SameFile(files[len(files)-1].Info, file.Info) {
			file.Close()
			continue
		}
		files = append(files, file)
	}
	return files, nil
}

// CloseLogFiles closes what LogFiles has opened.
func CloseLogFiles(files []LogFile) {
	for _, file := range files {
		file.Close()
	}
}

func (r *Root) openLog(number int) (file LogFile, err error) {
	file.Label = "overseer.log"
	if number > 0 {
		file.Label = fmt.Sprintf("overseer.log.%d", number)
	}
	if file.File, err = openRegular(r.path("log", file.Label), os.O_RDONLY); err != nil {
		return file, err
	}
	if file.Info, err = file.Stat(); err != nil {
		return file, errors.Join(err, file.Close())
	}
	return file, nil
}

// RunChanged returns how long the record of a run is, in bytes, and when it was written
// last: an error of fs.ErrNotExist when there is none.
func (r *Root) RunChanged(id string) (size int64, at time.Time, err error) {
	if _, err := ParseRunID(id); err != nil {
		return 0, at, err
	}
	info, err := os.Lstat(r.run(id))
	if err != nil {
		return 0, at, err
	}
	return info.Size(), info.ModTime(), nil
}
