package control

import (
	"context"
	"net/http"

	"wcme/acmecore"
)

// Overview implements Administration.
func (c *Client) Overview(ctx context.Context, query acmecore.Query) (overview acmecore.Overview, err error) {
	return overview, c.call(ctx, http.MethodPost, pathOverview, query, nil, &overview)
}

// Details implements Administration.
func (c *Client) Details(ctx context.Context, id acmecore.ID) (details acmecore.Details, err error) {
	return details, c.call(ctx, http.MethodPost, pathDetails, detailsRequest{id}, nil, &details)
}

// Choices implements Administration.
func (c *Client) Choices(ctx context.Context) (choices acmecore.Choices, err error) {
	return choices, c.call(ctx, http.MethodPost, pathChoices, struct{}{}, nil, &choices)
}

// Begin implements Administration. The key is that of the form in the context's claim.
func (c *Client) Begin(ctx context.Context, task Task, _ string) (job acmecore.Job, err error) {
	return job, c.call(ctx, http.MethodPost, pathBegin, task, nil, &job)
}

// Job implements Administration.
func (c *Client) Job(ctx context.Context, id string, after int) (job acmecore.Job, err error) {
	return job, c.call(ctx, http.MethodPost, pathJob, jobRequest{id, after}, nil, &job)
}

// Runs implements Administration.
func (c *Client) Runs(ctx context.Context, query acmecore.RunQuery) (list acmecore.RunList, err error) {
	return list, c.call(ctx, http.MethodPost, pathRuns, query, nil, &list)
}

// Run implements Administration.
func (c *Client) Run(ctx context.Context, id string) (run acmecore.Run, err error) {
	return run, c.call(ctx, http.MethodPost, pathRun, runRequest{id}, nil, &run)
}

// Log implements Administration.
func (c *Client) Log(ctx context.Context, query acmecore.LogQuery) (page acmecore.LogPage, err error) {
	return page, c.call(ctx, http.MethodPost, pathLog, query, nil, &page)
}

// Audit implements Administration.
func (c *Client) Audit(ctx context.Context, query acmecore.AuditQuery) (page acmecore.AuditPage, err error) {
	return page, c.call(ctx, http.MethodPost, pathAudit, query, nil, &page)
}

// Status implements Administration. Who asks decides whether the configuration is in
// it.
func (c *Client) Status(ctx context.Context, _ bool) (status acmecore.Status, err error) {
	return status, c.call(ctx, http.MethodPost, pathStatus, struct{}{}, nil, &status)
}

// Metrics implements Administration.
func (c *Client) Metrics(ctx context.Context) (text string, err error) {
	return text, c.call(ctx, http.MethodPost, pathMetrics, struct{}{}, nil, &text)
}

// Admit asks whom the claim of the context is taken for.
func (c *Client) Admit(ctx context.Context) (admission acmecore.Admission, err error) {
	return admission, c.call(ctx, http.MethodPost, pathAdmission, struct{}{}, nil, &admission)
}

// Account serves wCME's own log-in for the claim of the context.
func (c *Client) Account(ctx context.Context, request acmecore.AccountRequest) (answer acmecore.AccountAnswer, err error) {
	return answer, c.call(ctx, http.MethodPost, pathAccount, request, nil, &answer)
}
