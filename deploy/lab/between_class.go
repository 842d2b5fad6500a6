package lab

import "strings"

// Class is what an ACME request is for.
type Class string

// The classes, called as the directory of RFC 8555 and the resources of its
// section 7.1 are. ClassOther is what has no class of its own.
const (
	ClassDirectory   Class = "directory"
	ClassNewNonce    Class = "newNonce"
	ClassNewAccount  Class = "newAccount"
	ClassNewOrder    Class = "newOrder"
	ClassAuthz       Class = "authz"
	ClassChallenge   Class = "challenge"
	ClassOrder       Class = "order"
	ClassFinalize    Class = "finalize"
	ClassCertificate Class = "certificate"
	ClassRenewalInfo Class = "renewalInfo"
	ClassAccount     Class = "account" // looks and updates
	ClassKeyChange   Class = "keyChange"
	ClassRevokeCert  Class = "revokeCert"
	ClassOther       Class = "other"
)

// classes tells them by the paths that Pebble has chosen: the whole one, or how it
// begins.
var classes = []struct {
	path  string
	class Class
}{
	{"/dir", ClassDirectory},
	{"/nonce-plz", ClassNewNonce},
	{"/sign-me-up", ClassNewAccount},
	{"/order-plz", ClassNewOrder},
	{"/authZ/", ClassAuthz},
	{"/chalZ/", ClassChallenge},
	{"/my-order/", ClassOrder},
	{"/finalize-order/", ClassFinalize},
	{"/certZ/", ClassCertificate},
	{"/draft-ietf-acme-ari-03/renewalInfo/", ClassRenewalInfo},
	{"/my-account/", ClassAccount},
	{"/rollover-account-key", ClassKeyChange},
	{"/revoke-cert", ClassRevokeCert},
}

// ClassOf tells what a request to Pebble is for by its path.
func ClassOf(path string) Class {
	for _, c := range classes {
		if path == c.path || strings.HasSuffix(c.path, "/") && strings.HasPrefix(path, c.path) {
			return c.class
		}
	}
	return ClassOther
}
