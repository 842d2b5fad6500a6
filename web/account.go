package web

// The addresses of wCME's own log-in.
const (
	loginPath   = adminPath + "/login"
	logoutPath  = adminPath + "/logout"
	accountPath = adminPath + "/account"
)

// isOpen tells whether the page is for those who are not signed in yet.
func (s Site) isOpen(path string) bool { return path == loginPath }

func (s Site) accountPages() []page { return nil }
