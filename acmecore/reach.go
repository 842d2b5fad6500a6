package acmecore

import "strings"

// ProbePrefix is what the tokens begin with that `wcme check challenge` makes: no
// CA's do. At least 128 random bits follow it, so that nobody but whoever made the
// token can ask for it.
const ProbePrefix = "wcme-probe-"

// IsProbe tells whether what was asked for can be such a token, in whatever case
// it has arrived.
func IsProbe(asked string) bool {
	return len(asked) > len(ProbePrefix) && strings.EqualFold(asked[:len(ProbePrefix)], ProbePrefix)
}

// The headers that one wCME sends another. HeaderRelay marks what is relayed: who is
// asked with it relays no further, so that two which relay to each other end at
// once. HeaderReceived is in the answer to a pending probe, and in no other: a
// Received as JSON.
const (
	HeaderRelay    = "Wcme-Relay"
	HeaderReceived = "Wcme-Received"
)

// Reach is how far a challenge of one name gets: what a CA would see that asked
// for it, and what that means.
type Reach struct {
	Name     Name      `json:"name"`
	Answered bool      `json:"answered"` // rightly, at every address
	Path     string    `json:"path"`     // of the challenge, as it was sent; "" when nobody was asked
	Visits   []Visit   `json:"visits"`   // one for each address, those of IPv6 first, as a CA takes them
	Findings []Finding `json:"findings"` // what concerns no single address
	// Ways are the ways to prove the name: first those that are tried, in their order, then
	// the methods by which it cannot be proved.
	Ways []Way `json:"ways,omitempty"`
}

// Way is how a name is proved by one method, or why not. All texts are inert.
type Way struct {
	Method  Method `json:"method"`
	By      string `json:"by,omitempty"`      // what answers
	Last    bool   `json:"last,omitempty"`    // it is the one by which the name was last proved
	Failed  bool   `json:"failed,omitempty"`  // it has failed since
	Problem string `json:"problem,omitempty"` // why it cannot be; "" where it can
	Try     string `json:"try,omitempty"`     // against that
}

// Visit is what came of asking at one address of a name.
type Visit struct {
	Address  string    `json:"address"`
	Answered bool      `json:"answered"`           // rightly
	Hops     []Hop     `json:"hops"`               // the first request, and one for each redirect followed
	Received *Received `json:"received,omitempty"` // what arrived at wCME, where it was wCME that answered
	Body     string    `json:"body,omitempty"`     // the beginning of a wrong answer, inert
	Findings []Finding `json:"findings"`
}

// Hop is one request and its answer. All texts are inert.
type Hop struct {
	URL      string `json:"url"`
	Address  string `json:"address"`            // that was connected to, with its port
	Status   int    `json:"status,omitempty"`   // 0 where no answer came
	Location string `json:"location,omitempty"` // where it redirects to, as it stands there
	Server   string `json:"server,omitempty"`   // what the server calls itself
}

// Received is a challenge's request as it arrived at wCME behind a web server.
type Received struct {
	Path     string `json:"path"`     // from the root of the site, what wCME is mounted at included
	Host     string `json:"host"`     // with its port, where there is one
	Protocol string `json:"protocol"` // "HTTP/1.1"
	Address  string `json:"address"`  // whom the web server took the request from
}

// Finding is one thing that was found out.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	Wrong   bool    `json:"wrong"`         // a CA would not accept the name; otherwise it is a note
	Text    string  `json:"text"`          // what is so, inert
	Try     string  `json:"try,omitempty"` // what to try
}

// Verdict is a Finding in a word.
type Verdict string

// The verdicts. Those from Unresolved to NoWay say that something is wrong.
const (
	Reached       Verdict = "reached"       // wCME has answered rightly
	Served        Verdict = "served"        // somebody else has: a web server that serves the files
	Redirected    Verdict = "redirected"    // an answer was found by way of another address
	CaseChanged   Verdict = "case changed"  // the token arrived in another case
	HostChanged   Verdict = "host changed"  // the host arrived as another one
	Private       Verdict = "private"       // an address that the Internet does not know
	Unresolved    Verdict = "unresolved"    // the name has no address
	NoConnection  Verdict = "no connection" // nobody accepts connections
	NoRoute       Verdict = "no route"      // this host has no way there
	NoAnswer      Verdict = "no answer"     // a connection, and no answer in time or none of HTTP
	NoTLS         Verdict = "no TLS"        // a redirect to https that is none
	OtherRoot     Verdict = "other root"    // wCME answers, from another state directory
	Unmapped      Verdict = "unmapped"      // the path does not lead to wCME
	Guarded       Verdict = "guarded"       // somebody has to sign in
	OtherStatus   Verdict = "other status"  // an error of the server
	BadRedirect   Verdict = "bad redirect"  // one that no CA follows
	OtherAnswer   Verdict = "other answer"  // somebody else answers
	TooLong       Verdict = "too long"      // the answer goes on behind its end
	TooManyPlaces Verdict = "too many addresses"
	Partly        Verdict = "partly"    // some addresses answer, others do not
	NoWay         Verdict = "no way"    // nothing is set up by which the name could be proved
	OtherWay      Verdict = "other way" // not http-01: nobody was asked
)
