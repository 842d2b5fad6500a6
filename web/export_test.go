package web

// HostOf is the first name of a certificate, by its ID.
var HostOf = hostOf
