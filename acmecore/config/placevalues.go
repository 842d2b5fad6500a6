package config

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Port is where visitors come.
type Port struct {
	Number   int
	Protocol string // "smtp", "imap" or "pop3", whose STARTTLS comes first; "" for TLS at once
}

// UnmarshalText takes NUMBER and NUMBER/PROTOCOL.
func (p *Port) UnmarshalText(text []byte) error {
	port, ok := parsePort(string(text))
	if !ok {
		return refusal("port", string(text), `is none, such as "443", "25/smtp", "143/imap" or "110/pop3"`)
	}
	*p = port
	return nil
}

func parsePort(text string) (port Port, ok bool) {
	number, protocol, named := strings.Cut(text, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n == 0 || named && !slices.Contains([]string{"smtp", "imap", "pop3"}, protocol) {
		return Port{}, false
	}
	return Port{int(n), protocol}, true
}

// MarshalText is its reverse.
func (p Port) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String reads as UnmarshalText takes it.
func (p Port) String() string {
	if p.Protocol == "" {
		return strconv.Itoa(p.Number)
	}
	return strconv.Itoa(p.Number) + "/" + p.Protocol
}

// Address is an IP address that visitors come to.
type Address struct {
	IP   netip.Addr
	Port Port // zero where it has none of its own
}

// UnmarshalText takes 192.0.2.1, 2001:db8::1 and [2001:db8::1], and after the first
// and the last of them :PORT as a Port takes it.
func (a *Address) UnmarshalText(text []byte) error {
	address, ok := parseAddress(string(text))
	if !ok {
		return refusal("address", string(text), "is no IP address with or without a port, such as 192.0.2.1 or [2001:db8::1]:8443")
	}
	*a = address
	return nil
}

func parseAddress(text string) (address Address, ok bool) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return Address{IP: ip.Unmap()}, isServer(ip)
	}
	host, port := strings.TrimSuffix(text, "]"), ""
	if host != text {
		host = strings.TrimPrefix(host, "[")
	} else {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return Address{}, false
		}
		if address.Port, ok = parsePort(port); !ok {
			return Address{}, false
		}
	}
	ip, err := netip.ParseAddr(host)
	address.IP = ip.Unmap()
	return address, err == nil && isServer(ip) && ip.Is6() == strings.HasPrefix(text, "[")
}

// isServer tells whether one may listen at the address.
func isServer(ip netip.Addr) bool {
	return ip.Zone() == "" && !ip.IsUnspecified() && !ip.IsMulticast()
}

// MarshalText is its reverse.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String reads as UnmarshalText takes it; of IPv6 always in brackets.
func (a Address) String() string {
	host := a.IP.String()
	if a.IP.Is6() {
		host = "[" + host + "]"
	}
	if a.Port.Number == 0 {
		return host
	}
	return host + ":" + a.Port.String()
}

// Server is HOST:PORT of a mail server, or none at all.
type Server struct{ text string }

// UnmarshalText takes a host name or an IP address with its port; nothing for none.
func (s *Server) UnmarshalText(text []byte) error {
	given := string(text)
	host, port, err := net.SplitHostPort(given)
	_, ok := parsePort(port)
	if given != "" && (err != nil || !ok || strings.Contains(port, "/") || !isHost(host)) {
		return refusal("server", given, "is not HOST:PORT, such as smtp.example.org:587")
	}
	s.text = given
	return nil
}

// MarshalText is its reverse.
func (s Server) MarshalText() ([]byte, error) { return []byte(s.text), nil }

// String returns HOST:PORT; "" for none.
func (s Server) String() string { return s.text }

// isLoopback tells whether the server is this host's own.
func (s Server) isLoopback() bool {
	host, _, _ := net.SplitHostPort(s.text)
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
