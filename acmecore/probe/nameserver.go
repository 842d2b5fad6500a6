package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// The limits of a question to a name server.
const (
	dnsPatience = 5 * time.Second // for an answer
	maxDNS      = 64 << 10        // bytes of an answer
)

// NameServer asks one name server, HOST:PORT, that resolves names for its clients,
// and nothing else: net.Resolver, told to dial another one, would still look into
// /etc/hosts first.
func NameServer(server string) Lookup {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		name, err := dnsmessage.NewName(host + ".")
		if err != nil {
			return nil, &net.DNSError{Err: err.Error(), Name: host, Server: server}
		}
		var found []netip.Addr
		var problem *net.DNSError
		for _, kind := range []dnsmessage.Type{dnsmessage.TypeAAAA, dnsmessage.TypeA} {
			question := dnsmessage.Question{Name: name, Type: kind, Class: dnsmessage.ClassINET}
			addresses, err := ask(ctx, server, question)
			if err != nil && (problem == nil || problem.IsNotFound) {
				problem = dnsError(err, host, server)
			}
			found = append(found, addresses...)
		}
		if len(found) == 0 && problem != nil {
			return nil, problem
		}
		return inOrder(found), nil
	}
}

// errNoName is the answer that there is no such name.
var errNoName = errors.New("no such host")

func dnsError(err error, host, server string) *net.DNSError {
	var timeout net.Error
	return &net.DNSError{Err: err.Error(), Name: host, Server: server,
		IsNotFound: errors.Is(err, errNoName), IsTimeout: errors.As(err, &timeout) && timeout.Timeout()}
}

// ask sends one question: twice by UDP, which may lose it, then by TCP, also where
// the answer is too long for UDP.
func ask(ctx context.Context, server string, question dnsmessage.Question) (found []netip.Addr, err error) {
	query := dnsmessage.Message{Header: dnsmessage.Header{ID: uint16(rand.Uint32()), RecursionDesired: true},
		Questions: []dnsmessage.Question{question}}
	packed, err := query.Pack()
	if err != nil {
		return nil, err
	}
	for _, network := range []string{"udp", "udp", "tcp"} {
		var cut bool
		found, cut, err = exchange(ctx, network, server, packed, query)
		if err == nil && !cut || errors.Is(err, errNoName) || ctx.Err() != nil {
			return found, err
		}
	}
	return found, err
}

// exchange reads until the answer comes that belongs to the query.
func exchange(ctx context.Context, network, server string, packed []byte, query dnsmessage.Message) (found []netip.Addr, cut bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, server)
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })() // wakes whoever reads
	if network == "tcp" {
		packed = append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
	}
	if _, err := conn.Write(packed); err != nil {
		return nil, false, err
	}
	for {
		answer, err := readMessage(conn, network)
		if err != nil {
			return nil, false, err
		}
		var parser dnsmessage.Parser
		header, err := parser.Start(answer)
		if err != nil || !belongs(&parser, header, query) {
			continue
		}
		found, err := addresses(&parser, header)
		return found, header.Truncated, err
	}
}

func readMessage(conn net.Conn, network string) ([]byte, error) {
	buffer := make([]byte, maxDNS)
	if network != "tcp" {
		n, err := conn.Read(buffer)
		return buffer[:n], err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	buffer = buffer[:binary.BigEndian.Uint16(length[:])]
	_, err := io.ReadFull(conn, buffer)
	return buffer, err
}

// belongs tells whether a message is the answer to the query.
func belongs(parser *dnsmessage.Parser, header dnsmessage.Header, query dnsmessage.Message) bool {
	questions, err := parser.AllQuestions()
	return err == nil && header.Response && header.ID == query.ID && len(questions) == 1 &&
		strings.EqualFold(questions[0].Name.String(), query.Questions[0].Name.String()) && questions[0].Type == query.Questions[0].Type
}

// addresses reads those of an answer; at the end of a chain of CNAMEs, which the
// name server has followed, they stand too.
func addresses(parser *dnsmessage.Parser, header dnsmessage.Header) (found []netip.Addr, err error) {
	switch header.RCode {
	case dnsmessage.RCodeSuccess:
	case dnsmessage.RCodeNameError:
		return nil, errNoName
	default:
		return nil, errors.New(codeName(header.RCode))
	}
	for {
		resource, err := parser.Answer()
		if errors.Is(err, dnsmessage.ErrSectionDone) || err != nil && header.Truncated {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		switch body := resource.Body.(type) {
		case *dnsmessage.AResource:
			found = append(found, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			found = append(found, netip.AddrFrom16(body.AAAA))
		}
	}
}

// codeName is what administrators call a response code (RFC 1035 section 4.1.1).
func codeName(code dnsmessage.RCode) string {
	switch code {
	case dnsmessage.RCodeFormatError:
		return "FORMERR"
	case dnsmessage.RCodeServerFailure:
		return "SERVFAIL"
	case dnsmessage.RCodeNotImplemented:
		return "NOTIMP"
	case dnsmessage.RCodeRefused:
		return "REFUSED"
	}
	return code.String()
}
