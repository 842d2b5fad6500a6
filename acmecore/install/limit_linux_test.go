package install_test

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// limit makes a child's surroundings bad.
func (c *child) limit() {
	if c.Mount != "" {
		if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			panic(err)
		}
		if err := syscall.Mount("none", c.Target.Dir, "tmpfs", 0, c.Mount); err != nil {
			panic(err)
		}
		if _, err := c.Target.Put(makePair(9)); err != nil {
			panic(err)
		}
	}
	if c.Fill {
		c.fill()
	}
	if c.ReadOnly {
		if err := syscall.Mount("none", c.Target.Dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			panic(err)
		}
	}
	if c.FileSize > 0 {
		signal.Ignore(syscall.SIGXFSZ)
		setLimit(syscall.RLIMIT_FSIZE, c.FileSize)
	}
	if c.Files > 0 {
		setLimit(syscall.RLIMIT_NOFILE, c.Files)
	}
	if c.UID > 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(c.UID), syscall.Setuid(c.UID)); err != nil {
			panic(err)
		}
	}
}

func setLimit(resource int, limit uint64) {
	if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		panic(err)
	}
}

// fill writes until there is no space left.
func (c *child) fill() {
	file, err := os.Create(filepath.Join(c.Target.Dir, "ballast"))
	for err == nil {
		_, err = file.Write(make([]byte, 512))
	}
	file.Close()
}
