package manager

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
	"wcme/acmecore/renew"
)

// certifying obtains a certificate.
func (m *Manager) certifying(task control.Task) (errand, error) {
	request, plan, err := m.orderable(task.Certify)
	if err != nil {
		return errand{}, err
	}
	_, serves := m.serves(plan)
	orders := request.Force || !serves // otherwise it is kept
	if orders {
		err = m.mayOrder(plan.authority)
	}
	return errand{string(plan.id), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		if orders {
			release, err := m.reserve(plan.authority)
			if err != nil {
				m.auditRefused(ctx, task, err)
				return acmecore.JobResult{}, err
			}
			defer release()
		}
		began := time.Now()
		_, err := m.Certify(ctx, request, progress)
		return m.treatedSince(began, plan.id), err
	}}, err
}

// rehearsing says what would happen then.
func (m *Manager) rehearsing(task control.Task) (errand, error) {
	request, plan, err := m.orderable(task.Certify)
	if err != nil {
		return errand{}, err
	}
	return errand{string(plan.id), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		rehearsal, err := m.rehearse(ctx, request, true, progress)
		if err != nil {
			return acmecore.JobResult{}, err
		}
		return acmecore.JobResult{Rehearsal: &rehearsal}, nil
	}}, nil
}

// orderable checks what a page wants to order: it chooses by names alone.
func (m *Manager) orderable(asked *control.CertifyRequest) (request control.CertifyRequest, p *plan, err error) {
	if asked == nil {
		return request, nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "certify", Cause: errors.New("nothing is said of the certificate")}
	}
	if asked.CSR != nil || asked.PrivateKey != nil {
		return request, nil, &acmecore.Error{Kind: acmecore.Denied, Op: "certify", Cause: errors.New("keys and requests made elsewhere are not taken from pages"),
			Hint: "use the command line: wcme certify --csr, or --key-file"}
	}
	if offered := offeredOf(*asked); !reflect.DeepEqual(*asked, offered) {
		return request, nil, &acmecore.Error{Kind: acmecore.Denied, Op: "certify", Cause: errors.New("pages choose names, CA, profile, key, targets and load actions alone"),
			Hint: "use the command line for the rest: wcme certify"}
	}
	names, err := namesOf(*asked)
	if err == nil {
		err = m.named(asked.CA)
	}
	for _, kind := range asked.Keys {
		if err == nil {
			_, err = acmecore.ParseKeyType(string(kind))
		}
	}
	if err == nil && !isProfile(asked.Profile) {
		err = &acmecore.Error{Kind: acmecore.Invalid, Op: "profile", Subject: fmt.Sprintf("%q", acmecore.Inert(asked.Profile)),
			Cause: errors.New("is no name of one"), Hint: "`wcme check ca` lists those of the CA"}
	}
	if err != nil {
		return request, nil, err
	}
	if p, err = m.plan(names, *asked); err != nil {
		return request, nil, err
	}
	_, err = m.kinds(p)
	return *asked, p, err
}

// offeredOf is what the form offers of a request.
func offeredOf(asked control.CertifyRequest) control.CertifyRequest {
	return control.CertifyRequest{Names: asked.Names, CA: asked.CA, Keys: asked.Keys, Profile: asked.Profile, Force: asked.Force,
		Install: asked.Install, Load: asked.Load}
}

// named refuses an authority that is none of the configuration's own, nor a preset: a
// page must not choose whom the overseer talks to.
func (m *Manager) named(ca string) error {
	if ca == "" || slices.Contains(m.authorities(), ca) {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "ca", Subject: fmt.Sprintf("%q", acmecore.Inert(ca)),
		Cause: errors.New("there is no such authority in the configuration"), Hint: "add it to wcme.toml as [authority.NAME], and send the overseer SIGHUP"}
}

// maxProfile is how long the name of a profile may be, in bytes.
const maxProfile = 64

// isProfile tells whether a text can be the name of a profile; "" leaves it to the CA.
func isProfile(text string) bool {
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	return len(text) <= maxProfile && !strings.ContainsFunc(text, odd)
}

// renewing obtains a certificate that need not be due.
func (m *Manager) renewing(task control.Task) (errand, error) {
	return errand{string(task.ID), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		run, err := m.Manage(ctx, control.ManageRequest{Force: []acmecore.ID{task.ID}, Now: true}, progress)
		result := m.treatedSince(time.Now(), task.ID)
		result.Run = &run
		return result, errors.Join(err, problemOf("renew", run))
	}}, m.mayRenew(task)
}

// mayRenew checks that the task's certificate is managed, and that its CA may be asked
// now. A record that names no CA that there is says so when it is renewed.
func (m *Manager) mayRenew(task control.Task) error {
	if err := m.one(task); err != nil {
		return err
	}
	_, record := m.read(task.ID)
	_, authority, err := m.Config().Find(m.firstCA(record))
	if err != nil {
		return nil
	}
	return m.mayOrder(authority)
}

// loadingOne brings one certificate into service: its load actions run whether they have
// loaded it or not, and then it is looked whether visitors are served it.
func (m *Manager) loadingOne(task control.Task) (errand, error) {
	work := func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		began := time.Now()
		err := m.audited(ctx, string(control.DeedLoad), string(task.ID), func(*audit.Entry) error { return m.loadAgain(ctx, task.ID, progress) })
		return m.treatedSince(began, task.ID), err
	}
	return errand{string(task.ID), work}, m.one(task)
}

// loadAgain forgets what the actions have loaded, so that the pipeline loads it.
func (m *Manager) loadAgain(ctx context.Context, id acmecore.ID, progress acmecore.Progress) error {
	release, err := m.busy.Hold(ctx, string(id))
	if err != nil {
		return err
	}
	defer release()
	c := m.facts(id)
	if state := c.State(m.now()); state != acmecore.Valid && state != acmecore.Due {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "run the load of", Subject: string(id), Cause: fmt.Errorf("the certificate is %s", state),
			Hint: "obtain it first: renew it"}
	}
	standing, err := m.root.Standing(id)
	if err != nil {
		return err
	}
	standing.Loaded = nil
	if err := m.root.PutStanding(id, standing); err != nil {
		return err
	}
	_, err = m.pipeline.One(ctx, renew.Request{Trigger: string(control.DeedLoad), By: control.CallerFrom(ctx)}, id, nil, progress)
	return acmecore.InterruptedOr(err, "run the load of", string(id))
}

// verifying looks at a certificate as visitors do.
func (m *Manager) verifying(task control.Task) (errand, error) {
	return errand{string(task.ID), m.look([]acmecore.ID{task.ID})}, m.one(task)
}

// restoring goes back to another version.
func (m *Manager) restoring(task control.Task) (errand, error) {
	if err := m.oneVersion(task); err != nil {
		return errand{}, err
	}
	return errand{string(task.ID), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		began := time.Now()
		_, err := m.Restore(ctx, control.RestoreRequest{ID: task.ID, Version: task.Version}, progress)
		return m.treatedSince(began, task.ID), err
	}}, nil
}

// revoking has the CA revoke a version.
func (m *Manager) revoking(task control.Task) (errand, error) {
	if err := m.oneVersion(task); err != nil {
		return errand{}, err
	}
	return errand{string(task.ID), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		began := time.Now()
		_, err := m.Revoke(ctx, control.RevokeRequest{ID: task.ID, Version: task.Version, Reason: task.Reason}, progress)
		return m.treatedSince(began, task.ID), err
	}}, nil
}

// oneVersion checks that the certificate is managed, and that the version is kept where
// one is named.
func (m *Manager) oneVersion(task control.Task) error {
	if err := m.one(task); err != nil || task.Version == "" {
		return err
	}
	versions, err := m.root.Versions(task.ID)
	if err == nil && !slices.ContainsFunc(versions, func(v acmecore.Version) bool { return v.Name == task.Version }) {
		err = &acmecore.Error{Kind: acmecore.NotFound, Op: string(task.Deed), Subject: fmt.Sprintf("%s version %q", task.ID, acmecore.Inert(task.Version)),
			Cause: errors.New("it is not kept"), Hint: "the certificate's page lists the versions that are"}
	}
	return err
}

// removing stops managing a certificate.
func (m *Manager) removing(task control.Task) (errand, error) {
	return errand{string(task.ID), func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		return acmecore.JobResult{}, m.Remove(ctx, control.RemoveRequest{ID: task.ID}, progress)
	}}, m.one(task)
}

// managing makes a pass over all certificates.
func (m *Manager) managing(control.Task) (errand, error) {
	return errand{"", func(ctx context.Context, progress acmecore.Progress) (acmecore.JobResult, error) {
		run, err := m.Manage(ctx, control.ManageRequest{}, progress)
		problem := problemOf("manage", run)
		more := shorten(&run)
		return acmecore.JobResult{Run: &run, More: more}, errors.Join(err, problem)
	}}, nil
}
