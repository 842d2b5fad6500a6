package gallery

import (
	"context"
	"errors"
	"reflect"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// Overseer answers what was put into it; the error, where there is one, to all. What is
// nil is not there.
type Overseer struct {
	Admission *acmecore.Admission // nil admits every user of the web server as an admin
	Err       error
	Absent    error // nobody answers, not even about who may see something

	payloads *payloads // stand in place of what it says; nil replaces nothing

	OnOverview func(acmecore.Query) acmecore.Overview
	OnDetails  func(acmecore.ID) (acmecore.Details, error)
	OnChoices  func() acmecore.Choices
	OnBegin    func(control.Task) (acmecore.Job, error)
	OnJob      func(id string, after int) (acmecore.Job, error)
	OnRuns     func(acmecore.RunQuery) acmecore.RunList
	OnRun      func(id string) (acmecore.Run, error)
	OnLog      func(acmecore.LogQuery) acmecore.LogPage
	OnAudit    func(acmecore.AuditQuery) acmecore.AuditPage
	OnStatus   func() acmecore.Status
	OnMetrics  func() string
	OnAccount  func(acmecore.AccountRequest) (acmecore.AccountAnswer, error)

	mu sync.Mutex
	// Claims and Tasks are what was asked, in order.
	Claims []acmecore.Claim
	Tasks  []control.Task
}

// errNothing is what a scene answers that has nothing to answer.
var errNothing = &acmecore.Error{Kind: acmecore.NotFound, Op: "look for it", Cause: errors.New("the gallery has nothing of that")}

// Admit implements web.Overseer.
func (o *Overseer) Admit(ctx context.Context) (acmecore.Admission, error) {
	claim, _ := control.ClaimFrom(ctx)
	o.mu.Lock()
	o.Claims = append(o.Claims, claim)
	o.mu.Unlock()
	switch {
	case o.Absent != nil && o.payloads != nil:
		return acmecore.Admission{}, o.payloads.inError(o.Absent)
	case o.Absent != nil:
		return acmecore.Admission{}, o.Absent
	case o.Admission != nil:
		return *o.Admission, nil
	case claim.User == "":
		return acmecore.Admission{Refusal: acmecore.RefusedNobody}, nil
	}
	return acmecore.Admission{User: acmecore.Inert(claim.User), Role: acmecore.RoleAdmin, Form: "token", Version: "1.0"}, nil
}

// Account implements web.Overseer.
func (o *Overseer) Account(_ context.Context, request acmecore.AccountRequest) (acmecore.AccountAnswer, error) {
	return answer(o, o.OnAccount != nil, func() (acmecore.AccountAnswer, error) { return o.OnAccount(request) })
}

// answer is what a function of the scene says, unless there is an error or none.
func answer[A any](o *Overseer, there bool, say func() (A, error)) (said A, err error) {
	switch {
	case o.Err != nil:
		err = o.Err
	case !there:
		err = errNothing
	default:
		said, err = say()
	}
	if o.payloads == nil {
		return said, err
	}
	if err != nil {
		err = o.payloads.inError(err)
	}
	return o.payloads.of(reflect.ValueOf(said)).Interface().(A), err
}

// Overview implements control.Administration. What asks for no page asks for the first.
func (o *Overseer) Overview(_ context.Context, query acmecore.Query) (acmecore.Overview, error) {
	query.Page = max(query.Page, 1)
	return answer(o, o.OnOverview != nil, func() (acmecore.Overview, error) { return o.OnOverview(query), nil })
}

// Details implements control.Administration.
func (o *Overseer) Details(_ context.Context, id acmecore.ID) (acmecore.Details, error) {
	return answer(o, o.OnDetails != nil, func() (acmecore.Details, error) { return o.OnDetails(id) })
}

// Choices implements control.Administration.
func (o *Overseer) Choices(context.Context) (acmecore.Choices, error) {
	return answer(o, o.OnChoices != nil, func() (acmecore.Choices, error) { return o.OnChoices(), nil })
}

// Begin implements control.Administration.
func (o *Overseer) Begin(_ context.Context, task control.Task, _ string) (acmecore.Job, error) {
	o.mu.Lock()
	o.Tasks = append(o.Tasks, task)
	o.mu.Unlock()
	return answer(o, o.OnBegin != nil, func() (acmecore.Job, error) { return o.OnBegin(task) })
}

// Job implements control.Administration.
func (o *Overseer) Job(_ context.Context, id string, after int) (acmecore.Job, error) {
	return answer(o, o.OnJob != nil, func() (acmecore.Job, error) { return o.OnJob(id, after) })
}

// Runs implements control.Administration.
func (o *Overseer) Runs(_ context.Context, query acmecore.RunQuery) (acmecore.RunList, error) {
	return answer(o, o.OnRuns != nil, func() (acmecore.RunList, error) { return o.OnRuns(query), nil })
}

// Run implements control.Administration.
func (o *Overseer) Run(_ context.Context, id string) (acmecore.Run, error) {
	return answer(o, o.OnRun != nil, func() (acmecore.Run, error) { return o.OnRun(id) })
}

// Log implements control.Administration.
func (o *Overseer) Log(_ context.Context, query acmecore.LogQuery) (acmecore.LogPage, error) {
	return answer(o, o.OnLog != nil, func() (acmecore.LogPage, error) { return o.OnLog(query), nil })
}

// Audit implements control.Administration.
func (o *Overseer) Audit(_ context.Context, query acmecore.AuditQuery) (acmecore.AuditPage, error) {
	return answer(o, o.OnAudit != nil, func() (acmecore.AuditPage, error) { return o.OnAudit(query), nil })
}

// Status implements control.Administration.
func (o *Overseer) Status(context.Context, bool) (acmecore.Status, error) {
	return answer(o, o.OnStatus != nil, func() (acmecore.Status, error) { return o.OnStatus(), nil })
}

// Metrics implements control.Administration.
func (o *Overseer) Metrics(context.Context) (string, error) {
	return answer(o, o.OnMetrics != nil, func() (string, error) { return o.OnMetrics(), nil })
}
