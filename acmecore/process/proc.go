package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxProc is how much of a file of /proc is read, in bytes. A longer command line is
// nobody's that is a server.
const maxProc = 64 << 10

// Stat is what is read of /proc/PID/stat (proc_pid_stat(5)).
type Stat struct {
	Command string
	State   byte
	Parent  int
	Group   int
	Start   uint64 // in ticks since the start of the system
}

// Ended tells of a process of which only the entry is left.
func (s Stat) Ended() bool { return s.State == 'Z' || s.State == 'X' }

// ReadStat reads that of one process.
func ReadStat(pid int) (Stat, error) {
	text, err := ReadFile(pid, "stat")
	if err != nil {
		return Stat{}, err
	}
	return parseStat(text)
}

// parseStat reads a line whose second field, in brackets, may hold anything.
func parseStat(text []byte) (Stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Stat{}, errors.New("read the state of a process: no name in brackets")
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 20 {
		return Stat{}, fmt.Errorf("read the state of a process: %d fields after its name", len(fields))
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return Stat{}, errors.New("read the state of a process: its parent is no number")
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return Stat{}, errors.New("read the state of a process: its group is no number")
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return Stat{}, errors.New("read the state of a process: its start is no number")
	}
	return Stat{Command: string(text[open+1 : end]), State: fields[0][0], Parent: parent, Group: group, Start: start}, nil
}

// States are those of all processes that can be seen, by their ids.
func States() (map[int]Stat, error) {
	ids, err := IDs()
	if err != nil {
		return nil, err
	}
	found := make(map[int]Stat)
	for _, pid := range ids {
		if state, err := ReadStat(pid); err == nil {
			found[pid] = state
		}
	}
	return found, nil
}

// IDs fails where there is no /proc, or where it has no processes.
func IDs() (ids []int, err error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			ids = append(ids, pid)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("/proc has no processes")
	}
	return ids, nil
}

// Words splits what the kernel separates by NUL.
func Words(text []byte) []string {
	parts := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
	if len(parts) == 1 && parts[0] == "" {
		return nil
	}
	return slices.Clip(parts)
}

// Path is that of a file in a process's directory of /proc.
func Path(pid int, file string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), file)
}

// ReadFile reads a file of a process of /proc whole, or fails.
func ReadFile(pid int, name string) ([]byte, error) {
	file, err := os.Open(Path(pid, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxProc+1))
	if err == nil && len(text) > maxProc {
		err = fmt.Errorf("%s is longer than %d bytes", Path(pid, name), maxProc)
	}
	return text, err
}
