package load

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"wcme/acmecore"
)

// identity is whom a command runs as.
type identity struct {
	uid, gid int
	groups   []uint32
	home     string
}

// identityOf looks a user of the configuration up; "" is ourselves. Only root can be
// somebody else, and for everybody else that is an error of kind Denied.
func identityOf(name string) (identity, error) {
	if name == "" {
		return ourselves(), nil
	}
	found, err := user.Lookup(name)
	if err != nil {
		if byID, otherErr := user.LookupId(name); otherErr == nil {
			found, err = byID, nil
		}
	}
	if err != nil {
		return identity{}, invalid("correct user, or create it", "there is no user %q", acmecore.Inert(name))
	}
	as, err := identityFrom(found)
	if err == nil && os.Geteuid() != 0 && as.uid != os.Geteuid() {
		err = &acmecore.Error{Kind: acmecore.Denied, Hint: "run the overseer as root, or leave out user",
			Cause: fmt.Errorf("only root can run a command as %s, and wcme runs as %s", found.Username, userName(os.Geteuid()))}
	}
	return as, err
}

func ourselves() identity {
	as := identity{uid: os.Geteuid(), gid: os.Getegid(), home: "/"}
	if found, err := user.LookupId(strconv.Itoa(as.uid)); err == nil && found.HomeDir != "" {
		as.home = found.HomeDir
	}
	return as
}

func identityFrom(found *user.User) (as identity, err error) {
	as.home = found.HomeDir
	if as.uid, err = strconv.Atoi(found.Uid); err != nil {
		return as, invalid("", "the user %s has the id %q, which is no number", found.Username, found.Uid)
	}
	if as.gid, err = strconv.Atoi(found.Gid); err != nil {
		return as, invalid("", "the user %s has the group %q, which is no number", found.Username, found.Gid)
	}
	ids, err := found.GroupIds()
	if err != nil {
		return as, invalid("", "the groups of %s cannot be found: %w", found.Username, err)
	}
	for _, id := range ids {
		if gid, err := strconv.ParseUint(id, 10, 32); err == nil {
			as.groups = append(as.groups, uint32(gid))
		}
	}
	return as, nil
}

// credential is what the child changes to; nil where it is somebody already.
func (i identity) credential() *syscall.Credential {
	if i.uid == os.Geteuid() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid), Groups: i.groups}
}

// userName is a user as an administrator knows it.
func userName(uid int) string {
	id := strconv.Itoa(uid)
	if found, err := user.LookupId(id); err == nil {
		return acmecore.Inert(found.Username)
	}
	return "user " + id
}

func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
