package dns

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// Settings say how records are looked for. The zero value asks the resolvers of this
// host, and waits for two minutes.
type Settings struct {
	// Resolvers are the servers, each HOST:PORT, that tell where zones and their name
	// servers are; without any, those of this host.
	Resolvers []string
	// Zone is where the records belong; found out while it is empty.
	Zone acmecore.Name
	// Proved are names that are proved in the same order: no alias may lead to one, since
	// whoever has its zone would choose what is written beside the records of a host.
	Proved []acmecore.Name
	// Unchecked leaves out the look for the records.
	Unchecked bool
	// Patience is how long a record may take to be seen everywhere; 0 is DefaultPatience.
	Patience time.Duration
	// Settle is waited for after that.
	Settle time.Duration
	// Port is where the name servers of zones listen; "" is 53.
	Port string
	// Tell is told, in sentences, what goes on; it may be nil.
	Tell func(text string)
}

// DefaultPatience is how long a record may take where nothing is said.
const DefaultPatience = 2 * time.Minute

// Finder finds out where records belong, and remembers what it was told: it is made for
// one order. Its functions may be called at the same time.
type Finder struct {
	settings Settings
	tryTime  time.Duration
	short    map[string]time.Duration // in its place, for servers that stay silent in a test
	grace    time.Duration
	free     chan struct{} // the places of maxAsked

	mu      sync.Mutex
	servers map[string]*known // of each zone
}

// known are the name servers of a zone, once they were asked for.
type known struct {
	once    sync.Once
	servers []server
	err     error
}

// NewFinder returns one that knows nothing yet.
func NewFinder(settings Settings) *Finder {
	if len(settings.Resolvers) == 0 {
		settings.Resolvers = system()
	}
	settings.Port = cmp.Or(settings.Port, defaultDNS)
	settings.Patience = cmp.Or(settings.Patience, DefaultPatience)
	return &Finder{settings: settings, tryTime: tryTime, grace: grace, free: make(chan struct{}, maxAsked), servers: make(map[string]*known)}
}

// tell says what goes on.
func (f *Finder) tell(text string) {
	if f.settings.Tell != nil {
		f.settings.Tell(acmecore.Inert(text))
	}
}

// Seen waits until every name server of the zone shows the value where a CA looks for
// that of the name, whoever has written it there; with Unchecked only for Settle. The
// errors are those of Place and Await.
func Seen(ctx context.Context, settings Settings, name acmecore.Name, value string) error {
	f := NewFinder(settings)
	if settings.Unchecked {
		return f.settle(ctx)
	}
	place, err := f.Place(ctx, name)
	if err != nil {
		return err
	}
	_, err = f.Await(ctx, place, value)
	return err
}

// resolve asks the resolvers, one after the other, until one has an answer: records, or
// that there are none.
func (f *Finder) resolve(ctx context.Context, name string, kind uint16) (answer *dns.Msg, err error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	for _, resolver := range f.settings.Resolvers {
		answer, err = f.ask(ctx, resolver, question)
		if err == nil && answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
			err = &codeError{answer.Rcode}
		}
		if err == nil || ctx.Err() != nil {
			return answer, err
		}
	}
	return nil, err
}
