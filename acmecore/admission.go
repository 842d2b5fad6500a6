package acmecore

import "time"

// Claim is what the script says of whoever looks at a page: the overseer believes of
// it what a web server vouches for, and looks the rest up itself.
type Claim struct {
	User    string `json:"user,omitempty"`    // whom the web server authenticated; "" for nobody
	Cookie  string `json:"cookie,omitempty"`  // of wCME's own log-in, as the browser sent it
	Agent   string `json:"agent,omitempty"`   // User-Agent
	Address string `json:"address,omitempty"` // IP address that the web server took the request from
	Host    string `json:"host,omitempty"`    // that the browser asked for, with its port where it has one
	HTTPS   bool   `json:"https,omitempty"`   // the connection to the web server is encrypted
	Proxied bool   `json:"proxied,omitempty"` // the request says that it has come by way of a proxy
	Form    string `json:"form,omitempty"`    // the token of the form that was sent; "" while nothing is
}

// Admission is whom the overseer takes a Claim for.
type Admission struct {
	Refusal Refusal `json:"refusal,omitempty"` // why it shows nothing; "" while it does
	User    string  `json:"user,omitempty"`    // inert
	Role    Role    `json:"role,omitempty"`
	Form    string  `json:"form,omitempty"`    // token for the forms of one page
	LogIn   bool    `json:"log_in,omitempty"`  // wCME's own log-in is in force: there are accounts, and a log-out
	Version string  `json:"version,omitempty"` // of the overseer
	// Silent is since when the overseer's daily work has been overdue; zero while it is
	// not.
	Silent time.Time `json:"silent,omitzero"`
}

// Refusal is why a page is not shown, in a word.
type Refusal string

// The refusals.
const (
	RefusedNobody Refusal = "nobody"   // nobody is signed in
	RefusedRole   Refusal = "no role"  // the user has none
	RefusedPlain  Refusal = "not safe" // the connection is not encrypted
	RefusedHost   Refusal = "host"     // by this name the pages are not to be asked for: another site may have made it up
)

// Role is what a user may do on the pages. Each one may what those before it may.
type Role string

// The roles.
const (
	RoleView    Role = "view"    // see everything but the audit trail and the configuration
	RoleOperate Role = "operate" // renew, load, verify and check what is configured
	RoleAdmin   Role = "admin"   // certify, restore, revoke and remove
)

// May tells whether the role includes the wanted one.
func (r Role) May(wanted Role) bool { return r.rank() > 0 && r.rank() >= wanted.rank() }

func (r Role) rank() int {
	switch r {
	case RoleView:
		return 1
	case RoleOperate:
		return 2
	case RoleAdmin:
		return 3
	}
	return 0
}
