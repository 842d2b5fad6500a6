package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// The ports to choose from lie below those that systems give to outgoing
// connections (32768 and up on Linux, 49152 and up elsewhere), so that only
// another server can take one between the look and the use. They come in blocks, of
// which each process has one to itself: `go test` runs several.
const (
	lowestPort = 20000
	blockSize  = 250
	blocks     = 48
)

// block is the process's own: its first port is listened on, and tells others that it is
// taken.
var block = sync.OnceValues(func() (first int, err error) {
	offset := rand.IntN(blocks)
	for i := range blocks {
		first = lowestPort + (offset+i)%blocks*blockSize
		var guard net.Listener
		if guard, err = net.Listen("tcp", Loopback(first)); err == nil {
			guards = append(guards, guard)
			return first, nil
		}
	}
	return 0, fmt.Errorf("find a block of free ports: %w", err)
})

// guards are held to the end of the process.
var guards []net.Listener

// chosen counts the ports that the process has chosen.
var chosen atomic.Uint32

// FreePort returns a loopback port that nobody listens on, neither for TCP nor
// for UDP, and that was not returned for a long time. Somebody may take it before it is
// used: see retry.
func FreePort() (int, error) {
	first, err := block()
	for i := 0; i < blockSize && first > 0; i++ {
		port := first + 1 + int(chosen.Add(1))%(blockSize-1)
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
