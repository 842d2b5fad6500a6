package load

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// Server is a server that runs on this host: the process that leads it, and what is
// known of it.
type Server struct {
	Kind    string   `json:"kind"` // "Apache", "nginx", …
	PID     int      `json:"pid"`  // of its master
	User    string   `json:"user"` // whom that runs as
	Program string   `json:"program"`
	Args    []string `json:"args"` // its command line, as /proc has it: foreign text
	// Problem says why the standard load cannot reload it; "" when it can.
	Problem string `json:"problem,omitempty"`
	Hint    string `json:"hint,omitempty"`

	kind        kind
	start       uint64
	as          process.Identity
	environment []string
}

// String is the server on one line, inert.
func (s Server) String() string {
	text := fmt.Sprintf("%s (process %d, %s)", s.Kind, s.PID, s.User)
	if s.Program != "" {
		text += " " + acmecore.Inert(s.Program)
	}
	if s.Problem != "" {
		text += ": " + s.Problem
	}
	return text
}

// Find returns the servers that run on this host, in the order of their kinds and
// process ids. A server is there when its program has its name and when root, we
// ourselves or a user whom the kind of server is meant for runs it, on this host and
// not in a container. Its program is used only where nobody but root, us and that
// user could have changed it, and everything is done as that user.
//
// It needs a /proc as Linux has it.
func Find() ([]Server, error) {
	all, err := processes()
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.NotFound, Op: "look for servers", Cause: process.Reason(err),
			Hint: "the standard load needs Linux's /proc; give an own command in [[load]]"}
	}
	var found []Server
	for _, k := range kinds() {
		uids := k.uids()
		for _, pid := range sortedIDs(all) {
			if p := all[pid]; k.leads(p, all, uids) {
				found = append(found, newServer(k, p, all))
			}
		}
	}
	return found, nil
}

// uids are who may run the kind, beside root and ourselves.
func (k kind) uids() []int {
	uids := []int{0, os.Geteuid()}
	for _, name := range k.users {
		if found, err := user.Lookup(name); err == nil {
			if uid, err := strconv.Atoi(found.Uid); err == nil {
				uids = append(uids, uid)
			}
		}
	}
	return uids
}

// matches tells whether the process is of the kind, and run by one of the users.
func (k kind) matches(p proc, uids []int) bool {
	return slices.Contains(k.programs, p.name()) && slices.Contains(uids, p.uid)
}

// leads tells whether the process is a master: of the kind, and no child of one.
func (k kind) leads(p proc, all map[int]proc, uids []int) bool {
	if !k.matches(p, uids) || k.is != nil && !k.is(p) {
		return false
	}
	parent, known := all[p.Parent]
	return !known || !k.matches(parent, uids)
}

func newServer(k kind, p proc, all map[int]proc) Server {
	s := Server{
		Kind: k.name, PID: p.pid, User: process.UserName(p.uid), Program: strings.TrimSuffix(p.program, deleted), Args: p.args,
		kind: k, start: p.Start, environment: p.environment(),
		as: process.Identity{UID: p.uid, GID: p.gid, Groups: p.groups, Home: homeOf(p.uid)},
	}
	if err := s.usable(all); err != nil {
		s.Problem, s.Hint = problemOf(err), acmecore.HintOf(err)
	}
	return s
}

// usable says what stands against a reload.
func (s *Server) usable(all map[int]proc) error {
	if own := os.Geteuid(); own != 0 && own != s.as.UID {
		return &acmecore.Error{Kind: acmecore.Denied, Cause: fmt.Errorf("it belongs to %s, and wcme, as %s, may not reload it", s.User, process.UserName(own)),
			Hint: "run the overseer as root, or give a command in [[load]] that may do it"}
	}
	if s.Program == "" {
		return errors.New("its program cannot be seen")
	}
	if err := process.TrustOf(s.as).Program(s.Program); err != nil {
		return &acmecore.Error{Kind: acmecore.Invalid, Cause: fmt.Errorf("its program is not used: %w", err),
			Hint: "if that is right, give an own command in [[load]]: " + acmecore.HintOf(err)}
	}
	if s.kind.obstacle != nil {
		return s.kind.obstacle(*s, all)
	}
	return nil
}

func homeOf(uid int) string {
	if found, err := user.LookupId(strconv.Itoa(uid)); err == nil && found.HomeDir != "" {
		return found.HomeDir
	}
	return "/"
}

func sortedIDs(all map[int]proc) []int {
	ids := make([]int, 0, len(all))
	for pid := range all {
		ids = append(ids, pid)
	}
	slices.Sort(ids)
	return ids
}
