package fastcgi

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"wcme/cgi/meta"
)

var (
	errPairs = errors.New("the parameters are not name-value pairs")
	errName  = errors.New("a parameter's name is not one")
	errMany  = errors.New("there are too many parameters")
)

// decodeParams adds the name-value pairs of section 3.4 to the variables. Of two
// with the same name the last counts: that is how web servers' configurations
// override one.
func decodeParams(stream string, variables meta.Variables) error {
	for count := 0; stream != ""; count++ {
		if count == maxPairs {
			return errMany
		}
		name, value, rest, err := cutPair(stream)
		if err != nil {
			return err
		}
		if !isVariable(name) {
			return errName
		}
		variables[name] = value
		stream = rest
	}
	return nil
}

func cutPair(stream string) (name, value, rest string, err error) {
	nameLength, rest, err := cutLength(stream)
	if err != nil {
		return "", "", "", err
	}
	valueLength, rest, err := cutLength(rest)
	if err != nil {
		return "", "", "", err
	}
	if uint64(nameLength)+uint64(valueLength) > uint64(len(rest)) {
		return "", "", "", errPairs
	}
	return rest[:nameLength], rest[nameLength:][:valueLength], rest[nameLength+valueLength:], nil
}

// cutLength reads one byte below 128, or four with the highest bit set.
func cutLength(stream string) (length uint32, rest string, err error) {
	switch {
	case stream == "":
		return 0, "", errPairs
	case stream[0] < 0x80:
		return uint32(stream[0]), stream[1:], nil
	case len(stream) < 4:
		return 0, "", errPairs
	}
	return binary.BigEndian.Uint32([]byte(stream[:4])) &^ (1 << 31), stream[4:], nil
}

// isVariable tells whether an environment could have a variable of this name.
func isVariable(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c == '=' || c == 0x7f
	})
}

// appendValues appends the answer to FCGI_GET_VALUES, section 4.1: those of the
// values asked for that there are, each once.
func appendValues(to []byte, asked string) []byte {
	known := map[string]int{"FCGI_MAX_CONNS": maxConnections, "FCGI_MAX_REQS": maxConnections + maxFurther, "FCGI_MPXS_CONNS": 1}
	for asked != "" {
		name, _, rest, err := cutPair(asked)
		if err != nil {
			break
		}
		if value, found := known[name]; found {
			to = appendPair(to, name, strconv.Itoa(value))
			delete(known, name)
		}
		asked = rest
	}
	return to
}
