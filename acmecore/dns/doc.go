// Package dns writes the TXT records that dns-01 looks for (RFC 8555 section 8.4), and
// makes sure that the world sees them.
//
// A Finder says where the record of a name belongs: at _acme-challenge below its host
// name, or where the aliases there lead to, in which zone that is, and which name
// servers have the zone. Await asks each of these, until all of them show a value; Seen
// does all of that at once. An Updater writes by dynamic updates (RFC 2136), signed by
// TSIG (RFC 8945), and an ACMEDNS at an acme-dns. Both first say, by Ready, whether
// they could, and change nothing for that.
//
// Texts of name servers and of an acme-dns are made inert before they are shown. Keys
// and passwords are in no error.
package dns
