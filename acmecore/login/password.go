package login

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is how much work a password is.
type Cost struct {
	Passes  uint32
	Memory  uint32 // KiB
	Threads uint8
}

// standard is the second recommended option of RFC 9106 section 4.
func standard() Cost { return Cost{Passes: 3, Memory: 64 << 10, Threads: 4} }

// maxHashes are computed at the same time: each takes the memory of its cost.
const maxHashes = 2

// The lengths of what a hash is made of, in bytes (RFC 9106 section 4).
const (
	saltLength = 16
	hashLength = 32
)

// passwords computes hashes of passwords.
type passwords struct {
	cost   Cost
	places chan struct{}
	nobody string // the hash of no password, for users who do not exist
	key    func(password, salt []byte, cost Cost) []byte
}

func newPasswords(cost Cost) *passwords {
	if cost == (Cost{}) {
		cost = standard()
	}
	p := &passwords{cost: cost, places: make(chan struct{}, maxHashes), key: argon2id}
	p.nobody = encodeHash(cost, random(saltLength), random(hashLength))
	return p
}

// hash returns what is kept of a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	salt := random(saltLength)
	key, err := p.compute(ctx, p.cost, password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(p.cost, salt, key), nil
}

// match tells whether the password is the one of the hash. It takes as much work for
// "", the hash of those who have none, as for any other.
func (p *passwords) match(ctx context.Context, password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.nobody
	}
	cost, salt, want, err := decodeHash(hash)
	if err != nil {
		return false, err
	}
	got, err := p.compute(ctx, cost, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

// compute waits for a place. What a person takes for the same password is the same, though
// one keyboard sends an accented letter whole and another one in parts (RFC 8265 section
// 4.2.2).
func (p *passwords) compute(ctx context.Context, cost Cost, password string, salt []byte) ([]byte, error) {
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return p.key(norm.NFC.Bytes([]byte(password)), salt, cost), nil
}

func argon2id(password, salt []byte, cost Cost) []byte {
	return argon2.IDKey(password, salt, cost.Passes, cost.Memory, cost.Threads, hashLength)
}

// encodeHash writes a hash in the form of the reference implementation of Argon2:
// $argon2id$v=19$m=65536,t=3,p=4$SALT$HASH.
func encodeHash(cost Cost, salt, hash []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.Memory, cost.Passes, cost.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash))
}

// errHash is told without the hash.
var errHash = errors.New("the hash of a password in the users of the log-in cannot be read")

// The limits of a cost: what is beyond them was written by nobody of ours, and would
// stop the overseer.
const (
	maxPasses = 16
	maxMemory = 1 << 20 // KiB
)

func decodeHash(text string) (cost Cost, salt, hash []byte, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.Memory, &cost.Passes, &cost.Threads); err != nil {
		return cost, nil, nil, errHash
	}
	if cost.Passes < 1 || cost.Passes > maxPasses || cost.Threads < 1 || cost.Memory < 8 || cost.Memory > maxMemory {
		return cost, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	hash, hashErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || hashErr != nil || len(salt) < 8 || len(hash) != hashLength {
		return cost, nil, nil, errHash
	}
	return cost, salt, hash, nil
}
