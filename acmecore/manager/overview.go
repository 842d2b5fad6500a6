package manager

import (
	"context"
	"path/filepath"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/overview"
	"wcme/acmecore/stamp"
)

// Overview implements control.Administration. What it says was read from the files that
// are there, a few seconds ago at most.
func (m *Manager) Overview(ctx context.Context, query acmecore.Query) (acmecore.Overview, error) {
	query, err := overview.Completed(query)
	if err != nil {
		return acmecore.Overview{}, err
	}
	entries, err := m.listing.Entries(ctx)
	if err != nil {
		return acmecore.Overview{}, acmecore.InterruptedOr(err, "list", "certificates")
	}
	return overview.Of(entries, query, m.now()), nil
}

// inventory is what the list of certificates is read from.
type inventory struct{ *Manager }

var _ overview.Source = inventory{}

// IDs implements overview.Source.
func (i inventory) IDs() ([]acmecore.ID, error) { return i.managedIDs() }

// Stamps implements overview.Source.
func (i inventory) Stamps(list []stamp.Stamp, id acmecore.ID) []stamp.Stamp {
	return i.root.Stamps(list, id)
}

// Read implements overview.Source.
func (i inventory) Read(id acmecore.ID) overview.Reading {
	situation := stages(i).Look(id)
	read := overview.Reading{Certificate: i.told(situation), Passing: situation.Passing}
	if info := situation.Standing.RenewalInfo; info.Fingerprint == read.Certificate.Fingerprint && read.Certificate.Version != "" {
		read.WindowStart, read.WindowEnd = info.Start, info.End
	}
	for _, placed := range situation.Placed {
		read.Files = append(read.Files, placed.Files...)
	}
	read.Files = append(read.Files, i.readBeside(id)...)
	return read
}

// settings are what all certificates are told by, whatever the files say.
type settings struct {
	config *config.Config
	zone   *time.Location
}

// Ground implements overview.Source.
func (i inventory) Ground() overview.Ground {
	by := settings{i.Config(), i.zone.location()}
	ground := overview.Ground{Settings: by}
	for _, target := range by.config.Install {
		ground.Places = append(ground.Places, stamp.OfPlace(target.Dir.String()))
		for _, file := range []string{target.Template.String(), target.PasswordFile.String()} {
			if file != "" && !filepath.IsAbs(file) {
				file = filepath.Join(i.root.Dir(), file)
			}
			if file != "" {
				ground.Places = append(ground.Places, stamp.Of(file))
			}
		}
	}
	return ground
}

// Moment implements overview.Source.
func (i inventory) Moment() overview.Moment {
	return overview.Moment{Runs: i.busy.Ended(), Records: i.root.RecordsStamp()}
}
