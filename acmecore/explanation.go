package acmecore

//go:generate go test -run TestErrorsAreDocumented -args -update

// Explanation says what an error of a CA means to whoever runs wCME.
type Explanation struct {
	Type   string `json:"type"`   // without "urn:ietf:params:acme:error:"
	Source string `json:"source"` // where the type is defined
	Means  string `json:"means"`  // why a CA says so, a sentence
	Check  string `json:"check"`  // what to look at or to try, a sentence
	Next   string `json:"next"`   // what wCME does by itself, a sentence
	// By has what to look at where it is a name that was not believed, by the method
	// that it was to be proved by; nil where that makes no difference.
	By map[Method]string `json:"by,omitempty"`
}

// Explain returns the explanation of a type, with or without its prefix; found is false
// for a type that is not known.
func Explain(problemType string) (explanation Explanation, found bool) {
	for _, explanation := range Explanations() {
		if problemType == explanation.Type || problemType == ProblemPrefix+explanation.Type {
			return explanation, true
		}
	}
	return Explanation{}, false
}

// ProblemPrefix is what the types of ACME's errors begin with (RFC 8555 section 6.7).
const ProblemPrefix = "urn:ietf:params:acme:error:"

// What wCME does next, where more than one error has it.
const (
	nextDaily = "The certificate that there is stays in service. wCME tries again once a day, twice a day in the last sixth of the certificate's life, every six hours in its last three days, and at once when you say so."
	nextSoon  = "wCME tries again after 1, 10 and 100 minutes, and then once a day, going on with the same order where it can."
	nextNone  = "Nothing: it is the answer to what somebody asked for, and is told to them."
)

// The sources.
const (
	rfc8555 = "RFC 8555 section 6.7"
	rfc8739 = "RFC 8739 section 6.4"
)

// Explanations lists the types that are registered with IANA, and those of drafts that
// CAs use, in the order of letters.
func Explanations() []Explanation {
	return []Explanation{
		{Type: "accountDoesNotExist", Source: rfc8555,
			Means: "The CA does not know the account: it was removed there, or the directory is another one.",
			Check: "is `ca` the authority that the account was made at? wcme account show asks it; wcme register --new makes another account",
			Next:  "wCME registers the same key once more, and repeats the order. Where that is refused as well, it tries again once a day."},
		{Type: "alreadyReplaced", Source: "RFC 9773 section 5",
			Means: "The certificate that the new one was to replace has been replaced already, by another order.",
			Check: "does another host renew the same certificate?",
			Next:  "wCME places the order again at once, without naming the one before."},
		{Type: "alreadyRevoked", Source: rfc8555,
			Means: "The certificate that was to be revoked has been revoked before.",
			Check: "there is nothing left to revoke",
			Next:  "wCME notes that it is revoked, and obtains another one."},
		{Type: "autoRenewalCanceled", Source: rfc8739,
			Means: "The certificate belonged to an order that the CA renewed by itself, which was canceled.",
			Check: "wCME places no such orders; was the account used by another client?", Next: nextDaily},
		{Type: "autoRenewalCancellationInvalid", Source: rfc8739,
			Means: "An order that the CA renews by itself cannot be canceled in the state that it is in.",
			Check: "wCME places no such orders; was the account used by another client?", Next: nextNone},
		{Type: "autoRenewalExpired", Source: rfc8739,
			Means: "The certificate belonged to an order that the CA renewed by itself, which has ended.",
			Check: "wCME places no such orders; was the account used by another client?", Next: nextDaily},
		{Type: "autoRenewalRevocationNotSupported", Source: rfc8739,
			Means: "A certificate that the CA renews by itself cannot be revoked, but only its order canceled.",
			Check: "wCME places no such orders; was the account used by another client?", Next: nextNone},
		{Type: "badCSR", Source: rfc8555,
			Means: "The CA does not take the certificate signing request: its kind of key, a name or an extension.",
			Check: "does the CA take keys of this kind? `key` sets another; some CAs want `contact` set, and few still give must-staple", Next: nextDaily},
		{Type: "badNonce", Source: rfc8555,
			Means: "The CA did not accept the number that keeps a request from being sent twice.",
			Check: "the CA refused several nonces in a row; try again later, and see whether a proxy in between keeps old answers",
			Next:  "wCME sends the request again with the number that came with the refusal, up to 8 times in all. After that it tries again after 1, 10 and 100 minutes, and then once a day."},
		{Type: "badPublicKey", Source: rfc8555,
			Means: "The CA does not take the key: its kind or size, or because it is known to be weak or in somebody else's hands.",
			Check: "does the CA take keys of this kind? `key` sets another", Next: "wCME makes another key once. Where that is refused as well, it tries again once a day."},
		{Type: "badRevocationReason", Source: rfc8555,
			Means: "The CA does not take this reason for a revocation.",
			Check: "give another reason, or none", Next: nextNone},
		{Type: "badSignatureAlgorithm", Source: rfc8555,
			Means: "The CA does not take the algorithm that requests are signed by, which is ES256.",
			Check: "every public CA takes ES256; does this one document what it wants?", Next: nextDaily},
		{Type: "caa", Source: rfc8555,
			Means: "A CAA record of the name, or of a domain above it, keeps this CA from certifying it, or could not be looked up.",
			Check: "a CAA record of the name, or of a domain above it, names other CAs: wcme certify --rehearse shows which", Next: nextDaily},
		{Type: "compound", Source: rfc8555,
			Means: "Several things are wrong, each with an error of its own.",
			Check: "look at each of the errors that follow", Next: nextDaily},
		{Type: "connection", Source: rfc8555,
			Means: "The CA could not connect to the server where it looks for the proof.",
			Check: "can the name be reached from outside?", Next: nextDaily, By: whereToLook()},
		{Type: "dns", Source: rfc8555,
			Means: "The name could not be looked up: it has no address, its servers do not answer, or its DNSSEC is broken, which no CA overlooks any more.",
			Check: "has the name an address (A or AAAA) that everybody can look up?", Next: nextDaily,
			By: map[Method]string{DNS01: "do all name servers of the zone answer, and is its DNSSEC in order? wcme check dns NAME tries it"}},
		{Type: "externalAccountRequired", Source: rfc8555,
			Means: "The CA wants the account bound to one that you have there by other means.",
			Check: "get a key identifier and an HMAC key from the CA: wcme register --eab-kid KID --eab-key-file FILE, or eab_kid and eab_key of its [authority.NAME] in wcme.toml", Next: nextDaily},
		{Type: "incorrectResponse", Source: rfc8555,
			Means: "The CA found something at the name that is not the proof.",
			Check: "does another server, or another client, answer for the name?", Next: nextDaily, By: whereToLook()},
		{Type: "invalidContact", Source: rfc8555,
			Means: "A mail address of the account is none that the CA accepts.",
			Check: "set `contact` in wcme.toml to a mail address that the CA accepts, or to none", Next: nextNone},
		{Type: "invalidProfile", Source: "draft-ietf-acme-profiles section 5",
			Means: "The CA has no such profile (any more), or does not give it to this account or for these names.",
			Check: "`wcme check ca` lists the profiles there are", Next: nextDaily},
		{Type: "malformed", Source: rfc8555,
			Means: "The CA could not make sense of the request, or does not want a part of it.",
			Check: "mend what the CA names; if it names nothing of yours, tell us", Next: nextDaily},
		{Type: "onionCAARequired", Source: "RFC 9799 section 6.4",
			Means: "The CA wants the CAA records of a Tor service within the order.",
			Check: "wCME does not certify Tor services", Next: nextDaily},
		{Type: "orderNotReady", Source: rfc8555,
			Means: "The CA was asked for a certificate before it had believed all of the names.",
			Check: "try again; the next attempt places a new order", Next: "wCME waits until the order is ready, and asks again."},
		{Type: "rateLimited", Source: rfc8555,
			Means: "The CA has been asked too often: by this account, for these names, or for others of the same domain.",
			Check: "wait; another attempt before that time would be refused too: `wcme list --json` shows the limits", Next: "wCME waits until the time that the CA gives, at most a day, and an hour where it gives none that makes sense."},
		{Type: "rejectedIdentifier", Source: rfc8555,
			Means: "The CA will not certify this name at all.",
			Check: "the CA does not certify this name; is it spelt right?", Next: nextDaily},
		{Type: "serverInternal", Source: rfc8555,
			Means: "The CA is in trouble.",
			Check: "the CA is in trouble; try again later", Next: nextSoon},
		{Type: "tls", Source: rfc8555,
			Means: "The CA could connect, but there was no agreement on TLS where it looked for the proof.",
			Check: "does the server there speak TLS 1.2 or 1.3, with whatever certificate?", Next: nextDaily, By: whereToLook()},
		{Type: "unauthorized", Source: rfc8555,
			Means: "Of a name: what the CA found there is not the proof. Of a request: the account may not do that, or is not in force any more.",
			Check: "is the account still in force there? wcme account show asks the CA; wcme register --new makes another", Next: nextDaily, By: whereToLook()},
		{Type: "unknownDelegation", Source: "RFC 9115 section 2.3",
			Means: "The order refers to a delegation that the CA does not know.",
			Check: "wCME places no such orders; was the account used by another client?", Next: nextDaily},
		{Type: "unsupportedContact", Source: rfc8555,
			Means: "The CA does not take addresses of this kind.",
			Check: "set `contact` in wcme.toml to a mail address that the CA accepts, or to none", Next: nextNone},
		{Type: "unsupportedIdentifier", Source: rfc8555,
			Means: "The CA does not certify names of this kind: an address, or a wildcard.",
			Check: "the CA does not certify this name; a profile of it may: `wcme check ca` lists them", Next: nextDaily},
		{Type: "userActionRequired", Source: rfc8555,
			Means: "The CA wants something of you, most often that you agree to its new terms of service.",
			Check: "read what the CA says, then agree: wcme account update --accept-terms",
			Next:  "wCME asks once a day whether it is done, and orders nothing before."},
	}
}

// whereToLook is for a name that a CA did not believe to be ours.
func whereToLook() map[Method]string {
	return map[Method]string{
		HTTP01:    "does http://NAME/.well-known/acme-challenge/test, from outside, say `Challenge received`? if not, map that path to wcme on port 80",
		DNS01:     "is the TXT record at _acme-challenge.NAME seen from outside? wcme check dns NAME tries it",
		TLSALPN01: "does port 443 of NAME lead to wCME for the protocol acme-tls/1? see `listen_tls` of [challenge] in wcme.toml",
	}
}
