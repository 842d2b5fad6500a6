package dns

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// Algorithms lists those that messages can be signed by (RFC 8945 section 6), the usual
// one first.
func Algorithms() []string {
	return []string{"hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224"}
}

// Key is what updates are signed with. The zero value signs nothing.
type Key struct {
	Name      string // a name of the DNS
	Algorithm string // one of Algorithms
	Secret    string // base64
}

// String shows the name alone, also to %v.
func (k Key) String() string { return k.Name }

// GoString hides the secret from %#v.
func (k Key) GoString() string { return fmt.Sprintf("dns.Key(%q)", k.Name) }

// Check returns an error of kind Invalid where nothing can be signed with the key. It
// does not repeat the secret.
func (k Key) Check() error {
	secret, err := base64.StdEncoding.DecodeString(k.Secret)
	switch _, isName := dns.IsDomainName(k.Name); {
	case k.Name == "" || !isName || strings.Trim(k.Name, nameCharacters) != "":
		return badKey(k.Name, errors.New("is no name of a key: letters, digits, \"-\", \"_\" and dots"))
	case !slices.Contains(Algorithms(), k.Algorithm):
		return badKey(k.Name, fmt.Errorf("the algorithm %q is none of %s", acmecore.Inert(k.Algorithm), strings.Join(Algorithms(), ", ")))
	case err != nil:
		return badKey(k.Name, errors.New("the secret is not base64"))
	case len(secret) == 0:
		return badKey(k.Name, errors.New("the secret is empty"))
	}
	return nil
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

func badKey(name string, cause error) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "TSIG key", Subject: fmt.Sprintf("%q", acmecore.Inert(name)), Cause: cause,
		Hint: "make one by tsig-keygen(8), for the server and for here"}
}

// keyStatement is one of named.conf, as tsig-keygen writes it: the name, and the clauses.
var keyStatement = regexp.MustCompile(`^key\s+"?([^"\s{};]+)"?\s*\{([^{}]*)\}\s*;?$`)

// ParseKey reads a secret, base64, or a `key` statement of named.conf, which has the
// name and the algorithm too; these are "" where the text does not say them. The error,
// of kind Invalid, does not repeat the text.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "key") || !strings.Contains(text, "{") {
		return Key{Secret: strings.Join(strings.Fields(text), "")}, nil
	}
	statement := keyStatement.FindStringSubmatch(text)
	if statement == nil {
		return Key{}, badKey("", errors.New("the text is neither base64 nor one `key` statement"))
	}
	key := Key{Name: strings.TrimSuffix(statement[1], ".")}
	for clause := range strings.SplitSeq(statement[2], ";") {
		words := strings.Fields(clause)
		switch {
		case len(words) == 0:
		case len(words) == 2 && words[0] == "algorithm":
			key.Algorithm = strings.TrimSuffix(strings.ToLower(strings.Trim(words[1], `"`)), ".")
		case len(words) == 2 && words[0] == "secret":
			key.Secret = strings.Trim(words[1], `"`)
		default:
			return Key{}, badKey(key.Name, errors.New("a clause of its statement is neither algorithm nor secret"))
		}
	}
	return key, nil
}

// fudge is how far two clocks may be apart, in seconds (RFC 8945 section 10).
const fudge = 300

// sign signs a message at the time, unless the key is none.
func (k Key) sign(message *dns.Msg, now time.Time) *dns.Msg {
	if k.Name == "" {
		return message
	}
	return message.SetTsig(dns.CanonicalName(k.Name), dns.Fqdn(k.Algorithm), fudge, now.Unix())
}

// secrets are what the library wants; nil where the key is none.
func (k Key) secrets() map[string]string {
	if k.Name == "" {
		return nil
	}
	return map[string]string{dns.CanonicalName(k.Name): k.Secret}
}

// errUnsigned says that an answer may be anybody's.
var errUnsigned = errors.New("the answer is not signed with the key")

// tsigError is a server's refusal of a signature (RFC 8945 section 5.2).
type tsigError struct {
	code int
	off  time.Duration // by which its clock is ahead of ours, of BADTIME
}

func (e *tsigError) Error() string {
	switch e.code {
	case dns.RcodeBadKey:
		return "it does not know the TSIG key (BADKEY)"
	case dns.RcodeBadSig:
		return "it has another secret, or another algorithm, for the TSIG key (BADSIG)"
	case dns.RcodeBadTime:
		return fmt.Sprintf("its clock is %v off ours, where %v are allowed (BADTIME)", e.off, fudge*time.Second)
	}
	return "it refuses the signature: " + codeText(e.code)
}

// checkSigned looks at the signature of an answer, and at what the library thinks of it. A
// refusal need not be signed: whoever does not know the key cannot.
func checkSigned(answer *dns.Msg, found error) error {
	tsig := answer.IsTsig()
	switch {
	case tsig != nil && tsig.Error != 0:
		return &tsigError{code: int(tsig.Error), off: clockOff(tsig)}
	case errors.Is(found, dns.ErrAuth): // what the library says of every NOTAUTH, without a look at its signature
		return nil
	case errors.Is(found, dns.ErrSig), errors.Is(found, dns.ErrTime), errors.Is(found, dns.ErrSecret), errors.Is(found, dns.ErrKeyAlg):
		return errUnsigned
	case found != nil:
		return found
	case tsig == nil && answer.Rcode == dns.RcodeSuccess:
		return errUnsigned
	}
	return nil
}

// clockOff reads the server's time out of a BADTIME (RFC 8945 section 5.2.3).
func clockOff(tsig *dns.TSIG) time.Duration {
	data, err := hex.DecodeString(tsig.OtherData)
	if err != nil || len(data) != 6 {
		return 0
	}
	theirs := binary.BigEndian.Uint64(append([]byte{0, 0}, data...))
	return time.Duration(int64(theirs)-int64(tsig.TimeSigned)) * time.Second
}
