package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// movePatience is how long after a vain try to move the file the next one is made.
const movePatience = time.Minute

// move makes PATH PATH.1, PATH.1 PATH.2, and so on, drops the oldest, and opens a
// new file. Where that fails, the file becomes longer: that is better than a lost
// line.
func (f *File) move() {
	if time.Since(f.unmoved) < movePatience {
		return
	}
	if err := f.tryMove(); err != nil {
		f.unmoved = time.Now()
	}
}

// tryMove holds the kernel's lock on the file: another process may be about to move
// it too, and would move the new one. Closing the file gives the lock back.
func (f *File) tryMove() error {
	old := f.file
	if err := syscall.Flock(int(old.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil // the other one does it
	}
	err := f.shift()
	if f.file == old {
		err = errors.Join(err, syscall.Flock(int(old.Fd()), syscall.LOCK_UN))
	}
	return err
}

// shift moves the file and those moved before, unless another process just has.
func (f *File) shift() error {
	mine, err := f.file.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(f.path); err != nil || !os.SameFile(mine, there) {
		return f.open()
	}
	for number := f.options.Keep; number > 1; number-- {
		err := os.Rename(f.moved(number-1), f.moved(number))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(f.path, f.moved(1)); err != nil {
		return err
	}
	return f.open()
}

func (f *File) moved(number int) string { return fmt.Sprintf("%s.%d", f.path, number) }
