package renew

import (
	"slices"

	"wcme/acmecore"
)

// Service says how far the certificate has come on its way to visitors; "" for one
// that there is nothing of.
func (s Situation) Service() acmecore.Service {
	met := func(proof acmecore.Proof) bool {
		return proof.Answer == acmecore.Serves && proof.Fingerprint == s.Certificate.Fingerprint
	}
	switch {
	case s.Certificate.Version == "":
		return ""
	case len(s.misplaced()) > 0:
		return acmecore.ServiceMissing
	case len(s.unloaded()) > 0:
		return acmecore.ServiceUnloaded
	case s.unseen():
		return acmecore.ServiceUnseen
	case s.Watched && slices.ContainsFunc(s.Standing.Served, met):
		return acmecore.ServiceServed
	case len(s.Loads) > 0:
		return acmecore.ServiceLoaded
	}
	return acmecore.ServiceInstalled
}
