package install

import (
	"crypto/x509"

	"wcme/acmecore"
)

// Look tells how the target's files stand, compared with the pair: what Put would
// change. It changes nothing.
func (t Target) Look(pair Pair) acmecore.Placed {
	t = t.of(pair)
	seen := acmecore.Placed{Target: t.Name}
	p, want, err := t.open(pair)
	if err != nil {
		return troubled(seen, err)
	}
	defer p.dir.close()
	for _, name := range p.names {
		seen.Files = append(seen.Files, p.dir.join(name))
	}
	found, err := p.see()
	if err != nil {
		return troubled(seen, t.failed("look at target", err))
	}
	if leaf := t.leafIn(found[0]); leaf != nil {
		seen.Serial, seen.NotAfter = leaf.SerialNumber.Text(16), leaf.NotAfter.UTC()
	}
	if err := t.judge(&seen, p, want, found); err != nil {
		return troubled(seen, t.failed("look at target", err))
	}
	return seen
}

func troubled(seen acmecore.Placed, err error) acmecore.Placed {
	seen.Current = false
	seen.Problem, seen.Hint = acmecore.Inert(err.Error()), acmecore.HintOf(err)
	return seen
}

// judge says whether the files are current, and if not, why.
func (t Target) judge(seen *acmecore.Placed, p *place, want []output, found []entry) error {
	var contents [][]byte
	for i, one := range want {
		rights, err := t.rights(p.dir, one, found[i])
		if err != nil {
			return err
		}
		if problem := t.differs(p, one, rights, found[i]); seen.Problem == "" {
			seen.Problem = problem
		}
		if found[i].whole() {
			contents = append(contents, found[i].content)
		}
	}
	seen.Current = seen.Problem == ""
	switch {
	case seen.Current:
		seen.Serial, seen.NotAfter = want[0].leaf.SerialNumber.Text(16), want[0].leaf.NotAfter.UTC()
		return nil
	case len(contents) == len(want) && !t.keyless && t.parted(contents):
		seen.Problem = seen.Files[0] + " does not have its key"
	case len(contents) > 0 && seen.Serial != "" && seen.Serial != want[0].leaf.SerialNumber.Text(16):
		seen.Problem = seen.Files[0] + " holds another certificate"
	}
	seen.Problem = acmecore.Inert(seen.Problem)
	seen.Hint = "wcme manage puts it right"
	if count(found, obstacle) > 0 {
		seen.Hint = "move away what is no file, or choose another name with `file`"
	}
	return nil
}

// leafIn returns the certificate in a target's first file; nil where there is none
// to be read.
func (t Target) leafIn(found entry) *x509.Certificate {
	switch {
	case !found.whole():
		return nil
	case t.format() != PKCS12:
		return t.leafOf(found.content)
	case found.trusted():
		return t.leafOfPKCS12(found.content)
	}
	return nil
}
