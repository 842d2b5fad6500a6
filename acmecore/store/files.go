package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"wcme/acmecore"
)

// Products tells what stands in ssl of a certificate: its three files, of which some
// may be missing.
func (r *Root) Products(id acmecore.ID) (files []acmecore.FileFacts) {
	for _, prefix := range []string{"fullchain_", "cert_", "chain_"} {
		files = append(files, Facts(r.path("ssl", prefix+string(id)+".pem")))
	}
	return files
}

// CertificateDir is the directory of a certificate's versions.
func (r *Root) CertificateDir(id acmecore.ID) string { return string(r.versions(id)) }

// Facts tells what the file system says of a file; nothing of it is read. A link is
// followed.
func Facts(path string) acmecore.FileFacts {
	facts := acmecore.FileFacts{Path: acmecore.Inert(path)}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		facts.Problem = "there is no such file"
		return facts
	case err != nil:
		facts.Problem = acmecore.Inert(err.Error())
		return facts
	case !info.Mode().IsRegular():
		facts.Problem = "it is no file"
	}
	facts.Mode = fmt.Sprintf("%04o", unixMode(info.Mode()))
	facts.Changed = info.ModTime().UTC()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		facts.Owner = userName(stat.Uid) + ":" + groupName(stat.Gid)
	}
	return facts
}

// unixMode is the mode as chmod(1) takes it.
func unixMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for bit, value := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&bit != 0 {
			bits |= value
		}
	}
	return bits
}

// userName is the user's name; the number where there is none.
func userName(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	found, err := user.LookupId(number)
	if err != nil {
		return number
	}
	return acmecore.Inert(found.Username)
}

// groupName is the group's name; the number where there is none.
func groupName(gid uint32) string {
	number := strconv.FormatUint(uint64(gid), 10)
	found, err := user.LookupGroupId(number)
	if err != nil {
		return number
	}
	return acmecore.Inert(found.Name)
}
