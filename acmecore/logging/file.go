package logging

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"wcme/acmecore"
)

// File is a log file for many writers: each Write is one write(2) at its end, so that
// no line is cut, and none lost to a rotation. It looks before each one whether the
// file still stands where it should, and makes a new one when somebody has moved or
// removed it; it moves it itself when it has become long. Truncating it, as
// logrotate's copytruncate does, is harmless too.
//
// A file that cannot be written, of a full disk or for any other reason, stops nobody:
// lines are lost until it can be, which is told at the beginning, and written down
// with their number at the end.
type File struct {
	path    string
	options Options

	mutex   sync.Mutex
	file    *os.File  // nil until it could be opened
	trouble bool      // the last line could not be written
	lost    int       // lines since
	unmoved time.Time // when it was last tried in vain to move it
}

// Options say how a File behaves.
type Options struct {
	Fallback io.Writer   // gets one line when lines begin to be lost; nil is nobody
	Trouble  func(error) // is told of it too, and gets nil when it is over; may be nil, and may log to the file
	MaxBytes int64       // a longer file is moved; 0 is 10 MiB
	Keep     int         // how many moved ones stay, PATH.1 the newest; 0 is 5
}

// NewFile returns the log file of the path. It is opened when there is something to
// write.
func NewFile(path string, options Options) *File {
	if options.Fallback == nil {
		options.Fallback = io.Discard
	}
	if options.Trouble == nil {
		options.Trouble = func(error) {}
	}
	if options.MaxBytes == 0 {
		options.MaxBytes = 10 << 20
	}
	if options.Keep == 0 {
		options.Keep = 5
	}
	return &File{path: path, options: options}
}

// Write appends one line, with its end, or nothing.
func (f *File) Write(line []byte) (n int, err error) {
	began, ended, err := f.write(line)
	switch {
	case began:
		problem := &acmecore.Error{Kind: acmecore.Internal, Op: "write", Subject: f.path, Cause: err, Hint: hint(err)}
		fmt.Fprintf(f.options.Fallback, "%s\n", appendAttr(append(appendStart(nil, time.Now(), slog.LevelError, "log lost"), ' '), "", slog.Any("problem", problem)))
		f.options.Trouble(problem)
	case ended:
		f.options.Trouble(nil)
	}
	if err != nil {
		return 0, err
	}
	return len(line), nil
}

// write tells whether lines begin to be lost with this one, or have ended to be. The
// callbacks are its caller's, without the lock: they may write lines of their own.
func (f *File) write(line []byte) (began, ended bool, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err = f.ready(); err == nil {
		err = appendWhole(f.file, f.withLost(line))
	}
	if err != nil {
		f.lost++
		began, f.trouble = !f.trouble, true
		return began, false, err
	}
	ended, f.trouble, f.lost = f.trouble, false, 0
	return false, ended, nil
}

// withLost puts before a line how many were lost. Both are written at once: alone, it
// could take the place that is left, again and again.
func (f *File) withLost(line []byte) []byte {
	if f.lost == 0 {
		return line
	}
	told := append(appendStart(nil, time.Now(), slog.LevelWarn, "lines lost"), ' ')
	told = append(appendAttr(told, "", slog.Int("lines", f.lost)), '\n')
	return append(told, line...)
}

// appendWhole writes lines by one write(2). What did not fit on the disk goes again,
// unless somebody else's line stands after it already.
func appendWhole(file *os.File, line []byte) error {
	before, err := file.Stat()
	if err != nil {
		return err
	}
	n, err := file.Write(line)
	if err == nil || n == 0 {
		return err
	}
	if after, statErr := file.Stat(); statErr == nil && after.Size() == before.Size()+int64(n) {
		err = errors.Join(err, file.Truncate(before.Size()))
	}
	return err
}

// Reopen opens the file anew, or makes it, as SIGHUP asks for.
func (f *File) Reopen() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.open()
}

// Close closes the file; the next Write opens it again.
func (f *File) Close() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// ready sees to it that the open file is the one at the path, and not too long. The
// old one goes on to be used where that is not possible and it still has a name.
func (f *File) ready() error {
	if f.file == nil {
		return f.open()
	}
	mine, err := f.file.Stat()
	if err != nil {
		return f.open()
	}
	there, err := os.Lstat(f.path)
	if err != nil || !os.SameFile(mine, there) {
		err := f.open()
		if err != nil && mine.Sys().(*syscall.Stat_t).Nlink > 0 {
			err = nil
		}
		return err
	}
	if mine.Size() > f.options.MaxBytes {
		f.move()
	}
	return nil
}

// open opens the file in place of the one that is open, which stays when it cannot.
func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is no file", f.path)
	case info.Size() == 0 && info.Mode() != 0o640:
		err = file.Chmod(0o640) // which the umask may have narrowed
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if f.file != nil {
		f.file.Close()
	}
	f.file = file
	return nil
}

func hint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on its file system (df, df -i); the overseer goes on without its log"
	}
	return "the overseer goes on without its log"
}
