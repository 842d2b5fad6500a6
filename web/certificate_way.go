package web

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// way is how far the certificate has come: issued, on disk, loaded, served.
func (v certificateView) way() []templates.CertificateStand {
	return []templates.CertificateStand{v.issued(), v.onDisk(), v.loaded(), v.seen()}
}

func (v certificateView) issued() templates.CertificateStand {
	c := v.Certificate
	stand := templates.CertificateStand{Station: "Issued", Tone: templates.Good, State: "yes", When: moment(c.NotBefore)}
	switch {
	case c.Version == "":
		stand.Tone, stand.State, stand.Text = templates.Missing, "no", "none was obtained yet"
	case c.Problem != "":
		stand.Tone, stand.State, stand.Text = templates.Broken, "unusable", capital(readable(c.Problem))
	default:
		stand.Text = "version " + acmecore.Inert(c.Version) + ", serial number " + acmecore.Inert(c.Serial)
	}
	return stand
}

// onDisk counts the targets whose files are those of the current version.
func (v certificateView) onDisk() templates.CertificateStand {
	stand := templates.CertificateStand{Station: "On disk", Tone: templates.Good, State: "yes"}
	var behind []string
	for _, placed := range v.Placed {
		if !placed.Current {
			text := acmecore.Inert(placed.Target)
			if placed.Serial != "" {
				text += " has serial number " + acmecore.Inert(placed.Serial)
			}
			behind = append(behind, text)
		}
	}
	switch {
	case v.Certificate.Version == "":
		stand.Tone, stand.State, stand.Text = templates.Missing, "no", "there is nothing to install"
	case len(v.Placed) == 0 && len(v.Certificate.Targets) > 0:
		stand.Tone, stand.State, stand.Text = templates.Broken, "unknown", "the current version cannot be compared"
	case len(v.Placed) == 0:
		stand.State, stand.Text = "nothing to do", "no target takes it; its files are in the state directory"
	case len(behind) > 0:
		stand.Tone, stand.State = templates.Bad, "not everywhere"
		stand.Text = fmt.Sprintf("not in %s: %s", count(len(behind), "target", "targets"), strings.Join(behind, ", "))
	default:
		stand.Text = "in " + count(len(v.Placed), "target", "targets")
	}
	return stand
}

// loaded names the load actions that have not loaded the current version.
func (v certificateView) loaded() templates.CertificateStand {
	stand := templates.CertificateStand{Station: "Loaded", Tone: templates.Good, State: "yes"}
	var done, open []string
	for _, load := range v.Loads {
		if load.Current {
			done = append(done, acmecore.Inert(load.Action))
		} else {
			open = append(open, acmecore.Inert(load.Action))
		}
	}
	switch {
	case len(v.Loads) == 0:
		stand.State, stand.Text = "nothing to do", "no load action concerns it"
	case len(open) > 0:
		stand.Tone, stand.State, stand.Text = templates.Bad, "not yet", "not by "+strings.Join(open, ", ")
	default:
		stand.Text = "by " + strings.Join(done, ", ")
	}
	return stand
}

// seen tells what visitors were shown when somebody last looked.
func (v certificateView) seen() templates.CertificateStand {
	stand := templates.CertificateStand{Station: "Served", Tone: templates.Good, State: "yes"}
	met, reached, oldest := 0, 0, time.Time{}
	for _, proof := range v.Standing.Served {
		if proof.Answer == acmecore.Unreached {
			continue
		}
		reached++
		if v.meets(proof) {
			met++
		}
		if oldest.IsZero() || proof.At.Before(oldest) {
			oldest = proof.At
		}
	}
	stand.When = moment(oldest)
	places := count(reached, "place", "places")
	switch {
	case reached == 0 && len(v.Ports) == 0:
		stand.Tone, stand.State, stand.Text = templates.Due, "not looked for", "no port is configured where it is verified"
	case reached == 0:
		stand.Tone, stand.State, stand.Text = templates.Due, "not looked for", "nobody has looked for this version yet"
	case met < reached:
		stand.Tone, stand.State, stand.Text = templates.Bad, "not everywhere", fmt.Sprintf("at %d of %s", met, places)
	default:
		stand.Text = "at " + places
	}
	return stand
}

// meets tells whether the place showed the current version: the proof may have been
// made when another one was looked for.
func (v certificateView) meets(proof acmecore.Proof) bool {
	return proof.Fingerprint != "" && strings.EqualFold(proof.Fingerprint, v.Certificate.Fingerprint)
}

// files are those of the targets, and those in ssl.
func (v certificateView) files() (list []templates.CertificateFile) {
	placed := make(map[string]acmecore.Placed)
	for _, one := range v.Placed {
		placed[one.Target] = one
	}
	for _, file := range v.Files {
		shown := templates.CertificateFile{Target: orText(file.Target, "wCME’s own"), Path: acmecore.Inert(file.Path), Owner: acmecore.Inert(file.Owner),
			Mode: acmecore.Inert(file.Mode), Changed: moment(file.Changed), Tone: templates.Good, State: "there"}
		one, found := placed[file.Target]
		switch {
		case file.Problem != "":
			shown.Tone, shown.State, shown.Problem = templates.Missing, "missing", problemOf(file.Problem, "")
		case found && one.Current:
			shown.State = "current"
		case found:
			shown.Tone, shown.State, shown.Problem = templates.Bad, "not current", problemOf(one.Problem, one.Hint)
		}
		list = append(list, shown)
	}
	return list
}

// served are the places where it was looked for.
func (v certificateView) served() (list []templates.CertificatePlace) {
	for _, proof := range v.Standing.Served {
		tone, state := placeState(proof, v.meets(proof))
		list = append(list, templates.CertificatePlace{Place: placeText(proof.Endpoint), Tone: tone, State: state, Serial: acmecore.Inert(proof.Serial),
			At: moment(proof.At), Problem: problemOf(proof.Problem, proof.Hint)})
	}
	return list
}

func placeState(proof acmecore.Proof, met bool) (templates.Tone, string) {
	switch {
	case met:
		return templates.Good, "served"
	case proof.Answer == acmecore.Unreached:
		return templates.Due, "not reached from here"
	case proof.Fingerprint != "", proof.Answer == acmecore.ServesOther:
		return templates.Bad, "another one"
	}
	return templates.Bad, acmecore.Inert(string(proof.Answer))
}

// placeText reads "www.example.org at 192.0.2.7:443".
func placeText(e acmecore.Endpoint) string {
	text := acmecore.Inert(string(e.Name))
	if e.Address != "" {
		text += " at " + acmecore.Inert(net.JoinHostPort(e.Address, strconv.Itoa(e.Port)))
	}
	if e.Protocol != "" {
		text += ", " + acmecore.Inert(e.Protocol)
	}
	return text
}
