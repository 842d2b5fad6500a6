package web

import "wcme/acmecore"

// HostOf is the first name of a certificate, by its ID.
var HostOf = hostOf

// SummaryOf is the sentence on a certificate's page.
func SummaryOf(d acmecore.Details) string { return certificateView{Details: d}.summary() }
