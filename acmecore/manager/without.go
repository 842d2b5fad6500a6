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
// without them. No name is ever left out otherwise.
func offerWithout(err error, names []acmecore.Name) error {
	if err == nil {
		return nil
	}
	var refused []string
	each(err, func(err error) {
		if name, is := err.(*order.RefusedError); is && slices.Contains(names, acmecore.Name(name.Name)) && !slices.Contains(refused, name.Name) {
			refused = append(refused, name.Name)
		}
	})
	if len(refused) == 0 || len(refused) == len(names) || slices.Contains(refused, string(names[0])) {
		return err
	}
	offer := fmt.Sprintf("or order the others: the same with --without %s", strings.Join(refused, ","))
	hint := acmecore.HintOf(err)
	if hint != "" {
		hint += "; "
	}
	return &acmecore.Error{Kind: cmp.Or(acmecore.KindOf(err), acmecore.Refused), Cause: err, Hint: hint + offer}
}
