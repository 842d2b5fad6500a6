package control

import (
	"context"
	"net/http"

	"wcme/acmecore"
)

// own are the operations of the command line: of root and the overseer's own user.
func (s *Server) own() map[string]run {
	return map[string]run{
		"GET " + pathCertificates: s.list,
		"GET " + pathCheckCA:      s.checkCA,
		"POST " + pathCheckChallenge: running(func(c context.Context, q ChallengeRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckChallenge(c, q, p)
		}),
		"POST " + pathCheckDNS: running(func(c context.Context, q DNSRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckDNS(c, q, p)
		}),
		"POST " + pathCertify: running(func(c context.Context, q CertifyRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Certify(c, q, p)
		}),
		"POST " + pathRegister: running(func(c context.Context, q RegisterRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Register(c, q, p)
		}),
		"POST " + pathManage: running(func(c context.Context, q ManageRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Manage(c, q, p)
		}),
		"POST " + pathRestore: running(func(c context.Context, q RestoreRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Restore(c, q, p)
		}),
		"POST " + pathRevoke: running(func(c context.Context, q RevokeRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Revoke(c, q, p)
		}),
		"POST " + pathAccountAtCA: running(func(c context.Context, q AccountAtCARequest, p acmecore.Progress) (any, error) {
			return s.Operations.AccountAtCA(c, q, p)
		}),
		"POST " + pathRemove: running(func(c context.Context, q RemoveRequest, p acmecore.Progress) (any, error) {
			return struct{}{}, s.Operations.Remove(c, q, p)
		}),
		"POST " + pathRehearse: running(func(c context.Context, q CertifyRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Rehearse(c, q, p)
		}),
		"POST " + pathCheckServed: running(func(c context.Context, q servedRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckServed(c, q.IDs, p)
		}),
		"POST " + pathCheckLoad: running(func(c context.Context, q loadRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckLoad(c, q.Action, p)
		}),
		"POST " + pathCheckReport: running(func(c context.Context, q reportRequest, p acmecore.Progress) (any, error) {
			return struct{}{}, s.Operations.CheckReport(c, q.Way, p)
		}),
		"GET " + pathAlive: s.alive,
	}
}

// operation is one that pages can ask for too, and the role that it takes.
type operation struct {
	role acmecore.Role
	run  run
}

// shared are the operations of the pages, which the command line may ask for as well.
func (s *Server) shared() map[string]operation {
	const view, operate, admin = acmecore.RoleView, acmecore.RoleOperate, acmecore.RoleAdmin
	return map[string]operation{
		"POST " + pathOverview: {view, asking(func(c context.Context, q acmecore.Query) (any, error) { return s.Administration.Overview(c, q) })},
		"POST " + pathDetails:  {view, asking(func(c context.Context, q detailsRequest) (any, error) { return s.Administration.Details(c, q.ID) })},
		"POST " + pathChoices:  {operate, asking(func(c context.Context, _ struct{}) (any, error) { return s.Administration.Choices(c) })},
		"POST " + pathJob:      {view, asking(func(c context.Context, q jobRequest) (any, error) { return s.Administration.Job(c, q.ID, q.After) })},
		"POST " + pathRuns:     {view, asking(func(c context.Context, q acmecore.RunQuery) (any, error) { return s.Administration.Runs(c, q) })},
		"POST " + pathRun:      {view, asking(func(c context.Context, q runRequest) (any, error) { return s.Administration.Run(c, q.ID) })},
		"POST " + pathLog:      {view, asking(func(c context.Context, q acmecore.LogQuery) (any, error) { return s.Administration.Log(c, q) })},
		"POST " + pathAudit:    {admin, asking(func(c context.Context, q acmecore.AuditQuery) (any, error) { return s.Administration.Audit(c, q) })},
		"POST " + pathMetrics:  {view, asking(func(c context.Context, _ struct{}) (any, error) { return s.Administration.Metrics(c) })},
		"POST " + pathStatus:   {view, s.status},
		"POST " + pathBegin:    {operate, s.begin},
	}
}

// run is an operation as HTTP has it.
type run func(*http.Request, asked, acmecore.Progress) (any, error)

// running makes a run of an operation that takes its time.
func running[Q any](do func(context.Context, Q, acmecore.Progress) (any, error)) run {
	return func(r *http.Request, _ asked, progress acmecore.Progress) (any, error) {
		var request Q
		if err := decode(r, &request); err != nil {
			return nil, err
		}
		return do(r.Context(), request, progress)
	}
}

// asking makes a run of one that looks something up.
func asking[Q any](do func(context.Context, Q) (any, error)) run {
	return running(func(ctx context.Context, request Q, _ acmecore.Progress) (any, error) { return do(ctx, request) })
}
