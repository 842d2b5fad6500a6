package login

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"wcme/acmecore"
)

// keyLife is how long cookies are made with a key. They are good as long as their
// sessions can last, whatever key comes after it.
const keyLife = 7 * 24 * time.Hour

// keys are those of the cookies: the first one makes them, both read them.
type keys struct {
	Keys []key `json:"keys"`
}

type key struct {
	Made  time.Time `json:"made"`
	Hash  []byte    `json:"hash"`
	Block []byte    `json:"block"`
}

// cookies makes and reads the values of cookies. The random number in them would do
// alone; that it is signed keeps made-up ones from being looked for.
type cookies struct {
	files  Files
	now    func() time.Time
	log    *slog.Logger
	keys   keys
	codecs []securecookie.Codec
}

// readCookies reads the keys. Without those that were there, everybody has to log in
// again.
func readCookies(files Files, now func() time.Time, log *slog.Logger) *cookies {
	c := &cookies{files: files, now: now, log: log}
	found, err := read[keys](files, keysFile)
	if err != nil {
		log.Error("keys of cookies not read: everybody has to log in again", "error", err, "hint", acmecore.HintOf(err))
	}
	for _, key := range found.Keys {
		if len(key.Hash) == 32 && len(key.Block) == 32 {
			c.keys.Keys = append(c.keys.Keys, key)
		}
	}
	c.codecs = codecsOf(c.keys)
	return c
}

// rotate makes a new key where there is none or it is old, and forgets the one before
// when no session can have begun with it.
func (c *cookies) rotate() {
	now := c.now()
	fresh := c.keys.Keys
	if len(fresh) == 0 || now.Sub(fresh[0].Made) >= keyLife || now.Before(fresh[0].Made) {
		made := key{Made: now.UTC(), Hash: random(32), Block: random(32)}
		fresh = append([]key{made}, fresh...)
	}
	if len(fresh) > 2 {
		fresh = fresh[:2]
	}
	if len(fresh) == 2 && now.Sub(fresh[0].Made) > LongestTime {
		fresh = fresh[:1]
	}
	if len(fresh) == len(c.keys.Keys) && fresh[0].Made.Equal(c.keys.Keys[0].Made) {
		return
	}
	c.keys = keys{fresh}
	c.codecs = codecsOf(c.keys)
	if err := write(c.files, keysFile, c.keys); err != nil {
		c.log.Error("keys of cookies not kept: everybody has to log in again after a restart", "error", err)
	}
}

func codecsOf(k keys) (codecs []securecookie.Codec) {
	for _, key := range k.Keys {
		codec := securecookie.New(key.Hash, key.Block)
		codec.SetSerializer(securecookie.JSONEncoder{})
		codec.MaxAge(0) // the session knows how old it is, by the overseer's clock
		codec.MaxLength(512)
		codecs = append(codecs, codec)
	}
	return codecs
}

// cookieFor is what cookies are made for, as against tickets.
const cookieFor = "session"

// newNumber is what stands for a session: 130 random bits.
func newNumber() string { return rand.Text() }

func (c *cookies) write(number string) (string, error) {
	return securecookie.EncodeMulti(cookieFor, number, c.codecs...)
}

// read returns the number in a cookie; good is false for one that is none of ours. A
// cookie has one spelling.
func (c *cookies) read(cookie string) (number string, good bool) {
	if _, err := base64.URLEncoding.Strict().DecodeString(cookie); err != nil || strings.ContainsAny(cookie, "\r\n") {
		return "", false
	}
	err := securecookie.DecodeMulti(cookieFor, cookie, &number, c.codecs...)
	return number, err == nil && number != ""
}
