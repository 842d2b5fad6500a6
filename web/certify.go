package web

// certifyPath is the address of the form that orders a certificate.
const certifyPath = adminPath + "/certify"

func (s Site) certifyPages() []page { return nil }
