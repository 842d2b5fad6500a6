package report

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"wcme/acmecore"
)

const (
	maxChat = 1500      // characters: the strictest services take 2000
	giveUp  = time.Hour // after which an answer is no longer waited for
)

// isExcluded tells of services of the library that none asks for: mail goes its own
// way, and a log is no place for a report that is to reach somebody.
func isExcluded(scheme string) bool { return scheme == "logger" || scheme == "smtp" }

// checkChat tells whether there is a chat service of the URL's scheme.
func checkChat(address *url.URL) error {
	scheme, _, _ := strings.Cut(address.Scheme, "+")
	services := (&router.ServiceRouter{}).ListServices()
	if isExcluded(scheme) || !slices.Contains(services, scheme) {
		return invalidHook(address.String(), errors.New("there is no service of this scheme"))
	}
	return nil
}

// chat sends a message to a chat service. The library takes no context, and for some
// services has no time limit: one that does not answer keeps a goroutine, and is not
// asked again while it does.
func (r *Reporter) chat(ctx context.Context, address *url.URL, m message, note func(string)) error {
	if err := checkChat(address); err != nil {
		return err
	}
	shown := shownURL(address.String())
	if !r.begin(address.String()) {
		return unanswered(shown, errors.New("it has not yet answered to the one before"))
	}
	result := make(chan error, 1)
	go func() {
		defer r.end(address.String())
		result <- send(address.String(), chatText(m))
	}()
	select {
	case err := <-result:
		if err != nil {
			return &acmecore.Error{Kind: acmecore.Unreachable, Op: "send to", Subject: shown, Cause: errors.New(redact(err.Error(), address)),
				Hint: "is the URL as the service and https://shoutrrr.nickfedor.com want it, and is there a way there?"}
		}
		note("sent")
		return nil
	case <-ctx.Done():
		return unanswered(shown, ctx.Err())
	}
}

func unanswered(shown string, cause error) error {
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "send to", Subject: shown, Cause: cause, Hint: "does the service run, and is there a way there?"}
}

// send calls the library, whose panics end nothing here.
func send(address, text string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the service's code has failed: %v", p)
		}
	}()
	service, err := (&router.ServiceRouter{}).Locate(address)
	if err != nil {
		return err
	}
	return service.Send(text, &types.Params{})
}

// begin tells whether a service may be asked: it has answered to everything, or has
// not for so long that it never will.
func (r *Reporter) begin(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since, found := r.hanging[address]; found && time.Since(since) < giveUp {
		return false
	}
	r.hanging[address] = time.Now()
	return true
}

func (r *Reporter) end(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.hanging, address)
}

// chatText is the message as a chat shows it. What services take for a mention or a
// link is none: the text may be a stranger's.
func chatText(m message) string {
	tame := strings.NewReplacer("<", "‹", ">", "›", "@", "＠", "](", "] (")
	return cut(tame.Replace(m.Subject+"\n"+m.Text), maxChat)
}
