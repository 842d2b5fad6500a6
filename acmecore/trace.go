package acmecore

// Trace is what came of a test record for one name: where it was written, and who has
// seen it. All texts are inert.
type Trace struct {
	Name    Name       `json:"name"`
	By      string     `json:"by"`      // the [[dns]] that is for the name
	Record  string     `json:"record"`  // the name of the record; "" where it was not found out
	Zone    string     `json:"zone"`    // that the record is in; likewise
	Aliases []string   `json:"aliases"` // the names whose CNAME records lead to the record
	Sights  []DNSSight `json:"sights"`  // one for each name server of the zone
	Seen    bool       `json:"seen"`    // by all of them
	// Milliseconds is how long that took, from the moment that the record was written.
	Milliseconds int64  `json:"milliseconds,omitempty"`
	Removed      bool   `json:"removed"` // afterwards; an acme-dns keeps it until it gets others
	Problem      string `json:"problem,omitempty"`
	Hint         string `json:"hint,omitempty"`
}

// DNSSight is what one name server shows.
type DNSSight struct {
	Server    string   `json:"server"`
	Addresses []string `json:"addresses"` // that it was asked at, each IP:PORT
	Seen      bool     `json:"seen"`
	Problem   string   `json:"problem,omitempty"` // what it shows instead
}
