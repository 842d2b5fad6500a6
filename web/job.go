package web

// jobPath is the address of the page of a job.
func jobPath(id string) string { return adminPath + "/job/" + id }

func (s Site) jobPages() []page { return nil }
