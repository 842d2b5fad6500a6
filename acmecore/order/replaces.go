package order

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"wcme/acmecore"
)

// predecessor is what a newOrder is to say that it replaces; "" for nothing, as where the
// CA knows of no renewals (RFC 9773 section 5).
func (a *attempt) predecessor() string {
	if !a.renews || !isIdentifier(a.wanted.Replaces) {
		return ""
	}
	return a.wanted.Replaces
}

// replacing adds to the payload of newOrder which certificate it replaces: the library
// has no words for that.
func replacing(id string) payloadOf {
	if id == "" {
		return nil
	}
	return func(_ header, payload []byte) ([]byte, error) {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(payload, &fields); err != nil {
			return nil, err
		}
		if fields == nil {
			return nil, errors.New("the payload is no object")
		}
		fields["replaces"], _ = json.Marshal(id) // a string always has a JSON form
		return json.Marshal(fields)
	}
}

// replacedBy reads from an order object which certificate it replaces, as the CA has to
// repeat it (RFC 9773 section 5).
func replacedBy(object []byte) string {
	var fields struct{ Replaces string }
	if json.Unmarshal(object, &fields) != nil {
		return ""
	}
	return fields.Replaces
}

// isAboutPredecessor tells whether a newOrder was refused for what it says that it
// replaces: another order has done so (409), or the CA knows of no such certificate of
// ours. CAs have no type of problem in common for the latter.
func isAboutPredecessor(err error, id string) bool {
	problem := new(Problem)
	if acmecore.KindOf(err) == acmecore.Limited || !errors.As(err, &problem) {
		return false
	}
	return problem.Status == http.StatusConflict || isType(err, "alreadyReplaced") ||
		problem.mentions("replac", "certid", "given certificate", "existing order", strings.ToLower(id))
}

// mentions tells whether one of the words, in lower case, is in what the CA says.
func (p *Problem) mentions(words ...string) bool {
	detail := strings.ToLower(p.Detail)
	for _, word := range words {
		if strings.Contains(detail, word) {
			return true
		}
	}
	return false
}
