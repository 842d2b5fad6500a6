package acmecore

import "time"

// AccountDeed is what somebody asks of wCME's own log-in.
type AccountDeed string

// The deeds. Those after AccountWelcome are for whoever is signed in.
const (
	AccountLogIn         AccountDeed = "log in"               // by User and Password; by Ticket and Code; by Ticket and Credential
	AccountOffer         AccountDeed = "offer a log-in"       // answers with the Passkey to log in with
	AccountLink          AccountDeed = "look at a link"       // answers with the User of the Link
	AccountWelcome       AccountDeed = "take a link"          // by Link and NewPassword
	AccountLogOut        AccountDeed = "log out"              // ends this session
	AccountLogOutAll     AccountDeed = "log out everywhere"   // ends every session of the user
	AccountEnd           AccountDeed = "end a session"        // the one of ID
	AccountOwn           AccountDeed = "look at an account"   // answers with Own
	AccountPassword      AccountDeed = "change the password"  // by Password and NewPassword
	AccountNewCodes      AccountDeed = "begin with codes"     // answers with Codes and a Ticket
	AccountConfirmCodes  AccountDeed = "confirm codes"        // by Ticket, Code and Password
	AccountRemoveCodes   AccountDeed = "remove codes"         // by Password
	AccountNewPasskey    AccountDeed = "begin with a passkey" // answers with Passkey and a Ticket
	AccountAddPasskey    AccountDeed = "add a passkey"        // by Ticket, Credential, Name and Password
	AccountRemovePasskey AccountDeed = "remove a passkey"     // the one of ID, by Password
)

// AccountRequest is what somebody asks of wCME's own log-in.
type AccountRequest struct {
	Deed        AccountDeed `json:"deed"`
	User        string      `json:"user,omitempty"`
	Password    string      `json:"password,omitempty"`     // the one in force
	NewPassword string      `json:"new_password,omitempty"` // the one to come
	Code        string      `json:"code,omitempty"`         // of a second factor (RFC 6238), six digits
	Credential  string      `json:"credential,omitempty"`   // what the browser says of a passkey: JSON (WebAuthn level 3, section 5.1)
	Ticket      string      `json:"ticket,omitempty"`       // of the answer before
	Link        string      `json:"link,omitempty"`         // the secret of a one-time link
	Name        string      `json:"name,omitempty"`         // of a passkey
	ID          string      `json:"id,omitempty"`           // of a session or a passkey
}

// AccountAnswer is what the log-in answers.
type AccountAnswer struct {
	Cookie  string `json:"cookie,omitempty"`  // to be set; "" changes none
	Forget  bool   `json:"forget,omitempty"`  // the cookie is to be removed
	Ticket  string `json:"ticket,omitempty"`  // to be sent with what follows, within minutes
	Missing bool   `json:"missing,omitempty"` // a second factor is, before anybody is signed in
	User    string `json:"user,omitempty"`    // inert
	Role    Role   `json:"role,omitempty"`    // of a user whose link it is
	// ByCode says that a code may be the second factor.
	ByCode bool `json:"by_code,omitempty"`
	// Passkey are the options for the browser, JSON (WebAuthn level 3, sections 5.4 and
	// 5.5); "" offers none.
	Passkey string `json:"passkey,omitempty"`
	// Mistakes say what is wrong with the request, a sentence each; nothing has been
	// changed where there are any.
	Mistakes []Mistake   `json:"mistakes,omitempty"`
	Own      *OwnAccount `json:"own,omitempty"`
	Codes    *NewCodes   `json:"codes,omitempty"`
}

// Mistake is what is wrong with a field of a request.
type Mistake struct {
	Field string `json:"field"` // its name in JSON
	Text  string `json:"text"`
}

// OwnAccount is what users see of their own accounts.
type OwnAccount struct {
	User     string    `json:"user"` // inert
	Role     Role      `json:"role"`
	Made     time.Time `json:"made"`
	Password time.Time `json:"password"` // since when it has been the one in force
	Codes    time.Time `json:"codes"`    // since when they have been wanted; zero while they are not
	Passkeys []Passkey `json:"passkeys"`
	Sessions []Session `json:"sessions"` // this one first
	// Possible says that a passkey can be made here: browsers do it over https, for a
	// host that has a name.
	Possible bool `json:"possible"`
}

// Passkey is one that a user can log in with.
type Passkey struct {
	ID   string    `json:"id"`
	Name string    `json:"name"` // inert; as the user has called it
	Host string    `json:"host"` // inert; the name of the site that it is for
	Made time.Time `json:"made"`
	Used time.Time `json:"used,omitzero"`
}

// Session is one that a user has begun by logging in.
type Session struct {
	ID      string    `json:"id"` // is not what is in the cookie
	This    bool      `json:"this,omitempty"`
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"`
	Address string    `json:"address"` // inert
	Agent   string    `json:"agent"`   // inert; what the browser calls itself
}

// NewCodes are what a user's own device is to make codes from.
type NewCodes struct {
	Secret  string `json:"secret"`  // base32
	Address string `json:"address"` // otpauth://
	// Picture is a QR code of the address: the path of its dark modules, in SVG, of which
	// one is one unit wide; Size is the width of the whole, with the quiet zone.
	Picture string `json:"picture"`
	Size    int    `json:"size"`
}

// LogInUser is a user of wCME's own log-in, as administrators list them.
type LogInUser struct {
	User     string    `json:"user"`
	Role     Role      `json:"role"`
	Made     time.Time `json:"made"`
	Password bool      `json:"password"` // there is one
	Codes    bool      `json:"codes"`
	Passkeys int       `json:"passkeys"`
	// Link is until when a one-time link can be taken; zero where there is none.
	Link time.Time `json:"link,omitzero"`
}
