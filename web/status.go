package web

// statusPath is the address of the overseer's status.
const statusPath = adminPath + "/status"

func (s Site) statusPages() []page { return nil }
