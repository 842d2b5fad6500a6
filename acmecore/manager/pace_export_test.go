package manager

// Reserve has an order of a page take its turn, at the CA that is configured.
func (m *Manager) Reserve() (release func(), err error) {
	_, authority, err := m.Config().Find("")
	if err != nil {
		return nil, err
	}
	return m.reserve(authority)
}
