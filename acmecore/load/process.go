package load

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

// stat is what is read of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	command string
	state   byte
	parent  int
	group   int
	start   uint64 // in ticks since the start of the system
}

// ended tells of a process of which only the entry is left.
func (s stat) ended() bool { return s.state == 'Z' || s.state == 'X' }

func readStat(pid int) (stat, error) {
	text, err := readProc(pid, "stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// parseStat reads a line whose second field, in brackets, may hold anything.
func parseStat(text []byte) (stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return stat{}, errors.New("read the state of a process: no name in brackets")
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("read the state of a process: %d fields after its name", len(fields))
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return stat{}, errors.New("read the state of a process: its parent is no number")
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return stat{}, errors.New("read the state of a process: its group is no number")
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return stat{}, errors.New("read the state of a process: its start is no number")
	}
	return stat{command: string(text[open+1 : end]), state: fields[0][0], parent: parent, group: group, start: start}, nil
}

// owner is what is read of /proc/PID/status (proc_pid_status(5)).
type owner struct {
	uid, gid int // in force
	groups   []uint32
	nested   bool // in another PID namespace: a container's
	mixed    bool // not the same user or group throughout, as while a program with the setuid bit runs
}

func parseStatus(text []byte) (owner, error) {
	found := owner{uid: -1, gid: -1}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		switch {
		case name == "Uid" && len(fields) == 4:
			found.uid = number(fields[1])
			found.mixed = fields[0] != fields[1] || fields[1] != fields[2]
		case name == "Gid" && len(fields) == 4:
			found.gid = number(fields[1])
			found.mixed = found.mixed || fields[0] != fields[1] || fields[1] != fields[2]
		case name == "NSpid":
			found.nested = len(fields) > 1
		case name == "Groups":
			for _, field := range fields {
				if gid, err := strconv.ParseUint(field, 10, 32); err == nil {
					found.groups = append(found.groups, uint32(gid))
				}
			}
		}
	}
	if found.uid < 0 || found.gid < 0 {
		return found, errors.New("read the owner of a process: no line Uid or Gid")
	}
	return found, nil
}

func number(text string) int {
	value, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return -1
	}
	return int(value)
}

// process is a process as it shows in /proc. Of another user's only root sees the
// program, the directory and the environment.
type process struct {
	stat
	owner
	pid     int
	program string // path; "" where it cannot be seen
	args    []string
}

// processes returns those that run here: not those of containers, nor those with
// another root directory, nor those of somebody who has the rights of somebody else
// for now: whoever starts a program with the setuid bit chooses its arguments. A process in a mount namespace of its own is here: systemd
// gives one to each service with PrivateTmp=, as Debian's Apache is.
func processes() (map[int]process, error) {
	ids, err := processIDs()
	if err != nil {
		return nil, err
	}
	root, err := os.Stat("/")
	if err != nil {
		return nil, err
	}
	found := make(map[int]process)
	for _, pid := range ids {
		if p, err := readProcess(pid); err == nil && p.isHere(root) {
			found[pid] = p
		}
	}
	return found, nil
}

// states are those of all processes that can be seen, by their ids.
func states() (map[int]stat, error) {
	ids, err := processIDs()
	if err != nil {
		return nil, err
	}
	found := make(map[int]stat)
	for _, pid := range ids {
		if state, err := readStat(pid); err == nil {
			found[pid] = state
		}
	}
	return found, nil
}

// processIDs fails where there is no /proc, or where it has no processes.
func processIDs() (ids []int, err error) {
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

// readProcess fails for one that has just ended.
func readProcess(pid int) (p process, err error) {
	p.pid = pid
	if p.stat, err = readStat(pid); err != nil {
		return p, err
	}
	status, err := readProc(pid, "status")
	if err != nil {
		return p, err
	}
	if p.owner, err = parseStatus(status); err != nil {
		return p, err
	}
	line, err := readProc(pid, "cmdline")
	if err != nil {
		return p, err
	}
	p.args = words(line)
	p.program, _ = os.Readlink(procPath(pid, "exe"))
	return p, nil
}

func (p process) isHere(root os.FileInfo) bool {
	if p.nested || p.mixed || p.ended() {
		return false
	}
	own, err := os.Stat(procPath(p.pid, "root"))
	return err != nil || os.SameFile(own, root)
}

// name is what the program is called: its file where it can be seen, which nobody
// can feign, and otherwise what the process calls itself.
func (p process) name() string {
	if p.program == "" {
		return p.command
	}
	return filepath.Base(strings.TrimSuffix(p.program, deleted))
}

// deleted is what the kernel adds to the path of a program that was replaced.
const deleted = " (deleted)"

// environment is that which the process was started with, as far as it can be seen.
func (p process) environment() []string {
	text, err := readProc(p.pid, "environ")
	if err != nil {
		return nil
	}
	return words(text)
}

// words splits what the kernel separates by NUL.
func words(text []byte) []string {
	parts := strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
	if len(parts) == 1 && parts[0] == "" {
		return nil
	}
	return slices.Clip(parts)
}

func procPath(pid int, file string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), file)
}

// readProc reads a file of /proc whole, or fails.
func readProc(pid int, name string) ([]byte, error) {
	file, err := os.Open(procPath(pid, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxProc+1))
	if err == nil && len(text) > maxProc {
		err = fmt.Errorf("%s is longer than %d bytes", procPath(pid, name), maxProc)
	}
	return text, err
}
