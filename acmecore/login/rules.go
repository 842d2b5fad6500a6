package login

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The length of a password: the least in characters, the most in bytes.
const (
	minPassword = 12
	maxPassword = 1024
)

// fault says what is wrong with a new password of the user, a sentence; "" when nothing
// is. It asks for length, and not for kinds of characters (NIST SP 800-63B section
// 5.1.1.2).
func fault(password, user string) string {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Sprintf("The password is too short: it needs %d characters or more.", minPassword)
	case len(password) > maxPassword:
		return fmt.Sprintf("The password is too long: %d bytes are the most.", maxPassword)
	case !utf8.ValidString(password):
		return "The password has something in it that is no character."
	}
	plain := simplified(password)
	switch {
	case isPoor(plain):
		return "The password is one of those that are tried first."
	case isMade(plain, namesOf(user)):
		return "The password is hardly more than your name."
	case isMade(plain, commonWords()), isMade(plain, append(namesOf(user), commonWords()...)):
		return "The password is one of those that are tried first."
	}
	return ""
}

// namesOf are the parts of a user's name that somebody would try.
func namesOf(user string) (names []string) {
	local, _, _ := strings.Cut(user, "@")
	for _, name := range []string{user, local} {
		if len(simplified(name)) >= 3 {
			names = append(names, name)
		}
	}
	return names
}

// simplified is a password without what is put in to make a word look like more:
// capitals, digits for letters, signs around it.
func simplified(password string) string {
	digits := strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, digits.Replace(strings.ToLower(password)))
}

// isPoor tells whether a simplified password has few characters again and again, or
// those that follow each other.
func isPoor(plain string) bool {
	characters := slices.Compact(slices.Sorted(slices.Values([]rune(plain))))
	return len(characters) < 5 || isSequence(plain)
}

// isMade tells whether a simplified password is made of the words, and hardly anything
// else.
func isMade(plain string, words []string) bool {
	rest := plain
	for _, word := range words {
		rest = strings.ReplaceAll(rest, simplified(word), "")
	}
	return len(rest) < minPassword/2 && len(rest) < len(plain)
}

// isSequence tells whether the characters follow each other on a keyboard or in the
// alphabet, from wherever they begin, in one direction or the other.
func isSequence(plain string) bool {
	for _, row := range []string{"abcdefghijklmnopqrstuvwxyz", "1234567890", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "qazwsxedcrfvtgbyhnujmikolp"} {
		row = simplified(row)
		forth := row + row
		back := []rune(forth)
		slices.Reverse(back)
		if strings.Contains(forth, plain) || strings.Contains(string(back), plain) {
			return true
		}
	}
	return false
}

// commonWords are what the passwords that are tried first are made of, the longer ones
// first.
func commonWords() []string {
	return []string{
		"administrator", "letsencrypt", "certificate", "trustnoone", "liverpool", "qwertyuiop", "superman", "sunshine", "football", "baseball",
		"princess", "password", "passwort", "passw", "starwars", "computer", "internet", "whatever", "changeme", "changeit", "iloveyou", "welcome", "charlie",
		"default", "dragon", "monkey", "shadow", "master", "michael", "jordan", "secret", "server", "system", "letmein", "login", "hello", "access",
		"batman", "qwerty", "qwertz", "azerty", "asdfgh", "yxcvbn", "zxcvbn", "qazwsx", "summer", "winter", "spring", "autumn", "admin", "abc", "root",
		"test", "user", "wcme", "pass", "love", "123456", "654321", "2580", "1234", "123", "2023", "2024", "2025", "2026", "2027",
	}
}
