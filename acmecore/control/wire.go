package control

import (
	"encoding/json"
	"errors"
	"net/http"

	"wcme/acmecore"
)

// The addresses of the operations. The number is the protocol's version: an
// overseer that does not know it answers 404, and the client says so.
const (
	pathCertificates   = "/1/certificates"
	pathCertify        = "/1/certify"
	pathRegister       = "/1/register"
	pathCheckCA        = "/1/check/ca"
	pathCheckChallenge = "/1/check/challenge"
	pathCheckDNS       = "/1/check/dns"
	pathManage         = "/1/manage"
	pathRestore        = "/1/restore"
	pathCheckServed    = "/1/check/served"
	pathCheckLoad      = "/1/check/load"
	pathCheckReport    = "/1/check/report"
	pathRevoke         = "/1/revoke"
	pathAccountAtCA    = "/1/account-at-ca"
	pathRemove         = "/1/remove"
	pathRehearse       = "/1/rehearse"
	pathAlive          = "/1/alive"
	pathAdmission      = "/1/admission"
	pathOverview       = "/1/overview"
	pathDetails        = "/1/details"
	pathChoices        = "/1/choices"
	pathBegin          = "/1/begin"
	pathJob            = "/1/job"
	pathRuns           = "/1/runs"
	pathRun            = "/1/run"
	pathLog            = "/1/log"
	pathAudit          = "/1/audit"
	pathStatus         = "/1/status"
	pathMetrics        = "/1/metrics"
	pathAccount        = "/1/account"
)

// servedRequest and the next ones are requests that are hardly more than one value.
type servedRequest struct {
	IDs []acmecore.ID `json:"ids,omitempty"`
}

type loadRequest struct {
	Action string `json:"action,omitempty"`
}

type reportRequest struct {
	Way ReportWay `json:"way"`
}

type detailsRequest struct {
	ID acmecore.ID `json:"id"`
}

type jobRequest struct {
	ID    string `json:"id"`
	After int    `json:"after,omitempty"`
}

type runRequest struct {
	ID string `json:"id"`
}

// The limits of a request and of one line of an answer, in bytes.
const (
	maxRequest = 64 << 10
	maxLine    = 1 << 20
)

// headerClaim marks a request of a page: an acmecore.Claim as JSON in base64url.
const headerClaim = "Wcme-Claim"

// message is one line of a streamed answer: a step, or the end of the run with
// its result or its error.
type message struct {
	Step   *acmecore.Step  `json:"step,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *wireError      `json:"error,omitempty"`
}

// wireError is an acmecore.Error as it crosses the socket.
type wireError struct {
	Kind    acmecore.Kind `json:"kind"`
	Message string        `json:"message"`
	Hint    string        `json:"hint,omitempty"`
}

func newWireError(err error) *wireError {
	return &wireError{Kind: acmecore.KindOf(err), Message: err.Error(), Hint: acmecore.HintOf(err)}
}

func (e *wireError) unwire() error {
	return &acmecore.Error{Kind: e.Kind, Hint: e.Hint, Cause: errors.New(e.Message)}
}

// statusOf is for whoever looks at the socket with curl; the client reads the kind.
func statusOf(err error) int {
	switch acmecore.KindOf(err) {
	case acmecore.Invalid:
		return http.StatusBadRequest
	case acmecore.Denied:
		return http.StatusForbidden
	case acmecore.NotFound:
		return http.StatusNotFound
	case acmecore.Busy, acmecore.Stale:
		return http.StatusConflict
	case acmecore.Limited:
		return http.StatusTooManyRequests
	case acmecore.Refused, acmecore.Unreachable:
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}
