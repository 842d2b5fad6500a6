package manager

import (
	"path/filepath"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/store"
)

// settled is how old a change must have been when the file was read: within the same
// moment a file can change twice, and the file system's moments are up to two seconds
// long (FAT).
const settled = 2 * time.Second

// stamps adds those of the files that a certificate is read from: first its own, then
// those in targets.
func (m *Manager) stamps(list []store.Stamp, id acmecore.ID, targets []string) []store.Stamp {
	return placeStamps(m.root.Stamps(list, id), targets)
}

func placeStamps(list []store.Stamp, targets []string) []store.Stamp {
	for _, path := range targets {
		list = append(list, store.StampOf(path))
	}
	return list
}

// ground looks at what all certificates depend on.
func (m *Manager) ground() ground {
	g := ground{config: m.Config(), zone: m.zone.location()}
	for _, target := range g.config.Install {
		g.places = append(g.places, store.StampOfPlace(target.Dir.String()))
		for _, file := range []string{target.Template.String(), target.PasswordFile.String()} {
			if file != "" && !filepath.IsAbs(file) {
				file = filepath.Join(m.root.Dir(), file)
			}
			if file != "" {
				g.places = append(g.places, store.StampOf(file))
			}
		}
	}
	return g
}
