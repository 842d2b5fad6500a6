package web

// checkPath is the address of the list of checks.
const checkPath = adminPath + "/check"

func (s Site) checkPages() []page { return nil }
