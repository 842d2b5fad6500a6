package acmecore

import "time"

// Status is how the overseer is, and what it sees around it.
type Status struct {
	Now      time.Time       `json:"now"`
	Version  string          `json:"version"`
	Commit   string          `json:"commit,omitempty"`
	Go       string          `json:"go"`
	Host     string          `json:"host"`
	Process  int             `json:"process"`
	User     string          `json:"user"` // whom it runs as
	Root     string          `json:"root"` // the state directory
	Since    time.Time       `json:"since"`
	LastPass time.Time       `json:"last_pass,omitzero"`
	LastRun  string          `json:"last_run,omitempty"` // the run of the last pass
	NextPass time.Time       `json:"next_pass,omitzero"`
	Managed  int             `json:"managed"`
	States   map[State]int   `json:"states"`
	Services map[Service]int `json:"services"`
}
