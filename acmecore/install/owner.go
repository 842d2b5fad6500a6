package install

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"wcme/acmecore"
)

// stated returns the rights that the target states for a file: -1 and 0 where it
// states none. A user or group that does not exist is an error of kind Invalid.
func (t Target) stated(key bool) (rights Rights, err error) {
	rights = Rights{UID: -1, GID: -1, Mode: uint32(t.Mode)}
	if key && t.two() {
		rights.Mode = uint32(t.KeyMode)
	}
	if t.Owner != "" {
		found, lookupErr := user.Lookup(t.Owner)
		if rights.UID, err = number(t.Owner, lookupErr, func() string { return found.Uid }); err != nil {
			return rights, t.invalid(fmt.Errorf("there is no user %q", acmecore.Inert(t.Owner)), "correct `owner`, or make the user")
		}
	}
	if t.Group != "" {
		found, lookupErr := user.LookupGroup(t.Group)
		if rights.GID, err = number(t.Group, lookupErr, func() string { return found.Gid }); err != nil {
			return rights, t.invalid(fmt.Errorf("there is no group %q", acmecore.Inert(t.Group)), "correct the group in `owner`, or make it")
		}
	}
	return rights, nil
}

// number is that of a user or group: the one that was found, or the name itself
// where it is one.
func number(name string, lookupErr error, found func() string) (int, error) {
	if lookupErr == nil {
		name = found()
	}
	id, err := strconv.ParseUint(strings.TrimSpace(name), 10, 31)
	return int(id), err
}

// rights returns those that a file is to have: the stated ones, else those of the
// file that is there, else the default.
func (t Target) rights(d *directory, want output, found entry) (Rights, error) {
	rights, err := t.stated(want.key)
	if err != nil {
		return rights, err
	}
	if found.kind == file || found.kind == ownLinks {
		return t.keep(d, want, found, rights)
	}
	if rights.Mode == 0 {
		rights.Mode = 0o644
		if want.secret {
			rights.Mode = 0o600
		}
	}
	return rights, nil
}

// keep fills up stated rights with those of the file that is there.
func (t Target) keep(d *directory, want output, found entry, rights Rights) (Rights, error) {
	all := rights.UID != -1 && rights.GID != -1 && rights.Mode != 0
	if want.secret && !all && !d.vouches(found.rights.UID) {
		return rights, &acmecore.Error{Kind: acmecore.Denied,
			Cause: fmt.Errorf("%s belongs to user %d, who may have put it there to get the key", d.join(want.name), found.rights.UID),
			Hint:  "state `owner`, with its group, and `mode`, or remove the file"}
	}
	if rights.UID == -1 {
		rights.UID = found.rights.UID
	}
	if rights.GID == -1 {
		rights.GID = found.rights.GID
	}
	if rights.Mode == 0 {
		rights.Mode = found.rights.Mode & 0o777
		if want.secret {
			rights.Mode &^= everybody
		}
		if rights.Mode == 0 {
			rights.Mode = 0o600
		}
	}
	return rights, nil
}

// vouches tells whether a file of that user can be there by the will of those who
// answer for the directory alone.
func (d *directory) vouches(uid int) bool {
	closed := ours(d.uid) && d.mode&groupAndOthersWrite == 0
	return closed || ours(uid) || uid == d.uid
}

// meets tells whether rights are as wanted.
func (r Rights) meets(want Rights) bool {
	return (want.UID == -1 || want.UID == r.UID) && (want.GID == -1 || want.GID == r.GID) && r.Mode == want.Mode
}
