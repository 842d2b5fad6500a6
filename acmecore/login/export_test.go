package login

// SetKey has hashes of passwords computed by another function.
func (d *Desk) SetKey(key func(password, salt []byte, cost Cost) []byte) { d.passwords.key = key }

// Argon2id is the one that computes them.
var Argon2id = argon2id

// Fault says what is wrong with a new password.
var Fault = fault

// DecodeHash reads a hash.
func DecodeHash(text string) error {
	_, _, _, err := decodeHash(text)
	return err
}
