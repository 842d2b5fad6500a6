package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// readRegular reads a file of at most limit bytes, no link and nothing but a file.
func readRegular(path string, limit int64) ([]byte, error) {
	text, _, err := readWhole(path, syscall.O_NOFOLLOW, limit)
	return text, err
}

// readFollowed is readRegular for files of administrators, who may put a link there.
func readFollowed(path string, limit int64) ([]byte, error) {
	text, _, err := readWhole(path, 0, limit)
	return text, err
}

// readWhole reads a file that is one, and returns its permissions too, with the bits
// that the system has beside them. It makes four system calls, where package os makes
// seven, as for files that a poller could watch: a pass over thousands of certificates
// does little else.
func readWhole(path string, flags int, limit int64) (text []byte, mode fs.FileMode, err error) {
	fd, err := again(func() (int, error) {
		return syscall.Open(path, flags|syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, 0, unopened(&fs.PathError{Op: "open", Path: path, Err: err})
	}
	defer syscall.Close(fd)
	var info syscall.Stat_t
	if _, err := again(func() (int, error) { return 0, syscall.Fstat(fd, &info) }); err != nil {
		return nil, 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if info.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil, 0, noFile(path)
	}
	if info.Size > limit {
		return nil, 0, tooLong(path, limit)
	}
	text, err = readTo(fd, info.Size, limit)
	switch {
	case err != nil:
		return nil, 0, &fs.PathError{Op: "read", Path: path, Err: err}
	case int64(len(text)) > limit:
		return nil, 0, tooLong(path, limit)
	}
	return text, fs.FileMode(info.Mode & 0o7777), nil
}

// readTo reads a file to the size that it had; one of no size, which those of /proc have,
// to its end, but not much beyond the limit.
func readTo(fd int, size, limit int64) ([]byte, error) {
	text := make([]byte, 0, max(size, 1))
	for size == 0 && int64(len(text)) <= limit || int64(len(text)) < size {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := again(func() (int, error) { return syscall.Read(fd, text[len(text):cap(text)]) })
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		text = text[:len(text)+n]
	}
	return text, nil
}

// again repeats a system call that a signal has interrupted.
func again(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

func noFile(path string) error {
	return fmt.Errorf("open %s: %w: it is no file", path, ErrDamaged)
}

// unopened tells what is no file from what cannot be opened.
func unopened(err error) error {
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EISDIR) { // a link; a socket, a FIFO; a directory
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}
