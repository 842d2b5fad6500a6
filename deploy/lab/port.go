package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports to choose from lie below those that systems give to outgoing
// connections (32768 and up on Linux, 49152 and up elsewhere), so that only
// another server can take one between the look and the use.
const (
	lowestPort  = 20000
	highestPort = 31999
)

// FreePort returns a loopback port that nobody listens on, neither for TCP nor
// for UDP. Somebody may take it before it is used: see retry.
func FreePort() (int, error) {
	var err error
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		if err = probe(Loopback(port)); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}

// FreePorts returns n different free ports.
func FreePorts(n int) ([]int, error) {
	seen := make(map[int]bool)
	ports := make([]int, 0, n)
	for len(ports) < n {
		port, err := FreePort()
		if err != nil {
			return nil, err
		}
		if !seen[port] {
			seen[port] = true
			ports = append(ports, port)
		}
	}
	return ports, nil
}

// Loopback is the address of a port on this machine.
func Loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func probe(address string) error {
	stream, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer stream.Close()
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	return packets.Close()
}

// retry calls start again, with other ports, while its error is errPortTaken.
func retry[T any](start func() (T, error)) (started T, err error) {
	for range 5 {
		if started, err = start(); !errors.Is(err, errPortTaken) {
			return started, err
		}
	}
	return started, err
}
