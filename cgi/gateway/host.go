package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"wcme/cgi/meta"
)

// setHost takes the host that the visitor named, and where none was named the
// server's own name. A server's name that is none, like nginx's "_" or an empty
// one, leaves the host empty; a visitor's that is none is refused, because some
// servers pass "a?", "a#" or "a@b" on as it came.
func setHost(r *http.Request, v meta.Variables) *meta.Refusal {
	if named := v["HTTP_HOST"]; named != "" {
		if !isHost(named) {
			return bad("the host is not one", named)
		}
		r.Host = strings.TrimSuffix(named, ":") // an empty port is allowed, and means none
		return nil
	}
	if own := serverHost(v["SERVER_NAME"], v["SERVER_PORT"]); isHost(own) {
		r.Host = own
	}
	return nil
}

// serverHost puts name and port together; servers write an IPv6 address with
// brackets or without.
func serverHost(name, port string) string {
	if port == "" || port == "80" || port == "443" {
		if strings.Contains(name, ":") && name[0] != '[' {
			return "[" + name + "]"
		}
		return name
	}
	return net.JoinHostPort(strings.Trim(name, "[]"), port)
}

// isHost is the host of RFC 9110 section 7.2, without what no host of the web
// has: a registered name of letters, digits, hyphens and underscores in labels,
// or an address, and perhaps a port.
func isHost(text string) bool {
	if inner, found := strings.CutPrefix(text, "["); found {
		literal, rest, closed := strings.Cut(inner, "]")
		return closed && isIPv6(literal) && (rest == "" || rest[0] == ':' && isPortOrNone(rest[1:]))
	}
	name, port, _ := strings.Cut(text, ":")
	return isName(name) && isPortOrNone(port)
}

func isIPv6(literal string) bool {
	address, err := netip.ParseAddr(literal)
	return err == nil && address.Is6() && address.Zone() == ""
}

func isName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(label string) bool {
	for i := 0; i < len(label); i++ {
		if c := label[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isPortOrNone(port string) bool { return port == "" || isPort(port) }

func isPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}
