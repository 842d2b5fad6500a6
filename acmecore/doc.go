// Package acmecore holds the nouns of wCME: the host Name, the Token of a
// challenge, the Certificate and the KeyType it is made with, the Step of a run,
// and the Error that every boundary speaks. It does no input or output and
// imports no other package of wCME; everything else imports it.
//
// Whatever comes from outside becomes a noun by its Parse function and is
// trusted only then: ParseNames for host names, ParseToken for what a
// certification authority or a visitor sends as a token, ParseKeyType for what
// stands in a configuration.
package acmecore
