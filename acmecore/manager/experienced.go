package manager

import "wcme/acmecore"

// experienced is the standing without what was noted in advance: while a certificate is
// being loaded, that it is says nothing of a load that ended wcme.
func (m *Manager) experienced(id acmecore.ID, standing acmecore.Standing) acmecore.Standing {
	last := len(standing.Unserved) - 1
	if last >= 0 && standing.Unserved[last].Kind == acmecore.Busy && m.busy.IsHeld(string(id)) {
		standing.Unserved = standing.Unserved[:last]
	}
	return standing
}
