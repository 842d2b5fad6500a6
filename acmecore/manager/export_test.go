package manager

// RehearseAt has rehearsals ask this name server, and this port in place of 80.
func (m *Manager) RehearseAt(dns string, port int) { m.errands.dns, m.errands.port = dns, port }

// WaitForJobs returns when every job of a page has ended.
func (m *Manager) WaitForJobs() { m.board().Wait() }
