package probe

import (
	"encoding/json"

	"wcme/acmecore"
)

// maxReceived is how long what acmecore.HeaderReceived says may be, in bytes.
const maxReceived = 2 << 10

// parseReceived reads what wCME says of the request; nil where nothing is said that
// can be read. Anybody may have written it: each text is inert.
func parseReceived(value string) *acmecore.Received {
	if value == "" || len(value) > maxReceived {
		return nil
	}
	r := new(acmecore.Received)
	if err := json.Unmarshal([]byte(value), r); err != nil {
		return nil
	}
	for _, text := range []*string{&r.Path, &r.Host, &r.Protocol, &r.Address} {
		*text = acmecore.Inert(*text)
	}
	return r
}
