package install

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"wcme/acmecore"
)

// maxFileName is how long a file's name may be, in bytes: what file systems allow,
// less what its temporary file's is longer.
const maxFileName = 255 - len(".") - len(tempSuffix)

// patterns returns those of the target's files, the key's own last.
func (t Target) patterns() []string {
	file, key := t.File, t.KeyFile
	switch t.format() {
	case Combined:
		file = or(file, "fullchain_{name}.pem")
	case Split:
		file, key = or(file, "fullchain_{name}.pem"), or(key, "key_{name}.pem")
	case HAProxy:
		file = or(file, "{host}.pem")
	case PKCS12:
		file = or(file, "{name}.p12")
	case DER:
		file, key = or(file, "{name}.der"), or(key, "{name}.key")
	default:
		file = or(file, "{name}.pem")
	}
	if t.two() && !t.keyless {
		return []string{file, key}
	}
	return []string{file}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// files returns the names of the target's files for a certificate, the key's own
// last. The error is of kind Invalid.
func (t Target) files(id acmecore.ID, names []acmecore.Name) ([]string, error) {
	if _, err := acmecore.ParseID(string(id)); err != nil {
		return nil, err
	}
	host := ""
	if len(names) > 0 {
		host = strings.Replace(string(names[0]), "*.", "wildcard.", 1)
	}
	var files []string
	for _, pattern := range t.patterns() {
		file, err := t.expand(pattern, string(id), host)
		if err != nil {
			return nil, t.invalid(fmt.Errorf("file name %q for %s: %w", pattern, id, err), hintPattern)
		}
		files = append(files, file)
	}
	if len(files) == 2 && files[0] == files[1] {
		return nil, t.invalid(fmt.Errorf("certificate and key of %s would both be %q", id, files[0]),
			"give them different names with `file` and `key_file`")
	}
	return files, nil
}

const hintPattern = "give a plain file name; {name} in it stands for www_example_org, {host} for www.example.org, {NAME} and {HOST} for the same in capitals, {key} for ecdsa or rsa"

// expand fills a pattern in. What comes of it is a plain file name.
func (t Target) expand(pattern, id, host string) (string, error) {
	var name strings.Builder
	rest := pattern
	for {
		before, after, found := strings.Cut(rest, "{")
		name.WriteString(before)
		if !found {
			break
		}
		word, behind, closed := strings.Cut(after, "}")
		value, known := map[string]string{"name": id, "NAME": strings.ToUpper(id), "host": host, "HOST": strings.ToUpper(host),
			"key": t.algorithm}[word]
		if !closed || !known {
			return "", fmt.Errorf("there is no %q to put in", "{"+acmecore.Inert(word)+"}")
		}
		if value == "" {
			return "", fmt.Errorf("there is nothing for {%s}", word)
		}
		name.WriteString(value)
		rest = behind
	}
	return name.String(), plain(name.String())
}

// plain tells why a text is no plain name of a file.
func plain(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case len(name) > maxFileName:
		return fmt.Errorf("it has %d bytes, where %d are allowed", len(name), maxFileName)
	case name[0] == '.', name[0] == '-':
		return fmt.Errorf("it begins with %q", name[0])
	case !utf8.ValidString(name):
		return errors.New("it is not UTF-8")
	case strings.TrimSpace(name) != name:
		return errors.New("it has white space at an end")
	}
	for _, r := range name {
		if r == '/' || r == '\\' || !unicode.IsPrint(r) {
			return fmt.Errorf("it has the character %q", r)
		}
	}
	return nil
}
