package load

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"wcme/acmecore/process"
)

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

// proc is a process as it shows in /proc. Of another user's only root sees the
// program, the directory and the environment.
type proc struct {
	process.Stat
	owner
	pid     int
	program string // path; "" where it cannot be seen
	args    []string
}

// processes returns those that run here: not those of containers, nor those with
// another root directory, nor those of somebody who has the rights of somebody else
// for now: whoever starts a program with the setuid bit chooses its arguments. A process in a mount namespace of its own is here: systemd
// gives one to each service with PrivateTmp=, as Debian's Apache is.
func processes() (map[int]proc, error) {
	ids, err := process.IDs()
	if err != nil {
		return nil, err
	}
	root, err := os.Stat("/")
	if err != nil {
		return nil, err
	}
	found := make(map[int]proc)
	for _, pid := range ids {
		if p, err := readProcess(pid); err == nil && p.isHere(root) {
			found[pid] = p
		}
	}
	return found, nil
}

// readProcess fails for one that has just ended.
func readProcess(pid int) (p proc, err error) {
	p.pid = pid
	if p.Stat, err = process.ReadStat(pid); err != nil {
		return p, err
	}
	status, err := process.ReadFile(pid, "status")
	if err != nil {
		return p, err
	}
	if p.owner, err = parseStatus(status); err != nil {
		return p, err
	}
	line, err := process.ReadFile(pid, "cmdline")
	if err != nil {
		return p, err
	}
	p.args = process.Words(line)
	p.program, _ = os.Readlink(process.Path(pid, "exe"))
	return p, nil
}

func (p proc) isHere(root os.FileInfo) bool {
	if p.nested || p.mixed || p.Ended() {
		return false
	}
	own, err := os.Stat(process.Path(p.pid, "root"))
	return err != nil || os.SameFile(own, root)
}

// name is what the program is called: its file where it can be seen, which nobody
// can feign, and otherwise what the process calls itself.
func (p proc) name() string {
	if p.program == "" {
		return p.Command
	}
	return filepath.Base(strings.TrimSuffix(p.program, deleted))
}

// deleted is what the kernel adds to the path of a program that was replaced.
const deleted = " (deleted)"

// environment is that which the process was started with, as far as it can be seen.
func (p proc) environment() []string {
	text, err := process.ReadFile(p.pid, "environ")
	if err != nil {
		return nil
	}
	return process.Words(text)
}
