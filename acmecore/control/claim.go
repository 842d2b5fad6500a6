package control

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"wcme/acmecore"
)

type claimKey struct{}

// WithClaim returns a context whose requests a Client makes for whoever looks at a
// page. The command line needs none: there, the kernel says who asks.
func WithClaim(ctx context.Context, claim acmecore.Claim) context.Context {
	return context.WithValue(ctx, claimKey{}, claim)
}

// ClaimFrom returns the claim of WithClaim; found is false where there is none.
func ClaimFrom(ctx context.Context) (claim acmecore.Claim, found bool) {
	claim, found = ctx.Value(claimKey{}).(acmecore.Claim)
	return claim, found
}

// maxClaim bounds the header, in bytes.
const maxClaim = 12 << 10

// setClaim puts the claim of the context, where there is one, into the request.
func setClaim(r *http.Request) error {
	claim, found := ClaimFrom(r.Context())
	if !found {
		return nil
	}
	text, err := json.Marshal(claim)
	if err != nil {
		return err
	}
	r.Header.Set(headerClaim, base64.RawURLEncoding.EncodeToString(text))
	return nil
}

// readClaim is its reverse.
func readClaim(r *http.Request) (claim acmecore.Claim, found bool, err error) {
	values := r.Header.Values(headerClaim)
	if len(values) == 0 {
		return claim, false, nil
	}
	if len(values) > 1 || len(values[0]) > maxClaim {
		return claim, true, errors.New("it says too much of who asks")
	}
	text, err := base64.RawURLEncoding.DecodeString(values[0])
	if err == nil {
		err = json.Unmarshal(text, &claim)
	}
	return claim, true, err
}
