package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// maxRecord is how long a record may be, in bytes.
const maxRecord = 1 << 20

// ErrDamaged says that what stands in the place of a file is none that wCME could have
// written. If only wCME writes that file, it has been set aside, under its name with
// ".bad-" and the time appended, and counts as missing.
var ErrDamaged = errors.New("is damaged")

// ErrNewer says that a file was written by a newer wCME, whose it stays.
var ErrNewer = errors.New("was written by a newer wCME")

// openRegular opens a file that is one. Anything else is an ErrDamaged, and never
// waited for: opening a FIFO would otherwise take until somebody writes to it, and
// reading a device may never end. A link is none either.
func openRegular(path string, flags int) (*os.File, error) {
	file, err := os.OpenFile(path, flags|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0o640)
	return regular(path, file, err)
}

// openFollowed is openRegular for files of administrators, who may put a link there.
func openFollowed(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	return regular(path, file, err)
}

func regular(path string, file *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, unopened(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = noFile(path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// readAll reads no more of a file than is allowed, whatever its size is.
func readAll(file *os.File, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, tooLong(file.Name(), limit)
	}
	return text, err
}

func tooLong(path string, limit int64) error {
	return fmt.Errorf("read %s: %w: it is longer than %d bytes", path, ErrDamaged, limit)
}

// readOwn reads a file that wCME alone writes, and gives it to parse, which says
// whether it can be used. A damaged one, an empty one among them, is set aside, and
// its error is an ErrDamaged. A missing one is fs.ErrNotExist.
func readOwn(path string, limit int64, parse func([]byte) error) error {
	before, err := os.Lstat(path)
	if err != nil {
		return err
	}
	text, err := readRegular(path, limit)
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("read %s: %w: it is empty", path, ErrDamaged)
	}
	if err == nil {
		err = parse(text)
	}
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	aside, moveErr := setAside(path, before, time.Now())
	if moveErr != nil {
		return &acmecore.Error{Kind: acmecore.Internal, Op: "use", Subject: path, Cause: errors.Join(err, moveErr),
			Hint: "move it away by hand; wCME goes on without it"}
	}
	return &acmecore.Error{Kind: acmecore.Internal, Op: "use", Subject: path, Cause: err,
		Hint: fmt.Sprintf("it is kept as %s, and wCME goes on without it; is the disk well?", aside)}
}

// readOpaque is readOwn of a file whose content is not the store's to judge; nil
// when there is none.
func readOpaque(path string, limit int64) (content []byte, err error) {
	err = readOwn(path, limit, func(text []byte) error {
		content = text
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// setAside moves a damaged file out of the way, unless another stands there by now.
func setAside(path string, damaged fs.FileInfo, now time.Time) (aside string, err error) {
	info, err := os.Lstat(path)
	if err != nil || !os.SameFile(info, damaged) {
		return "", err
	}
	aside = path + ".bad-" + now.UTC().Format("20060102T150405.000000000")
	return aside, durable.Rename(path, aside)
}

// damaged makes an error of encoding/json an ErrDamaged. What is wrong is told
// without the text: it may be of another file, one with a key.
func damaged(path string, err error) error {
	if err == nil {
		return nil
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("read %s: %w: no JSON at byte %d", path, ErrDamaged, syntax.Offset)
	}
	return fmt.Errorf("read %s: %w: it is other JSON", path, ErrDamaged)
}

// writeOpaque writes a file of at most limit bytes in a directory of its own below
// the state directory, which is made when it is missing: state directories of
// earlier versions do not have it.
func (r *Root) writeOpaque(path string, content []byte, limit int, mode fs.FileMode) error {
	switch {
	case len(content) == 0:
		return fmt.Errorf("write %s: there is nothing to write", path)
	case len(content) > limit:
		return fmt.Errorf("write %s: %d bytes, where %d are allowed", path, len(content), limit)
	}
	if err := r.makeDirectories(filepath.Dir(path)); err != nil {
		return err
	}
	return durable.WriteFile(path, content, mode)
}

// makeDirectories makes a directory and those above it, as far as the parts of the
// state directory that Setup makes. In log they are open to the group, as log is.
func (r *Root) makeDirectories(dir string) error {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == r.dir {
		return err
	}
	if err := r.makeDirectories(filepath.Dir(dir)); err != nil {
		return err
	}
	if filepath.Dir(dir) != r.path("log") {
		return makeDirectory(dir)
	}
	if err := makeDirectory(dir); err != nil {
		return err
	}
	return os.Chmod(dir, 0o750)
}
