package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

// dedicated is the name of the user that the overseer runs as where it does not
// run as root, and of the group that may enter ROOT/www and use the socket.
const dedicated = "wcme"

// account is a user of the host; -1 stands for none.
type account struct {
	name     string
	uid, gid int
	groups   []int // all that the user is a member of
}

// scriptUser looks the user up that the web server runs the script as.
func scriptUser(name string) (account, error) {
	nobody := account{uid: -1, gid: -1}
	if name == "" {
		return nobody, nil
	}
	found, err := user.Lookup(name)
	if err != nil {
		return nobody, &acmecore.Error{Kind: acmecore.Invalid, Op: "[script] user", Cause: err,
			Hint: "set it in wcme.toml to the user that the web server runs as"}
	}
	return accountOf(found)
}

func accountOf(found *user.User) (account, error) {
	uid, uidErr := strconv.Atoi(found.Uid)
	gid, gidErr := strconv.Atoi(found.Gid)
	a := account{name: found.Username, uid: uid, gid: gid, groups: []int{gid}}
	ids, idsErr := found.GroupIds()
	for _, id := range ids {
		if number, err := strconv.Atoi(id); err == nil {
			a.groups = append(a.groups, number)
		}
	}
	return a, errors.Join(uidErr, gidErr, idsErr)
}

// groupNamed returns the number of a group; -1 where there is none of the name.
func groupNamed(name string) int {
	found, err := user.LookupGroup(name)
	if err != nil {
		return -1
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return -1
	}
	return gid
}

// socketGroups are the groups to give the socket to, the best first: the user's
// own, which every web server gives the script, as not all do with the others; then
// the dedicated one, which an overseer of that user may give it.
func (script account) socketGroups(dedicated int) (groups []int) {
	if script.uid < 0 {
		return nil
	}
	groups = []int{script.gid}
	if dedicated >= 0 && dedicated != script.gid {
		groups = append(groups, dedicated)
	}
	return groups
}

// listen opens the socket to the first of the script's groups that it may give it
// to; group is the name of the dedicated one. It says so when that is none that
// the script's user is a member of.
func listen(path string, script account, group string, log *slog.Logger) (net.Listener, error) {
	dedicated := groupNamed(group)
	for _, gid := range script.socketGroups(dedicated) {
		listener, err := control.Listen(path, gid)
		if errors.Is(err, os.ErrPermission) {
			continue
		}
		if err == nil && !slices.Contains(script.groups, gid) {
			script.warn(path, fmt.Sprintf("adduser %s %s, and restart the web server, unless it reaches the script through wcme-web.service", script.name, group), log)
		}
		return listener, err
	}
	if script.uid >= 0 && script.uid != os.Geteuid() {
		script.warn(path, fmt.Sprintf("run the overseer as root, or as a user of the group %d or of a group %s, which %s has joined", script.gid, group, script.name), log)
	}
	return control.Listen(path, -1)
}

func (script account) warn(path, try string, log *slog.Logger) {
	log.Warn("the web server's user cannot reach the socket", "user", script.name, "socket", path, "try", try)
}

// give makes the state directory the named user's, and www its group's, where the
// host has such a user and this is root. It returns the line that says so.
func give(root *store.Root, name string) (done []string, err error) {
	found, err := user.Lookup(name)
	if err != nil || os.Geteuid() != 0 {
		return nil, nil
	}
	owner, err := accountOf(found)
	if err != nil {
		return nil, err
	}
	if gid := groupNamed(name); gid >= 0 {
		owner.gid = gid
	}
	changed, err := root.Give(store.Owner{UID: owner.uid, GID: owner.gid})
	if changed > 0 {
		done = append(done, fmt.Sprintf("gave %s to the user %s, and www to its group", root.Dir(), name))
	}
	return done, err
}
