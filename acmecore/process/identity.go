package process

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"wcme/acmecore"
)

// Identity is whom a command runs as.
type Identity struct {
	UID, GID int
	Groups   []uint32 // beside GID
	Home     string   // directory
}

// IdentityOf looks a user of the configuration up; "" is ourselves. Only root can be
// somebody else, and for everybody else that is an error of kind Denied.
func IdentityOf(name string) (Identity, error) {
	if name == "" {
		return Ourselves(), nil
	}
	found, err := user.Lookup(name)
	if err != nil {
		if byID, otherErr := user.LookupId(name); otherErr == nil {
			found, err = byID, nil
		}
	}
	if err != nil {
		return Identity{}, invalid("correct user, or create it", "there is no user %q", acmecore.Inert(name))
	}
	as, err := identityFrom(found)
	if err == nil && os.Geteuid() != 0 && as.UID != os.Geteuid() {
		err = &acmecore.Error{Kind: acmecore.Denied, Hint: "run the overseer as root, or leave out user",
			Cause: fmt.Errorf("only root can run a command as %s, and wcme runs as %s", found.Username, UserName(os.Geteuid()))}
	}
	return as, err
}

// Ourselves is whom we run as.
func Ourselves() Identity {
	as := Identity{UID: os.Geteuid(), GID: os.Getegid(), Home: "/"}
	if found, err := user.LookupId(strconv.Itoa(as.UID)); err == nil && found.HomeDir != "" {
		as.Home = found.HomeDir
	}
	return as
}

func identityFrom(found *user.User) (as Identity, err error) {
	as.Home = found.HomeDir
	if as.UID, err = strconv.Atoi(found.Uid); err != nil {
		return as, invalid("", "the user %s has the id %q, which is no number", found.Username, found.Uid)
	}
	if as.GID, err = strconv.Atoi(found.Gid); err != nil {
		return as, invalid("", "the user %s has the group %q, which is no number", found.Username, found.Gid)
	}
	ids, err := found.GroupIds()
	if err != nil {
		return as, invalid("", "the groups of %s cannot be found: %w", found.Username, err)
	}
	for _, id := range ids {
		if gid, err := strconv.ParseUint(id, 10, 32); err == nil {
			as.Groups = append(as.Groups, uint32(gid))
		}
	}
	return as, nil
}

// credential is what the child changes to; nil where it is somebody already.
func (i Identity) credential() *syscall.Credential {
	if i.UID == os.Geteuid() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(i.UID), Gid: uint32(i.GID), Groups: i.Groups}
}

// UserName is a user as an administrator knows it.
func UserName(uid int) string {
	id := strconv.Itoa(uid)
	if found, err := user.LookupId(id); err == nil {
		return acmecore.Inert(found.Username)
	}
	return "user " + id
}

func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
