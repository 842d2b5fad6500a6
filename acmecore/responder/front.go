package responder

import (
	"errors"
	"fmt"
	"net"
)

// front is what listens for the challenges of one method, at any number of addresses.
// The responder's mutex guards it.
type front struct {
	*Responder
	words     words
	serving   func() server // makes what answers at an address
	addresses []string      // as the settings have them
	given     []net.Listener
	held      int              // how often it was opened and not yet released
	doors     map[string]*door // by address
}

// words are what a front is called.
type words struct {
	challenges string // that it answers
	key        string // of [challenge], which has the addresses
	usual      string // address
	taken      string // what to try where another program has the port
}

// open is Responder.Open.
func (f *front) open() (release func(), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held++
	if err := f.adjust(); err != nil {
		f.letGo()
		return nil, err
	}
	return onceWith(&f.mu, f.letGo), nil
}

// letGo is the end of one open.
func (f *front) letGo() {
	f.held--
	f.unbind(f.wanted())
}

// adjust makes what is bound what should be.
func (f *front) adjust() error {
	wanted := f.wanted()
	f.unbind(wanted)
	var problems []error
	for address := range wanted {
		if f.doors[address] == nil {
			problems = append(problems, f.bind(address))
		}
	}
	return errors.Join(problems...)
}

func (f *front) unbind(wanted map[string]bool) {
	for address, door := range f.doors {
		if !wanted[address] && !door.given {
			f.shut(address)
		}
	}
}

// wanted are the addresses to be bound now.
func (f *front) wanted() map[string]bool {
	wanted := make(map[string]bool)
	if f.isGiven() {
		return wanted
	}
	if f.held > 0 || f.settings.Always {
		for _, address := range f.addresses {
			wanted[address] = true
		}
	}
	return wanted
}

// isGiven tells whether systemd's sockets take the place of the addresses.
func (f *front) isGiven() bool {
	for _, door := range f.doors {
		if door.given {
			return true
		}
	}
	return false
}

// answers tells whether it is set up to listen anywhere.
func (f *front) answers() bool { return len(f.addresses) > 0 || f.isGiven() }

func (f *front) bind(address string) error {
	listener, err := f.words.listen(address)
	if err != nil {
		return err
	}
	f.serve(address, listener, false)
	f.log().Info("answering "+f.words.challenges, "address", address)
	return nil
}

// serveGiven serves the sockets from systemd, the first time.
func (f *front) serveGiven() {
	for i, listener := range f.given {
		f.serve(fmt.Sprintf("socket %d from systemd", i+1), listener, true)
		f.log().Info("answering "+f.words.challenges, "address", listener.Addr().String(), "socket", "from systemd")
	}
	f.given = nil
}

func (f *front) serve(address string, listener net.Listener, given bool) {
	opened := &door{listener: listener, server: f.serving(), finishes: finishTime + f.slack, given: given}
	f.doors[address] = opened
	go func() {
		if err := opened.serve(); err != nil {
			f.lost(address, opened, err)
		}
	}()
}

// lost forgets a door that has fallen shut, so that the next open opens it again.
func (f *front) lost(address string, fallen *door, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.doors[address] != fallen {
		return
	}
	f.log().Error(f.words.challenges+" are no longer answered", "address", address, "error", err)
	delete(f.doors, address)
}

// shut unbinds an address: when it returns, the port is free.
func (f *front) shut(address string) {
	closed := f.doors[address]
	delete(f.doors, address)
	closed.unbind()
	f.closing.Go(closed.finish)
	if !closed.given {
		f.log().Info("no longer answering "+f.words.challenges, "address", address)
	}
}

// close shuts all doors, also those that are held open.
func (f *front) close() {
	for address := range f.doors {
		f.shut(address)
	}
	f.addresses = nil
}
