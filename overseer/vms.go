package main

import "strings"

// translate turns the spelling of the OpenVMS original into ours:
// "/certify=www.example.org,two.example.org" into "certify
// www.example.org,two.example.org", "/check=ca" into "check ca", "/list" into
// "list". Case does not matter there. Only the first argument is looked at.
func translate(args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "/") {
		return args
	}
	verb, value, given := strings.Cut(args[0][1:], "=")
	translated := []string{strings.ToLower(verb)}
	if translated[0] == "check" {
		value = strings.ToLower(value)
	}
	if given {
		translated = append(translated, value)
	}
	return append(translated, args[1:]...)
}
