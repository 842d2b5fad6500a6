package acmecore

import "time"

// Endpoint is a place where a visitor meets a certificate.
type Endpoint struct {
	Name     Name   `json:"name"`    // sent as the server name
	Address  string `json:"address"` // an IP address
	Port     int    `json:"port"`
	Protocol string `json:"protocol,omitempty"` // "smtp", "imap" or "pop3", whose STARTTLS comes first; "" for TLS at once
}

// Answer is how a place answered, in a word.
type Answer string

// The answers, from good to bad.
const (
	Serves      Answer = "serves"       // the certificate that was looked for
	ServesOther Answer = "serves other" // another certificate: most often the one before
	Silent      Answer = "silent"       // nobody answers there
	NoHandshake Answer = "no handshake" // somebody answers, but there is no handshake
	NoAddress   Answer = "no address"   // the name has no address
	Unreached   Answer = "unreached"    // this host has no way there: it says nothing of the server
)

// Proof is what a visitor saw at an endpoint.
type Proof struct {
	Endpoint
	At          time.Time `json:"at"`
	Answer      Answer    `json:"answer"`
	Fingerprint string    `json:"fingerprint,omitempty"` // SHA-256 of the leaf that was presented, hexadecimal
	Serial      string    `json:"serial,omitempty"`      // of that leaf, hexadecimal
	NotAfter    time.Time `json:"not_after,omitzero"`    // of that leaf
	Problem     string    `json:"problem,omitempty"`     // what was seen instead, inert
	Hint        string    `json:"hint,omitempty"`
}

// Placed is how a certificate stands in one target.
type Placed struct {
	Target  string   `json:"target"` // as the configuration calls it
	Files   []string `json:"files"`  // paths
	Current bool     `json:"current"`
	// Serial and NotAfter are of the certificate that is there; zero where none can
	// be read.
	Serial   string    `json:"serial,omitempty"`
	NotAfter time.Time `json:"not_after,omitzero"`
	Problem  string    `json:"problem,omitempty"` // why the files are not current, inert
	Hint     string    `json:"hint,omitempty"`
}

// Presence is where a certificate is: issued, on disk, served.
type Presence struct {
	Certificate Certificate `json:"certificate"`
	Placed      []Placed    `json:"placed"`
	Proofs      []Proof     `json:"proofs"`
	// Parted says in a sentence where they part; "" while all agree.
	Parted string `json:"parted,omitempty"`
}
