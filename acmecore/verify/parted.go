package verify

import (
	"fmt"
	"strings"

	"wcme/acmecore"
)

// Parted says in a sentence where the certificate that was issued, the ones on disk
// and the ones that are served part; "" while all agree. Proofs are compared by
// their fingerprints: they may have been made when another one was looked for.
func Parted(p acmecore.Presence) string {
	var parts []string
	for _, part := range []string{unissued(p.Certificate), onDisk(p.Placed), served(p)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

func unissued(c acmecore.Certificate) string {
	switch {
	case c.Version == "":
		return "none was issued yet"
	case c.Problem != "":
		return "the issued one cannot be used: " + c.Problem
	}
	return ""
}

func onDisk(placed []acmecore.Placed) string {
	var behind []string
	for _, one := range placed {
		if one.Current {
			continue
		}
		text := one.Target
		if one.Serial != "" {
			text += " (there is serial " + one.Serial + ")"
		} else if one.Problem != "" {
			text += " (" + one.Problem + ")"
		}
		behind = append(behind, text)
	}
	if len(behind) == 0 {
		return ""
	}
	return "not installed in " + some(behind)
}

// served tells servers that present another certificate from those that present
// none: the ones need a load, the others are down.
func served(p acmecore.Presence) string {
	var others, silent []string
	for _, proof := range p.Proofs {
		place := string(proof.Name)
		if proof.Address != "" {
			place += " at " + where(proof.Endpoint)
		}
		switch proof.Answer {
		case acmecore.Unreached:
		case acmecore.Serves, acmecore.ServesOther:
			if p.Certificate.Fingerprint == "" || !strings.EqualFold(proof.Fingerprint, p.Certificate.Fingerprint) {
				others = append(others, fmt.Sprintf("%s (serial %s, valid to %s)", place, proof.Serial, date(proof.NotAfter)))
			}
		default:
			silent = append(silent, fmt.Sprintf("%s (%s)", place, proof.Answer))
		}
	}
	var parts []string
	if len(others) > 0 {
		parts = append(parts, "another one is served by "+some(others))
	}
	if len(silent) > 0 {
		parts = append(parts, "none is served by "+some(silent))
	}
	return strings.Join(parts, "; ")
}

// some names the first ones, and counts the others.
func some(texts []string) string {
	const most = 3
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
}
