package access

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/gorilla/securecookie"

	"wcme/acmecore"
)

// formLife is how long a form can be sent: as long as a session can last.
const formLife = 12 * time.Hour

// forms issues the tokens that a form carries, so that none can be sent but one that
// this overseer has shown to the same user. The key is this process's own: a form that
// was shown before a restart is refused, and shown again.
type forms struct{ codec *securecookie.SecureCookie }

func newForms() forms {
	codec := securecookie.New(securecookie.GenerateRandomKey(32), securecookie.GenerateRandomKey(32)) // sealed: it names the session
	codec.SetSerializer(securecookie.JSONEncoder{})
	codec.MaxAge(int(formLife.Seconds()))
	return forms{codec}
}

// owner is whom a form was shown to.
type owner struct{ User, Session string }

// form is what a token says.
type form struct {
	Owner  owner
	Number string
}

// tokenName is what the tokens are made for, as against others of the same key.
const tokenName = "form"

// issue returns a new token; "" when it cannot be made, which no check lets pass.
func (f forms) issue(to owner) string {
	token, err := f.codec.Encode(tokenName, form{Owner: to, Number: rand.Text()})
	if err != nil {
		return ""
	}
	return token
}

// check returns the number of the form, which no other one has.
func (f forms) check(token string, from owner) (number string, err error) {
	var sent form
	if err := f.codec.Decode(tokenName, token, &sent); err != nil {
		return "", stale(errors.New("the form is not one that was shown here in the last hours"))
	}
	same := subtle.ConstantTimeCompare([]byte(sent.Owner.User+"\x00"+sent.Owner.Session), []byte(from.User+"\x00"+from.Session))
	if same != 1 {
		return "", stale(errors.New("the form was shown to somebody else"))
	}
	return sent.Number, nil
}

// stale is the error for a form that cannot be sent any more.
func stale(cause error) error {
	return &acmecore.Error{Kind: acmecore.Stale, Op: "take the form", Cause: cause, Hint: "look at it once more, and send it again"}
}
