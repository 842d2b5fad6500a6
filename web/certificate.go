package web

// certificatePath is the address of a certificate's page, before its ID.
const certificatePath = adminPath + "/certificate"

func (s Site) certificatePages() []page { return nil }
