package web

// The addresses of what is written down.
const (
	logPath   = adminPath + "/log"
	runsPath  = adminPath + "/runs"
	auditPath = adminPath + "/audit"
)

func (s Site) logPages() []page { return nil }
