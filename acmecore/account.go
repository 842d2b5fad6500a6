package acmecore

// AccountRequest is what somebody asks of wCME's own log-in.
type AccountRequest struct {
	Deed string `json:"deed"`
}

// AccountAnswer is what the log-in answers.
type AccountAnswer struct {
	Cookie string `json:"cookie,omitempty"` // to be set; "" changes none
}
