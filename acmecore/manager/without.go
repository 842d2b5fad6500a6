package manager

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/order"
)

// namesWanted are the names of a request, checked, but for those to go on without. Where
// it gives the first name alone and has some to leave out, they are those of the record.
func (m *Manager) namesWanted(request control.CertifyRequest) ([]acmecore.Name, error) {
	names, err := namesOf(request)
	if err != nil || len(request.Without) == 0 {
		return names, err
	}
	if len(names) == 1 {
		record, err := m.recordOf(names[0])
		if err != nil {
			return nil, err
		}
		if len(record.Names) > 0 {
			if names, err = record.HostNames(); err != nil {
				return nil, err
			}
		}
	}
	return leaveOut(names, request.Without)
}

// leaveOut removes names from a list of them. The first one names the certificate, and
// stays.
func leaveOut(names, without []acmecore.Name) ([]acmecore.Name, error) {
	for _, given := range without {
		name, err := acmecore.ParseName(string(given))
		if err != nil {
			return nil, err
		}
		refused := &acmecore.Error{Kind: acmecore.Invalid, Op: "certify without", Subject: string(name)}
		switch at := slices.Index(names, name); {
		case at < 0:
			refused.Cause, refused.Hint = errors.New("it is none of the names"), "`wcme list` shows the names of a certificate"
			return nil, refused
		case at == 0:
			refused.Cause = errors.New("it is the first name, which names the certificate")
			refused.Hint = "make another certificate of the other names, or put another name first"
			return nil, refused
		default:
			names = slices.Delete(slices.Clone(names), at, at+1)
		}
	}
	return names, nil
}

// offerWithout adds to an error that some of several names were refused how to go on
// without them. No name is ever left out otherwise. Those of a request that was made
// elsewhere are its own.
func offerWithout(err error, names []acmecore.Name, requested bool) error {
	if err == nil {
		return nil
	}
	var refused []string
	for _, refusal := range refusalsOf(err, names) {
		refused = append(refused, refusal.name)
	}
	if len(refused) == 0 || len(refused) == len(names) || slices.Contains(refused, string(names[0])) {
		return err
	}
	offer := fmt.Sprintf("or order the others: the same with --without %s", strings.Join(refused, ","))
	if requested {
		offer = fmt.Sprintf("or order the others, by a request without %s", strings.Join(refused, ", "))
	}
	hint := acmecore.HintOf(err)
	switch {
	case strings.HasSuffix(hint, "?"):
		hint += " "
	case hint != "":
		hint += "; "
	}
	return &acmecore.Error{Kind: cmp.Or(acmecore.KindOf(err), acmecore.Refused), Cause: err, Hint: hint + offer}
}

// refusal is what the CA said of one of the names.
type refusal struct {
	name   string
	reason error
	hint   string
}

// refusalsOf are what an error says of single ones of the names: that the CA did not believe
// them, or would not have them in an order. Each is there once.
func refusalsOf(err error, names []acmecore.Name) (refusals []refusal) {
	var hint string // of what is around the name
	each(err, func(err error) {
		found := refusal{}
		switch about := err.(type) {
		case *acmecore.Error:
			hint = cmp.Or(about.Hint, hint)
		case *order.RefusedError:
			found.name, found.reason = about.Name, about.Reason
		case *order.NameError:
			found.name, found.reason = about.Name, about.Reason
		}
		known := slices.ContainsFunc(refusals, func(r refusal) bool { return r.name == found.name })
		found.hint = hint
		if !known && slices.Contains(names, acmecore.Name(found.name)) {
			refusals = append(refusals, found)
		}
	})
	return refusals
}
