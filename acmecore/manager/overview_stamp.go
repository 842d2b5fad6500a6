package manager

import (
	"path/filepath"

	"wcme/acmecore"
	"wcme/acmecore/stamp"
)

// stamps adds those of the files that a certificate is read from: first its own, then
// those in targets.
func (m *Manager) stamps(list []stamp.Stamp, id acmecore.ID, targets []string) []stamp.Stamp {
	return placeStamps(m.root.Stamps(list, id), targets)
}

func placeStamps(list []stamp.Stamp, targets []string) []stamp.Stamp {
	for _, path := range targets {
		list = append(list, stamp.Of(path))
	}
	return list
}

// ground looks at what all certificates depend on.
func (m *Manager) ground() ground {
	g := ground{config: m.Config(), zone: m.zone.location()}
	for _, target := range g.config.Install {
		g.places = append(g.places, stamp.OfPlace(target.Dir.String()))
		for _, file := range []string{target.Template.String(), target.PasswordFile.String()} {
			if file != "" && !filepath.IsAbs(file) {
				file = filepath.Join(m.root.Dir(), file)
			}
			if file != "" {
				g.places = append(g.places, stamp.Of(file))
			}
		}
	}
	return g
}
