package proving

import (
	"errors"

	"wcme/acmecore"
)

// Sweep removes what killed runs have left of challenges, and marks what hooks are to
// end: see SweepHooks. It is called while no order is in flight and nobody publishes. Of
// an order whose run was killed the CA may yet fetch a challenge, until the next run takes
// it up.
func (p *Prover) Sweep() error {
	return errors.Join(p.leaveHooks(), p.sweepTXT(), p.files().sweep())
}

// SweepProbes withdraws what a killed check has left, also while an order is in
// flight: nobody will ask for a probe again.
func (p *Prover) SweepProbes() error {
	files := p.files()
	pending, err := files.www.Pending()
	for token, authorization := range pending {
		if acmecore.IsProbe(string(token)) {
			err = errors.Join(err, files.withdrawCopies(token, authorization), files.www.Withdraw(token))
		}
	}
	return err
}

// sweep removes what killed runs have left: copies first, because only ROOT/www
// tells that they are ours.
func (f *Files) sweep() error {
	pending, err := f.www.Pending()
	if err != nil {
		return err
	}
	var problems []error
	for token, authorization := range pending {
		problems = append(problems, f.withdrawCopies(token, authorization))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	return f.www.Sweep()
}
