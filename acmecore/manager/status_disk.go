package manager

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"wcme/acmecore"
)

// disks are the file systems of the state directory, its parts, and the targets.
func (m *Manager) disks() []acmecore.Disk {
	root := m.root.Dir()
	paths := []string{root, filepath.Join(root, "log"), filepath.Join(root, "priv"), filepath.Join(root, "ssl"), filepath.Join(root, "www")}
	for _, target := range m.Config().Install {
		paths = append(paths, target.Dir.String())
	}
	for _, webroot := range m.Config().Challenge.Webroot {
		paths = append(paths, webroot.String())
	}
	list, known := []acmecore.Disk{}, make(map[uint64]int) // by device: its place in the list
	for _, path := range paths {
		device, err := deviceOf(path)
		if at, found := known[device]; err == nil && found {
			list[at].Paths = append(list[at].Paths, acmecore.Inert(path))
			continue
		}
		if err == nil {
			known[device] = len(list)
		}
		list = append(list, diskOf(path, err))
	}
	return list
}

// deviceOf tells file systems apart.
func deviceOf(path string) (device uint64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return uint64(info.Sys().(*syscall.Stat_t).Dev), nil
}

// What is little: less than a twentieth of the space or of the files, or than 100 MB.
const (
	littleShare = 20
	littleBytes = 100_000_000
)

// diskOf says how much is left in the file system of a path.
func diskOf(path string, problem error) acmecore.Disk {
	disk := acmecore.Disk{Paths: []string{acmecore.Inert(path)}}
	if problem == nil {
		problem = measure(path, &disk)
	}
	if problem != nil {
		if of := (*fs.PathError)(nil); errors.As(problem, &of) {
			problem = of.Err // the path is said beside it
		}
		disk.Problem = acmecore.Inert(problem.Error())
		return disk
	}
	disk.Low = isLittle(disk)
	return disk
}

// isLittle tells of a disk of which little is left. A file system that knows no size or
// no number of files has no limit to it.
func isLittle(d acmecore.Disk) bool {
	bytes := d.Size > 0 && (d.Free < d.Size/littleShare || d.Free < littleBytes)
	return bytes || d.Files > 0 && d.FreeFiles < d.Files/littleShare
}
