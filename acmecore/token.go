package acmecore

import "fmt"

// Token is the token of a challenge: 22 to 128 characters of the base64url
// alphabet (RFC 8555 section 8.1 asks for at least 128 bits of entropy). It is
// the only text from outside that ever becomes a file name.
type Token string

const (
	minToken = 22
	maxToken = 128
)

// ParseToken returns text as a Token, or an error of kind Invalid that quotes
// at most the length of what was given.
func ParseToken(text string) (Token, error) {
	if len(text) < minToken || len(text) > maxToken {
		return "", &Error{Kind: Invalid, Op: "parse token",
			Cause: fmt.Errorf("%d characters, where %d to %d are allowed", len(text), minToken, maxToken)}
	}
	for i := 0; i < len(text); i++ {
		if !isBase64URL(text[i]) {
			return "", &Error{Kind: Invalid, Op: "parse token",
				Cause: fmt.Errorf("character %q at position %d", text[i], i+1)}
		}
	}
	return Token(text), nil
}

func isBase64URL(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
